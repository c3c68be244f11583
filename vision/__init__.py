"""Decoding, shots, detector, appearance, camera motion, rink registration and score bug: all that needs pixels."""
