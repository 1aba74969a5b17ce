"""When to ask again, and how long to wait before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from service.errors import ValueRefusedError

ASK_AGAIN = frozenset({429, 503})
"""What a service answers that has too much to do just now."""


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often to ask again.

    Predictions, cards and pictures change nothing, so that asking twice is asking once. Asked
    again is a service that could not be reached, that broke off, or that has too much to do;
    not one that took too long, which it would again.

    Parameters
    ----------
    attempts : int
        How often to ask at most, the first time included.
    first_wait_s : float
        Longest wait before the second attempt, in seconds; it doubles from one to the next.
    longest_wait_s : float
        Longest wait of all; a service that wants more is not asked again.

    Raises
    ------
    ValueRefusedError
        If a number is out of its bounds.

    References
    ----------
    .. [1] M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    attempts: int = 4
    first_wait_s: float = 0.2
    longest_wait_s: float = 20.0

    def __post_init__(self) -> None:
        if not (self.attempts >= 1 and 0 <= self.first_wait_s <= self.longest_wait_s):
            msg = "expected an attempt at least, and waits that do not shrink"
            raise ValueRefusedError(msg)

    def wait_s(self, attempt: int, retry_after_s: float | None, share: float) -> float | None:
        """Say how long to wait after an attempt that failed.

        Parameters
        ----------
        attempt : int
            Its number, from 1.
        retry_after_s : float or None
            What the service asked for.
        share : float
            A random number from 0 to 1, so that clients that failed together do not come back
            together.

        Returns
        -------
        float or None
            Seconds; None to give up.

        Examples
        --------
        >>> Retries(first_wait_s=1.0).wait_s(3, None, share=0.5)
        2.0
        >>> Retries(first_wait_s=1.0).wait_s(1, 5.0, share=0.5)
        5.5
        """
        if attempt >= self.attempts:
            return None
        spread: float = min(self.longest_wait_s, self.first_wait_s * 2 ** (attempt - 1)) * share
        if retry_after_s is None:
            return spread
        # Never earlier than it was asked for; later by little, for the same reason.
        wait = retry_after_s + min(spread, self.first_wait_s)
        return wait if retry_after_s <= self.longest_wait_s else None


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read when a service wants to be asked again.

    Parameters
    ----------
    headers : mapping of str to str
        Headers of the answer, names in lower case.
    now : datetime, optional
        The time.

    Returns
    -------
    float or None
        Seconds from now; None where it does not say, or nothing that can be read.

    Examples
    --------
    >>> retry_after_s({"retry-after": "3"})
    3.0
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # RFC 9110 knows GMT only
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
