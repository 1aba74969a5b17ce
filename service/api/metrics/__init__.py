"""Metrics: counted by each process in shared memory, added up by whoever is asked."""
