"""Files that appear whole or not at all, and stay when the power goes."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import ArtifactError


@contextmanager
def writing_store() -> Iterator[None]:
    """Let a failure to write end in one line.

    Raises
    ------
    ArtifactError
        If the block could not write.
    """
    try:
        yield
    except OSError as error:
        msg = f"the store cannot be written: {error.strerror}: {error.filename}"
        raise ArtifactError(msg) from error


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file beside its place and rename it there.

    Parameters
    ----------
    path : Path
        Where it is to be; a file that is there is replaced, or left as it was.
    content : bytes
        All of it.
    mode : int
        Who may do what with it.
    """
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(descriptor)
    try:
        write_synced(Path(beside), content)
        Path(beside).chmod(mode)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink()
        raise
    sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk.

    Parameters
    ----------
    path : Path
        Where.
    content : bytes
        All of it.
    """
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Parameters
    ----------
    folder : Path
        The folder.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
