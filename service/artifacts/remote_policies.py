"""Policies in a bucket: read through the mirror, written under conditions."""

from dataclasses import dataclass

from service.artifacts.bucket import Bucket, Stored
from service.artifacts.mirror import Mirror
from service.artifacts.policy_files import sums_line
from service.artifacts.policy_reader import ACTIVE_FILE, FOLDER, NUMBER
from service.artifacts.policy_store import PolicyStore
from service.errors import ArtifactError

TRIES = 100


@dataclass(frozen=True, kw_only=True)
class RemotePolicyStore(PolicyStore):
    """The policies of one model in a bucket.

    Parameters
    ----------
    root : Path
        The mirror on this machine.
    model : str
        The model, which exists.
    bucket : Bucket
        Where they are.
    """

    bucket: Bucket

    def add(self, name: str, content: bytes, *, activate: bool = True) -> int:
        """Write a new policy, as `PolicyStore.add` does.

        Parameters
        ----------
        name : str
            The policy.
        content : bytes
            The file, packed.
        activate : bool
            Whether it answers to the name from now on; the first always does.

        Returns
        -------
        int
            The number it got.

        Raises
        ------
        ArtifactError
            If the bucket does not answer.
        """
        self._folder(name)  # refuses what is no name
        number = self._take_number(name, content)
        self.bucket.write(self._key(name, f"{number}.json"), content)
        if activate or self._key(name, ACTIVE_FILE) not in self._listing(name):
            self._write(name, ACTIVE_FILE, f"{number}\n".encode())
        self._follow()
        return number

    def activate(self, name: str, number: int) -> None:
        """Let a policy answer to its name, as `PolicyStore.activate` does.

        Parameters
        ----------
        name : str
            The policy.
        number : int
            Which of that name; it must exist.
        """
        self.read(name, number)
        self._write(name, ACTIVE_FILE, f"{number}\n".encode())
        self._follow()

    def attach_signature(self, name: str, number: int, lines: bytes) -> None:
        """Write the signatures of a policy, as `PolicyStore.attach_signature` does.

        Parameters
        ----------
        name : str
            The policy.
        number : int
            Which of that name; it must exist.
        lines : bytes
            All of them.
        """
        self.read(name, number)
        self._write(name, f"{number}.sig", lines)
        self._follow()

    def _take_number(self, name: str, content: bytes) -> int:
        for _ in range(TRIES):
            stems = (key.rpartition("/")[2].partition(".")[0] for key in self._listing(name))
            number = max((int(stem) for stem in stems if NUMBER.fullmatch(stem)), default=0) + 1
            key = self._key(name, f"{number}.sha256")
            if self.bucket.write(key, sums_line(number, content)):
                return number
        msg = f"no number could be had for a new policy {name!r}: others were faster"
        raise ArtifactError(msg)

    def _write(self, name: str, file: str, content: bytes) -> None:
        key = self._key(name, file)
        if not self.bucket.write(key, content, replace=self._listing(name).get(key)):
            msg = f"{key}: somebody else has just written it: look again"
            raise ArtifactError(msg)

    def _listing(self, name: str) -> dict[str, Stored]:
        return self.bucket.listing(f"{self.model}/{FOLDER}/{name}")

    def _key(self, name: str, file: str) -> str:
        return f"{self.model}/{FOLDER}/{name}/{file}"

    def _follow(self) -> None:
        Mirror(bucket=self.bucket, root=self.root).follow()
