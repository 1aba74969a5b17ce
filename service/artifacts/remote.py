"""A store in a bucket: read through a mirror, written under conditions."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from service.artifacts.artifact import SUMS_FILE
from service.artifacts.bucket import Bucket, Stored
from service.artifacts.mirror import Mirror
from service.artifacts.policy_loading import refuse_unfit
from service.artifacts.reader import ACTIVE_FILE, MAX_ACTIVE_BYTES, OPTIONAL_FILES, VERSION
from service.artifacts.staging import PUBLISHED_FILE, publication_note
from service.artifacts.store import Store
from service.errors import ArtifactError

TRIES = 100


@dataclass(frozen=True, kw_only=True)
class RemoteStore(Store):
    """A store whose models are objects in a bucket.

    A version counts from the moment its ``manifest.sha256`` is there, which is written last;
    its number is taken by ``published.json``, which is written first and never deleted.

    Parameters
    ----------
    root : Path
        The mirror on this machine.
    bucket : Bucket
        Where the models are.
    """

    bucket: Bucket

    def refresh(self) -> None:
        """Look at the bucket, and fetch what is new.

        Raises
        ------
        ArtifactError
            If it does not answer, or the mirror cannot be written.
        """
        Mirror(bucket=self.bucket, root=self.root).follow()

    def place(self, name: str, version: int, file: str) -> str:
        """Say where a file of a version is, as `Store.place` does.

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
            A URL.
        """
        return f"{self.bucket.url}/{name}/{version}/{file}"

    def publish(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        beside: Mapping[str, bytes] | None = None,
        activate: bool = True,
    ) -> int:
        """Write a new version, as `Store.publish` does.

        Parameters
        ----------
        name : str
            The model.
        files : mapping of str to bytes
            Files by name.
        beside : mapping of str to bytes, optional
            Files for people.
        activate : bool
            Whether it answers from now on when no version is asked for.

        Returns
        -------
        int
            The version it got.

        Raises
        ------
        ArtifactError
            If the bucket does not answer; a version that is not whole is seen by nobody.
        """
        self._folder(name)  # refuses what is no name
        if activate:
            refuse_unfit(self.root, name, files)
        version = self._take_number(name)
        contents = {**(beside or {}), **files}
        contents.pop(PUBLISHED_FILE, None)
        last = contents.pop(SUMS_FILE)
        for file, content in contents.items():
            self.bucket.write(f"{name}/{version}/{file}", content)
        if self._active_now(name, self._listing(name)) is None:
            # Nobody sees this before the version is whole: a model appears with what answers.
            self._activate(name, version, is_new=False, always=True)
        try:
            self.bucket.write(f"{name}/{version}/{SUMS_FILE}", last)
            self._activate(name, version, is_new=True, always=activate)
            self.refresh()
        except BaseException:
            with suppress(ArtifactError):
                self._take_back(name, version)
            raise
        return version

    def activate(self, name: str, version: int) -> None:
        """Make a version the one that answers, as `Store.activate` does.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version, which must exist.

        Raises
        ------
        ArtifactError
            If the bucket does not answer.
        """
        self._require(name, version)
        refuse_unfit(self.root, name, self.read(name, version))
        self._activate(name, version, is_new=False, always=True)
        self.refresh()

    def attach(self, name: str, version: int, file: str, content: bytes) -> None:
        """Write a file beside the digested ones, as `Store.attach` does.

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
        ArtifactError
            If the bucket does not answer, or such a file does not belong there.
        """
        if file not in OPTIONAL_FILES:
            msg = f"expected {' or '.join(OPTIONAL_FILES)}, got {file!r}"
            raise ArtifactError(msg)
        self._require(name, version)
        key = f"{name}/{version}/{file}"
        if not self.bucket.write(key, content, replace=self._listing(name).get(key)):
            msg = f"{key}: somebody else has just written it: look again"
            raise ArtifactError(msg)
        self.refresh()

    def prune(self, name: str, keep: int) -> list[int]:
        """Delete all versions but the newest ones and the active one, as `Store.prune` does.

        Parameters
        ----------
        name : str
            The model.
        keep : int
            How many of the newest stay, one or more.

        Returns
        -------
        list of int
            What was deleted.

        Raises
        ------
        ArtifactError
            If the bucket does not answer, or fewer than one version is to stay.
        """
        if keep < 1:
            msg = f"expected one version or more to keep, got {keep}"
            raise ArtifactError(msg)
        active = self.active(name)
        gone = [version for version in self.versions(name)[:-keep] if version != active]
        for version in gone:
            self.delete(name, version)
        return gone

    def delete(self, name: str, version: int) -> None:
        """Delete a version, as `Store.delete` does.

        Parameters
        ----------
        name : str
            The model.
        version : int
            Its version; not the active one.

        Raises
        ------
        ArtifactError
            If it is the active one, or the bucket does not answer.
        """
        self._require(name, version)
        if version == self._active_now(name, self._listing(name)):
            msg = f"{name}@{version} is the active version: activate another one first"
            raise ArtifactError(msg)
        folder = f"{name}/{version}"
        # Without its sums it is no version any more; then it does not matter when the rest goes.
        self.bucket.delete(f"{folder}/{SUMS_FILE}")
        for key in self._listing(name):
            if key.startswith(f"{folder}/") and key != f"{folder}/{PUBLISHED_FILE}":
                self.bucket.delete(key)
        self.refresh()

    def _take_back(self, name: str, version: int) -> None:
        """Withdraw what could be published and not activated, unless it is active after all."""
        if self._active_now(name, self._listing(name)) != version:
            self.bucket.delete(f"{name}/{version}/{SUMS_FILE}")

    def _listing(self, name: str) -> dict[str, Stored]:
        return self.bucket.listing(name)

    def _take_number(self, name: str) -> int:
        for _ in range(TRIES):
            numbers = (key.split("/")[1] for key in self._listing(name))
            taken = [int(number) for number in numbers if VERSION.fullmatch(number)]
            version = max(taken, default=0) + 1
            if self.bucket.write(f"{name}/{version}/{PUBLISHED_FILE}", publication_note()):
                return version
        msg = f"no number could be had for a new version of {name!r}: others were faster"
        raise ArtifactError(msg)

    def _activate(self, name: str, version: int, *, is_new: bool, always: bool) -> None:
        key = f"{name}/{ACTIVE_FILE}"
        for _ in range(TRIES):
            listing = self._listing(name)
            active = self._active_now(name, listing)
            if is_new and active is not None and (active > version or not always):
                return
            if self.bucket.write(key, f"{version}\n".encode(), replace=listing.get(key)):
                return
        msg = f"{name}@{version} could not be activated: others were faster"
        raise ArtifactError(msg)

    def _active_now(self, name: str, listing: Mapping[str, Stored]) -> int | None:
        """Read which version answers; None where that is none that is whole."""
        key = f"{name}/{ACTIVE_FILE}"
        if key not in listing:
            return None
        text = self.bucket.read(key, MAX_ACTIVE_BYTES).decode("ascii", "replace").strip()
        is_whole = f"{name}/{text}/{SUMS_FILE}" in listing
        return int(text) if VERSION.fullmatch(text) and is_whole else None
