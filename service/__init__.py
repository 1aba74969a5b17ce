"""Softmax regression from a table to a decision: train, publish, serve, explain, draw."""

__version__ = "0.1.0"
