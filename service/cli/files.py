"""Files that appear whole or not at all."""

import os
import tempfile
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
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            mask = os.umask(0)  # it can only be read by setting it
            os.umask(mask)
            Path(beside).chmod(mode & ~mask)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink()
            raise
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}"
        raise ServiceError(msg) from error
