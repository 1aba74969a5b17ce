"""The store: ``<root>/<name>/<version>/`` folders that never change once they are there."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from service.artifacts.artifact import FILES, MANIFEST_FILE
from service.artifacts.atomic import replace_file, sync_folder, write_synced, writing_store
from service.artifacts.policy_loading import refuse_other_classes
from service.artifacts.signing import SIGNATURE_FILE
from service.errors import ArtifactError, UnknownModelError

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
VERSION = re.compile(r"[1-9][0-9]{0,8}")
OPTIONAL_FILES = (SIGNATURE_FILE,)
ACTIVE_FILE = "ACTIVE"
DELETED = ".deleted-"
PUBLISHED_FILE = "published.json"
MAX_FILE_BYTES = 256 * 2**20


@dataclass(frozen=True, kw_only=True)
class Store:
    """A folder of models.

    Parameters
    ----------
    root : Path
        The folder; one that does not exist holds no models.
    """

    root: Path

    def names(self) -> list[str]:
        """Give the names of the models, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(
            entry.name
            for entry in self.root.iterdir()
            if NAME.fullmatch(entry.name) and entry.is_dir()
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
        """
        folder = self._folder(name)
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
        if not self._folder(name).is_dir():
            msg = f"no model {name!r} (models: {', '.join(self.names()) or 'none'})"
            raise UnknownModelError(msg)
        text = self._read(self._folder(name) / ACTIVE_FILE, 32).decode("ascii", "replace").strip()
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
        if not folder.is_dir():
            known = ", ".join(map(str, self.versions(name))) or "none"
            msg = f"no version {version} of model {name!r} (versions: {known})"
            raise UnknownModelError(msg)
        present = [*FILES, *(file for file in OPTIONAL_FILES if (folder / file).exists())]
        return {file: self._read(folder / file, MAX_FILE_BYTES) for file in present}

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
        """
        folder = self._folder(name) / str(version)
        looks: list[tuple[object, ...]] = []
        for file in (*FILES, *OPTIONAL_FILES):
            try:
                status = (folder / file).stat()
            except OSError as error:
                looks.append((file, error.errno))
            else:
                looks.append((file, status.st_ino, status.st_size, status.st_mtime_ns))
        return looks

    def publish(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        beside: Mapping[str, bytes] | None = None,
        activate: bool = True,
    ) -> int:
        """Write a new version: beside the others, then renamed into place whole.

        Parameters
        ----------
        name : str
            The model.
        files : mapping of str to bytes
            Files by name.
        beside : mapping of str to bytes, optional
            Files for people that no digest covers and no answer depends on, such as a report.
        activate : bool
            Whether it answers from now on when no version is asked for; a model's first
            version always does.

        Returns
        -------
        int
            The version it got: one above the highest there is.

        Raises
        ------
        ArtifactError
            If the store cannot be written.
        """
        folder = self._folder(name)
        published = {"published_at": datetime.now(UTC).isoformat(timespec="seconds")}
        contents = {**(beside or {}), **files, PUBLISHED_FILE: orjson.dumps(published)}
        if activate:
            refuse_other_classes(self.root, name, files[MANIFEST_FILE])
        with writing_store():
            folder.mkdir(parents=True, exist_ok=True)
            new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
            try:
                new.chmod(0o755)
                for file, content in contents.items():
                    write_synced(new / file, content)
                sync_folder(new)
                version = self._rename(new, name)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
            sync_folder(folder)
            if activate or not (folder / ACTIVE_FILE).exists():
                self.activate(name, version)
        return version

    def activate(self, name: str, version: int) -> None:
        """Make a version the one that answers when none is asked for.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version, which must exist.

        Raises
        ------
        UnknownModelError
            If there is no such version.
        """
        folder = self._folder(name)
        if version not in self.versions(name):
            msg = f"no version {version} of model {name!r}"
            raise UnknownModelError(msg)
        refuse_other_classes(self.root, name, self.read(name, version)[MANIFEST_FILE])
        with writing_store():
            replace_file(folder / ACTIVE_FILE, f"{version}\n".encode())

    def attach(self, name: str, version: int, file: str, content: bytes) -> None:
        """Write a file beside the digested ones of a version, whole.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version, which must exist.
        file : str
            The file's name: ``manifest.sig``.
        content : bytes
            All of it.

        Raises
        ------
        UnknownModelError
            If there is no such version.
        ArtifactError
            If the store cannot be written.
        """
        if file not in OPTIONAL_FILES or version not in self.versions(name):
            msg = f"no version {version} of model {name!r}"
            raise UnknownModelError(msg)
        with writing_store():
            replace_file(self._folder(name) / str(version) / file, content)

    def delete(self, name: str, version: int) -> None:
        """Delete a version; its number is not given again.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version; not the active one.

        Raises
        ------
        UnknownModelError
            If there is no such version.
        ArtifactError
            If it is the active one, or the store cannot be written.
        """
        if version not in self.versions(name):
            msg = f"no version {version} of model {name!r}"
            raise UnknownModelError(msg)
        if version == self.active(name):
            msg = f"{name}@{version} is the active version: activate another one first"
            raise ArtifactError(msg)
        folder = self._folder(name)
        with writing_store():
            # Renamed first, so that it goes at one instant; what stays keeps the number taken.
            gone = folder / f"{DELETED}{version}"
            (folder / str(version)).rename(gone)
            for path in gone.iterdir():
                path.unlink()
            sync_folder(folder)

    def _folder(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            msg = f"expected a model name like iris or fault-types.v2, got {name[:64]!r}"
            raise UnknownModelError(msg)
        return self.root / name

    def _rename(self, new: Path, name: str) -> int:
        while True:
            version = self._highest(name) + 1
            try:
                new.rename(self._folder(name) / str(version))
            except OSError:
                if version in self.versions(name):  # another publisher was faster
                    continue
                raise
            return version

    def _highest(self, name: str) -> int:
        """Give the highest number that any version has or had, 0 if there was none."""
        names = (entry.name.removeprefix(DELETED) for entry in self._folder(name).iterdir())
        return max((int(text) for text in names if VERSION.fullmatch(text)), default=0)

    def _read(self, path: Path, max_bytes: int) -> bytes:
        where = path.relative_to(self.root)
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.root.resolve()):
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
        except OSError as error:
            msg = f"{where}: {error.strerror}"
            raise ArtifactError(msg) from error
