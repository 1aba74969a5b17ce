"""Fitted pipelines of others to models of ours, and back."""
