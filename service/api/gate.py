"""Who may ask: keys, what they are for, and how often."""

from collections.abc import Mapping

from service.api.keys import Key, Keyring
from service.api.rates import ANYBODY, RateLimit
from service.errors import ForbiddenError, RateLimitedError, UnauthorizedError

ADMIN = ("/metrics", "/admin")
"""Paths, with what is below them, that tell of the service itself; all others are to predict."""


class Gate:
    """Lets requests in.

    Parameters
    ----------
    keyring : Keyring or None
        The keys; None lets everybody in.
    open_paths : str
        Paths that ask for no key, with what is below them, between spaces; the root stands
        for itself alone.
    rate_limit : RateLimit or None
        How often a key may ask; None leaves it free.
    """

    def __init__(
        self, keyring: Keyring | None, open_paths: str, rate_limit: RateLimit | None
    ) -> None:
        paths = open_paths.split()
        self.keyring = keyring
        self._open = frozenset(paths)
        self._below = tuple(path.rstrip("/") + "/" for path in paths if path != "/")
        self._rate_limit = rate_limit
        self.is_wide_open = keyring is None and rate_limit is None

    def replace_keys(self, keys: tuple[Key, ...]) -> None:
        """Let other keys in, which another process has read."""
        if self.keyring is not None:
            self.keyring.keys = keys

    def let_in(self, path: str, headers: Mapping[bytes, bytes]) -> str | None:
        """Check a request.

        Parameters
        ----------
        path : str
            What it asks for.
        headers : mapping of bytes to bytes
            Its headers.

        Returns
        -------
        str or None
            The name of its key; None where none is asked for.

        Raises
        ------
        UnauthorizedError
            If it brings no key, or one that is not known.
        ForbiddenError
            If its key is for something else.
        RateLimitedError
            If its key has asked too often.
        """
        if path in self._open or path.startswith(self._below):
            return None
        key = None if self.keyring is None else _known(self.keyring, path, headers)
        if self._rate_limit is not None:
            tag = ANYBODY if key is None else int.from_bytes(key.digest[:8], "big") | 1
            wait_s = self._rate_limit.wait_s(tag)
            if wait_s > 0:
                raise RateLimitedError(wait_s)
        return None if key is None else key.name


def _known(keyring: Keyring, path: str, headers: Mapping[bytes, bytes]) -> Key:
    presented = headers.get(b"x-api-key")
    if presented is None:
        scheme, _, presented = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            msg = "expected a key in X-API-Key, or in Authorization after Bearer"
            raise UnauthorizedError(msg)
    key = keyring.find(presented.strip())
    if key is None:
        msg = "expected a key that is known here"
        raise UnauthorizedError(msg)
    scope = "admin" if path in ADMIN or path.startswith(_BELOW_ADMIN) else "predict"
    if scope not in key.scopes:
        msg = f"expected a key for {scope}"
        raise ForbiddenError(msg)
    return key


_BELOW_ADMIN = tuple(path + "/" for path in ADMIN)
