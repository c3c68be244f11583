"""The race: rink and event models, results from tracks and score bug, and the file formats."""
