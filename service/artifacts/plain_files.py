"""Reading files of the store without trusting what kind of thing they are."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import ArtifactError, UnreadableError


def read_plain(root: Path, path: Path, max_bytes: int) -> bytes:
    """Read a plain file inside a folder, once.

    Links are followed as far as they stay inside; volumes of Kubernetes are made of such.

    Parameters
    ----------
    root : Path
        The folder.
    path : Path
        The file, inside it; named in errors from there on.
    max_bytes : int
        Largest size, in bytes.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    ArtifactError
        If it is a link out of the folder, a pipe or a device, or too large.
    UnreadableError
        If it is not there, or cannot be read now.
    """
    where = path.relative_to(root)
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            msg = f"{where}: expected a file inside the store, got a link out of it"
            raise ArtifactError(msg)
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > max_bytes:
                msg = f"{where}: expected a plain file of at most {max_bytes} bytes"
                raise ArtifactError(msg)
            return file.read(max_bytes)
    except (OSError, RuntimeError) as error:  # links in a circle are a RuntimeError until 3.13
        reason = getattr(error, "strerror", None) or "it cannot be read"
        msg = f"{where}: {reason}"
        raise UnreadableError(msg) from error
    except MemoryError as error:
        msg = f"{where}: not enough memory to read it"
        raise UnreadableError(msg) from error


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Let a folder that cannot be read now end in one line, without its path.

    Parameters
    ----------
    what : str
        What is read, named from the store on.

    Yields
    ------
    None
        While it is read.

    Raises
    ------
    UnreadableError
        If the block could not read.
    """
    try:
        yield
    except OSError as error:
        msg = f"{what} cannot be read: {error.strerror}"
        raise UnreadableError(msg) from error
    except MemoryError as error:
        msg = f"{what} cannot be read: not enough memory"
        raise UnreadableError(msg) from error
