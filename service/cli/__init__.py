"""The `softmax` command: one file for each of its commands."""

from service.cli.main import main

__all__ = ["main"]
