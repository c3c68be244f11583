"""Races with truth: kinematics, scenarios, 3-D rendering and broadcast direction."""
