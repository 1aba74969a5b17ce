"""Writing into a store: every change happens at one instant, or not at all."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service.artifacts.atomic import (
    locked_folder,
    replace_file,
    sync_folder,
    writing_store,
)
from service.artifacts.policy_loading import refuse_unfit
from service.artifacts.reader import ACTIVE_FILE, OPTIONAL_FILES, VERSION, StoreReader
from service.artifacts.staging import (
    NEW,
    PUBLISHED_FILE,
    empty,
    moved_into_place,
    publication_note,
    sweep,
    write_model,
)
from service.errors import ArtifactError, UnreadableError

DELETED = ".deleted-"


@dataclass(frozen=True, kw_only=True)
class Store(StoreReader):
    """A folder of models, to look at and to change.

    Parameters
    ----------
    root : Path
        The folder; one that does not exist holds no models, and is made to hold the first.
    """

    def place(self, name: str, version: int, file: str) -> str:
        """Say where a file of a version is.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version.
        file : str
            The file.

        Returns
        -------
        str
            A path, or a URL.
        """
        return str(self.root / name / str(version) / file)

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
            If the store cannot be written; it holds then what it held before.
        """
        folder = self._folder(name)
        contents = {**(beside or {}), **files, PUBLISHED_FILE: publication_note()}
        if activate:
            refuse_unfit(self.root, name, files)
        with writing_store():
            self.root.mkdir(parents=True, exist_ok=True)
            for place in (self.root, folder):
                sweep(place)
            staged = Path(tempfile.mkdtemp(prefix=NEW, dir=self.root))
            try:
                write_model(staged, contents)
                if moved_into_place(staged, folder):  # first version and ACTIVE at once
                    sync_folder(self.root)
                    return 1
                version = self._rename(staged / "1", name)
                try:
                    sync_folder(folder)
                    self._activate_new(name, version, always=activate)
                except BaseException:
                    with suppress(OSError, ArtifactError):
                        self._take_back(name, version)
                    raise
            finally:
                with suppress(OSError, MemoryError):  # what stays is swept later
                    shutil.rmtree(staged)
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
        ArtifactError
            If the store cannot be written.
        """
        self._require(name, version)
        folder = self._folder(name)
        refuse_unfit(self.root, name, self.read(name, version))
        with writing_store(), locked_folder(folder):
            self._require(name, version)
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
            If the store cannot be written, or such a file does not belong there.
        """
        if file not in OPTIONAL_FILES:
            msg = f"expected {' or '.join(OPTIONAL_FILES)}, got {file!r}"
            raise ArtifactError(msg)
        self._require(name, version)
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
        self._require(name, version)
        with writing_store(), locked_folder(self._folder(name)):
            self._require(name, version)
            if version == self.active(name):
                msg = f"{name}@{version} is the active version: activate another one first"
                raise ArtifactError(msg)
            self._withdraw(name, version)

    def prune(self, name: str, keep: int) -> list[int]:
        """Delete all versions but the newest ones and the active one.

        Parameters
        ----------
        name : str
            The model.
        keep : int
            How many of the newest stay, one or more.

        Returns
        -------
        list of int
            What was deleted, in ascending order.

        Raises
        ------
        ArtifactError
            If the store cannot be written, or fewer than one version is to stay.
        """
        if keep < 1:
            msg = f"expected one version or more to keep, got {keep}"
            raise ArtifactError(msg)
        self.active(name)  # a model that is not there is named
        with writing_store(), locked_folder(self._folder(name)):
            active = self.active(name)
            gone = [version for version in self.versions(name)[:-keep] if version != active]
            for version in gone:
                self._withdraw(name, version)
        return gone

    def _activate_new(self, name: str, version: int, *, always: bool) -> None:
        file = self._folder(name) / ACTIVE_FILE
        with locked_folder(file.parent):
            active = self._active_or_none(name)
            if active is None or (always and active < version):  # else a later one was faster
                replace_file(file, f"{version}\n".encode())

    def _take_back(self, name: str, version: int) -> None:
        """Withdraw what could be published and not activated, unless it is active after all."""
        if self._active_or_none(name) != version:
            self._withdraw(name, version)  # a service may have seen it: its number stays taken

    def _active_or_none(self, name: str) -> int | None:
        if not (self._folder(name) / ACTIVE_FILE).exists():
            return None
        try:
            return self.active(name)
        except UnreadableError:
            raise
        except ArtifactError:  # it names no version, so it is mended
            return None

    def _require(self, name: str, version: int) -> None:
        if version not in self.versions(name):
            raise self._unknown(name, version)

    def _withdraw(self, name: str, version: int) -> None:
        # Renamed first, so that it goes at one instant; what stays keeps the number taken.
        folder = self._folder(name)
        gone = folder / f"{DELETED}{version}"
        (folder / str(version)).rename(gone)
        sync_folder(folder)
        empty(gone)

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
