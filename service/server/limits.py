"""What clients may take their time for."""

from dataclasses import dataclass

LINGER_S = 2.0
"""How long a client that has been refused may go on sending before the connection is cut:
closed at once, with bytes unread, it would be reset and the answer lost."""
PACE = 256 * 2**10
"""Bytes of a body that give it one more second: a large one may take longer, a slow one not."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may take its time for, and how large the head of a request may be.

    Parameters
    ----------
    receipt_s : float
        Seconds for a request to come in.
    keep_alive_s : float
        Seconds for a connection to lie idle.
    header_bytes : int
        Bytes of request line and headers.
    stall_s : float
        Seconds for a client to leave an answer lying.
    """

    receipt_s: float
    keep_alive_s: float
    header_bytes: int
    stall_s: float = 30.0
