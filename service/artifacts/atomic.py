"""Files that appear whole or not at all, and stay when the power goes."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import ArtifactError

# What file systems of networks answer that know no locks, or none on folders.
_NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


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


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Keep other writers that lock a folder waiting, where its file system has locks.

    Parameters
    ----------
    folder : Path
        The folder.

    Yields
    ------
    None
        While the lock is held; it goes with this process, however that ends.

    Raises
    ------
    OSError
        If the folder cannot be opened or locked.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)


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
        with suppress(OSError):
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
