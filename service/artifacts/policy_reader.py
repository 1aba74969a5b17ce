"""The policies of a model in a store, read and never trusted."""

import re
from dataclasses import dataclass
from pathlib import Path

from service.artifacts.plain_files import read_plain, reading
from service.artifacts.policies import StoredPolicy
from service.artifacts.policy_files import unpack_policy
from service.artifacts.signing import TrustedKeys
from service.errors import ArtifactError, UnknownModelError, UnknownPolicyError

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
FOLDER = "policies"
ACTIVE_FILE = "ACTIVE"
MAX_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class PolicyReader:
    """The policies of one model in a store, to look at.

    Parameters
    ----------
    root : Path
        The store.
    model : str
        The model; one that does not exist has no policies.

    Raises
    ------
    UnknownModelError
        If no model can have that name.
    """

    root: Path
    model: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.model):
            msg = f"expected a model name like iris or fault-types.v2, got {self.model[:64]!r}"
            raise UnknownModelError(msg)

    def names(self) -> list[str]:
        """Give the names of the policies, sorted.

        Returns
        -------
        list of str
            Names; a folder is a policy once it holds one.

        Raises
        ------
        UnreadableError
            If the store cannot be read now.
        """
        folder = self.root / self.model / FOLDER
        with reading(self.model):
            if not folder.is_dir():
                return []
            named = [e.name for e in folder.iterdir() if NAME.fullmatch(e.name) and e.is_dir()]
        return sorted(name for name in named if self.numbers(name))

    def numbers(self, name: str) -> list[int]:
        """Give the numbers of a policy in ascending order.

        Parameters
        ----------
        name : str
            The policy.

        Returns
        -------
        list of int
            Empty if there is no such policy.

        Raises
        ------
        UnreadableError
            If the store cannot be read now.
        """
        return self._numbers(name, ".json")

    def active(self, name: str) -> int:
        """Give the number that answers to the policy's name.

        Parameters
        ----------
        name : str
            The policy.

        Returns
        -------
        int
            What the file ``ACTIVE`` names.

        Raises
        ------
        UnknownPolicyError
            If there is no such policy.
        ArtifactError
            If ``ACTIVE`` is missing or does not hold a number.
        """
        if not self.numbers(name):
            known = ", ".join(self.names()) or "none"
            msg = f"no policy {name[:64]!r} of model {self.model!r} (policies: {known})"
            raise UnknownPolicyError(msg)
        path = self._folder(name) / ACTIVE_FILE
        text = read_plain(self.root, path, 32).decode("ascii", "replace").strip()
        if not NUMBER.fullmatch(text):
            msg = f"{self.model}/{FOLDER}/{name}/{ACTIVE_FILE}: expected a number"
            raise ArtifactError(msg)
        return int(text)

    def read(self, name: str, number: int) -> tuple[bytes, bytes, bytes | None]:
        """Read the files of a policy, unverified, each once.

        Parameters
        ----------
        name : str
            The policy.
        number : int
            Which of that name.

        Returns
        -------
        content, sums : bytes
            The policy, and the line with its SHA-256.
        signature : bytes or None
            Its signatures, if there are any.

        Raises
        ------
        UnknownPolicyError
            If there is no such policy.
        ArtifactError
            If a file is missing, is no plain file inside the store, or is too large.
        """
        if number not in self.numbers(name):
            msg = f"no policy {name[:64]}@{number} of model {self.model!r}"
            raise UnknownPolicyError(msg)
        folder = self._folder(name)
        signature = folder / f"{number}.sig"
        with reading(f"{self.model}/{FOLDER}/{name}"):
            is_signed = signature.exists()
        return (
            read_plain(self.root, folder / f"{number}.json", MAX_BYTES),
            read_plain(self.root, folder / f"{number}.sha256", MAX_BYTES),
            read_plain(self.root, signature, MAX_BYTES) if is_signed else None,
        )

    def load(
        self, name: str, number: int | None = None, *, trusted: TrustedKeys | None = None
    ) -> StoredPolicy:
        """Read and verify a policy.

        Parameters
        ----------
        name : str
            The policy.
        number : int, optional
            Which of that name; the active one if left out.
        trusted : TrustedKeys, optional
            Who has to vouch for it; by default nobody.

        Returns
        -------
        StoredPolicy
            The policy.

        Raises
        ------
        UnknownPolicyError
            If there is no such policy.
        ArtifactError
            If its files are refused.
        """
        found = self.active(name) if number is None else number
        content, sums, signature = self.read(name, found)
        try:
            return unpack_policy(
                name,
                found,
                content,
                sums,
                model=self.model,
                signature=signature,
                trusted=trusted,
            )
        except ArtifactError as error:
            msg = f"{self.model}/{FOLDER}/{name}: {error}"
            raise ArtifactError(msg) from error

    def state(self, name: str) -> object:
        """Tell what the files of a policy look like, without reading them.

        Parameters
        ----------
        name : str
            The policy.

        Returns
        -------
        object
            Equal to an earlier one while names, sizes and times of change are.

        Raises
        ------
        UnreadableError
            If the store cannot be read now.
        """
        with reading(f"{self.model}/{FOLDER}/{name}"):
            looks = [(e.name, e.stat()) for e in self._folder(name).iterdir()]
        return sorted((file, s.st_ino, s.st_size, s.st_mtime_ns) for file, s in looks)

    def _folder(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            msg = f"expected a policy name like strict or triage.v2, got {name[:64]!r}"
            raise UnknownPolicyError(msg)
        return self.root / self.model / FOLDER / name

    def _numbers(self, name: str, suffix: str) -> list[int]:
        folder = self._folder(name)
        with reading(f"{self.model}/{FOLDER}/{name}"):
            if not folder.is_dir():
                return []
            stems = [e.name.removesuffix(suffix) for e in folder.iterdir() if e.suffix == suffix]
        return sorted(int(stem) for stem in stems if NUMBER.fullmatch(stem))
