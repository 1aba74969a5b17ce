"""Who may write into a store: everybody is too many."""

import stat
from collections.abc import Iterator
from pathlib import Path

from service.artifacts.artifact import FILES
from service.artifacts.reader import ACTIVE_FILE, OPTIONAL_FILES, StoreReader


def writable_by_all(store: StoreReader) -> list[str]:
    """Find what anybody on this machine may write.

    Parameters
    ----------
    store : StoreReader
        Where the models are.

    Returns
    -------
    list of str
        Folders and files, named from the store on; the store itself is ``.``. What cannot be
        looked at is left out: loading tells of that.
    """
    return [str(path.relative_to(store.root)) for path in _places(store) if _may_all_write(path)]


def _places(store: StoreReader) -> Iterator[Path]:
    yield store.root
    for name in store.names():
        folder = store.root / name
        yield folder
        yield folder / ACTIVE_FILE
        for version in store.versions(name):
            yield folder / str(version)
            yield from (folder / str(version) / file for file in (*FILES, *OPTIONAL_FILES))


def _may_all_write(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False
