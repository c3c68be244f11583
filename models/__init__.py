"""Learned models: weights with a card each, training, evaluation and export."""
