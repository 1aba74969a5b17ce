"""Files that appear whole or not at all."""

import os
from pathlib import Path

from service.errors import ServiceError


def write_whole(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file beside its place and rename it there.

    Parameters
    ----------
    path : Path
        Where it is to be; a file that is there is replaced.
    content : bytes
        All of it.
    mode : int
        Who may do what with it, less what the umask takes away.

    Raises
    ------
    ServiceError
        If it cannot be written; what was there is still there then.
    """
    from service.artifacts.atomic import replace_file

    mask = os.umask(0)  # it can only be read by setting it
    os.umask(mask)
    try:
        replace_file(path, content, mode & ~mask)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}"
        raise ServiceError(msg) from error
