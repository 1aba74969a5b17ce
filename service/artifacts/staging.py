"""What is on its way into the store: written beside its place, then renamed."""

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson

from service.artifacts.atomic import sync_folder, write_synced
from service.artifacts.reader import ACTIVE_FILE

NEW = ".new-"
PUBLISHED_FILE = "published.json"
ABANDONED_AFTER_S = 3600.0


def publication_note() -> bytes:
    """Give the contents of ``published.json``: the time, and nothing about the machine.

    Returns
    -------
    bytes
        A JSON object.
    """
    return orjson.dumps({"published_at": datetime.now(UTC).isoformat(timespec="seconds")})


def write_model(staged: Path, contents: Mapping[str, bytes]) -> None:
    """Write a whole model with one version, as it is to appear.

    Parameters
    ----------
    staged : Path
        An empty folder beside its place.
    contents : mapping of str to bytes
        The files of the version.
    """
    version = staged / "1"
    staged.chmod(0o755)
    version.mkdir(mode=0o755)
    for file, content in contents.items():
        write_synced(version / file, content)
    write_synced(staged / ACTIVE_FILE, b"1\n")
    sync_folder(version)
    sync_folder(staged)


def moved_into_place(staged: Path, folder: Path) -> bool:
    """Rename a model into its place, unless there is something already.

    Parameters
    ----------
    staged : Path
        Where it is.
    folder : Path
        Where it is to be.

    Returns
    -------
    bool
        Whether it is there now.

    Raises
    ------
    OSError
        If the store cannot be written.
    """
    try:
        staged.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        return False
    return True


def sweep(folder: Path) -> None:
    """Remove what writers left that were killed long ago.

    Parameters
    ----------
    folder : Path
        Where they wrote; it need not be there.
    """
    with suppress(OSError):
        for entry in folder.iterdir():
            age_s = time.time() - entry.stat().st_mtime
            if entry.name.startswith((NEW, f".{ACTIVE_FILE}-")) and age_s > ABANDONED_AFTER_S:
                if entry.is_dir():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()


def empty(folder: Path) -> None:
    """Delete the files in a folder, and not the folder.

    Parameters
    ----------
    folder : Path
        The folder.
    """
    for path in folder.iterdir():
        path.unlink()
