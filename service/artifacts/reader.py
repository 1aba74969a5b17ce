"""What a store holds: ``<root>/<name>/<version>/`` folders, read and never trusted."""

import re
from dataclasses import dataclass
from pathlib import Path

from service.artifacts.artifact import FILES
from service.artifacts.plain_files import read_plain, reading
from service.artifacts.signing import SIGNATURE_FILE
from service.errors import ArtifactError, UnknownModelError

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
VERSION = re.compile(r"[1-9][0-9]{0,8}")
OPTIONAL_FILES = (SIGNATURE_FILE,)
ACTIVE_FILE = "ACTIVE"
MAX_ACTIVE_BYTES = 32
MAX_FILE_BYTES = 256 * 2**20


@dataclass(frozen=True, kw_only=True)
class StoreReader:
    """A folder of models, to look at.

    Parameters
    ----------
    root : Path
        The folder; one that does not exist holds no models.
    """

    root: Path

    def names(self) -> list[str]:
        """Give the names of the models, sorted.

        A folder is a model once it holds a version or the file ``ACTIVE``.

        Returns
        -------
        list of str
            The names.

        Raises
        ------
        UnreadableError
            If the store cannot be read now.
        """
        with reading("the store"):
            if not self.root.is_dir():
                return []
            return sorted(
                entry.name
                for entry in self.root.iterdir()
                if NAME.fullmatch(entry.name) and entry.is_dir() and _is_model(entry)
            )

    def versions(self, name: str) -> list[int]:
        """Give the versions of a model in ascending order.

        Parameters
        ----------
        name : str
            The model.

        Returns
        -------
        list of int
            Empty if there is no such model.

        Raises
        ------
        UnreadableError
            If the store cannot be read now.
        """
        folder = self._folder(name)
        with reading(name):
            if not folder.is_dir():
                return []
            return sorted(int(e.name) for e in folder.iterdir() if VERSION.fullmatch(e.name))

    def active(self, name: str) -> int:
        """Give the version that answers when none is asked for.

        Parameters
        ----------
        name : str
            The model.

        Returns
        -------
        int
            The version that the file ``ACTIVE`` names.

        Raises
        ------
        UnknownModelError
            If there is no such model.
        ArtifactError
            If ``ACTIVE`` is missing or does not hold a version.
        """
        folder = self._folder(name)
        with reading(name):
            if not folder.is_dir():
                msg = f"no model {name!r} (models: {', '.join(self.names()) or 'none'})"
                raise UnknownModelError(msg)
        content = read_plain(self.root, folder / ACTIVE_FILE, MAX_ACTIVE_BYTES)
        text = content.decode("ascii", "replace").strip()
        if not VERSION.fullmatch(text):
            msg = f"{name}/{ACTIVE_FILE}: expected a version number"
            raise ArtifactError(msg)
        return int(text)

    def read(self, name: str, version: int) -> dict[str, bytes]:
        """Read the files of a version, unverified, each once.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version.

        Returns
        -------
        dict of str to bytes
            Files by name.

        Raises
        ------
        UnknownModelError
            If there is no such version.
        ArtifactError
            If a file is missing, is no plain file inside the store, or is too large.
        """
        folder = self._folder(name) / str(version)
        with reading(f"{name}/{version}"):
            if not folder.is_dir():
                raise self._unknown(name, version)
            present = [*FILES, *(file for file in OPTIONAL_FILES if (folder / file).exists())]
        return {file: read_plain(self.root, folder / file, MAX_FILE_BYTES) for file in present}

    def state(self, name: str, version: int) -> object:
        """Tell what the files of a version look like, without reading them.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version.

        Returns
        -------
        object
            Equal to an earlier one while sizes and times of change are.

        Raises
        ------
        UnreadableError
            If the store cannot be read now.
        """
        folder = self._folder(name) / str(version)
        looks: list[tuple[object, ...]] = []
        with reading(f"{name}/{version}"):
            for file in (*FILES, *OPTIONAL_FILES):
                try:
                    status = (folder / file).stat()
                except OSError as error:
                    looks.append((file, error.errno))
                else:
                    looks.append((file, status.st_ino, status.st_size, status.st_mtime_ns))
        return looks

    def _folder(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            msg = f"expected a model name like iris or fault-types.v2, got {name[:64]!r}"
            raise UnknownModelError(msg)
        return self.root / name

    def _unknown(self, name: str, version: int) -> UnknownModelError:
        known = ", ".join(map(str, self.versions(name))) or "none"
        return UnknownModelError(f"no version {version} of model {name!r} (versions: {known})")


def _is_model(folder: Path) -> bool:
    try:
        return any(e.name == ACTIVE_FILE or VERSION.fullmatch(e.name) for e in folder.iterdir())
    except OSError:  # it is one that cannot be read, which is told where its versions are
        return True
