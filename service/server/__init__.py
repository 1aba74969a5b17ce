"""Processes, sockets and signals: start, watch the store, supervise, stop."""

from service.server.start import serve

__all__ = ["serve"]
