"""Keys of clients: read from a file that holds no secret, found again in constant time.

A line is ``name scopes digest``: a name for the log, ``predict``, ``admin`` or
``predict,admin``, and the SHA-256 of the key in hexadecimal. Keys are long and random, so
that a plain digest tells nothing about them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Literal

from service.errors import SettingsError, ValueRefusedError

SCOPES = ("predict", "admin")
"""What a key may be for: to ask models, or to look at the service itself."""
MAX_KEYS = 100
MAX_BYTES = 64 * 2**10

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LINE = re.compile(rf"({_NAME.pattern})\s+(\S+)\s+([0-9a-f]{{64}})")


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key.

    Parameters
    ----------
    name : str
        Who holds it; it stands in the log.
    scopes : frozenset of str
        What it may be used for.
    digest : bytes
        SHA-256 of the key.
    """

    name: str
    scopes: frozenset[str]
    digest: bytes

    def __post_init__(self) -> None:
        is_named = _NAME.fullmatch(self.name)
        if not is_named or not self.scopes or not self.scopes <= set(SCOPES):
            msg = "a key has a name, and scopes out of predict and admin"
            raise ValueRefusedError(msg)

    @property
    def line(self) -> str:
        """The line that stands for it in a file of keys."""
        scopes = ",".join(scope for scope in SCOPES if scope in self.scopes)
        return f"{self.name} {scopes} {self.digest.hex()}"


def parse_keys(text: str) -> tuple[Key, ...]:
    """Read the lines of a file of keys.

    Parameters
    ----------
    text : str
        The lines; empty ones and those that begin with ``#`` say nothing.

    Returns
    -------
    tuple of Key
        In their order.

    Raises
    ------
    SettingsError
        If a line does not fit; the text gives its number and never its content.
    """
    lines = enumerate(text.splitlines(), 1)
    return tuple(
        _parse_line(line, number)
        for number, line in lines
        if line.strip() and not line.startswith("#")
    )


def _parse_line(line: str, number: int) -> Key:
    match = _LINE.fullmatch(line.strip())
    if match is None or not set(match[2].split(",")) <= set(SCOPES):
        msg = f"keys: line {number}: expected a name, scopes and a SHA-256 in hexadecimal"
        raise SettingsError(msg)
    return Key(name=match[1], scopes=frozenset(match[2].split(",")), digest=bytes.fromhex(match[3]))


class Keyring:
    """The keys that are let in now; `look_again` takes up what has changed.

    Parameters
    ----------
    path : Path
        A file, or a folder of files such as a secret that is mounted; there must be at least
        one key, and no two with one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _texts(path)
        self.keys = _checked(self._seen)
        self.fault: str | None = None
        """Why the files that are there now were refused, while the keys before them hold."""

    def find(self, presented: bytes) -> Key | None:
        """Find a key by what a client presents.

        Parameters
        ----------
        presented : bytes
            The key itself.

        Returns
        -------
        Key or None
            What is known of it. All keys are compared, whichever fits.
        """
        digest = sha256(presented).digest()
        found = None
        for key in self.keys:
            if compare_digest(key.digest, digest):
                found = key
        return found

    def look_again(self) -> Literal["same", "changed", "refused"]:
        """Take up new keys; files that do not fit leave those that hold.

        Returns
        -------
        {"same", "changed", "refused"}
            What became of it; what was refused once and is still there is the same.
        """
        try:
            texts = _texts(self._path)
            if texts == self._seen:
                return "same"
            self.keys = _checked(texts)
        except SettingsError as error:
            fault, self.fault = self.fault, str(error)
            return "same" if self.fault == fault else "refused"
        self._seen = texts
        self.fault = None
        return "changed"


def _texts(path: Path) -> tuple[str, ...]:
    """Give the contents of a file, or of those in a folder; a mount hides its own with a dot."""
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files = [file for file in inside if file.is_file() and not file.name.startswith(".")]
        contents = []
        for file in files if path.is_dir() else [path]:
            with file.open("rb") as opened:
                contents.append(opened.read(MAX_BYTES + 1))
        if sum(map(len, contents)) > MAX_BYTES:
            msg = f"keys in {path}: expected at most {MAX_BYTES} bytes"
            raise SettingsError(msg)
        return tuple(content.decode() for content in contents)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "expected text in UTF-8"
        msg = f"keys in {path} cannot be read: {reason}"
        raise SettingsError(msg) from None


def _checked(texts: Iterable[str]) -> tuple[Key, ...]:
    keys = tuple(key for text in texts for key in parse_keys(text))
    if not 0 < len(keys) <= MAX_KEYS:
        msg = f"keys: expected 1 to {MAX_KEYS}, got {len(keys)}"
        raise SettingsError(msg)
    for values in ([key.name for key in keys], [key.digest for key in keys]):
        if len(set(values)) < len(values):
            msg = "keys: expected each name and each digest once"
            raise SettingsError(msg)
    return keys
