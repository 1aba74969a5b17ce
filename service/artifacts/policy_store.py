"""Policies at rest: ``<root>/<model>/policies/<policy>/<n>.json``, numbered and never changed."""

from contextlib import suppress
from dataclasses import dataclass

from service.artifacts.atomic import locked_folder, replace_file, sync_folder, writing_store
from service.artifacts.policy_files import sums_line
from service.artifacts.policy_reader import ACTIVE_FILE, PolicyReader
from service.errors import ArtifactError


@dataclass(frozen=True, kw_only=True)
class PolicyStore(PolicyReader):
    """The policies of one model in a store, to look at and to change.

    Parameters
    ----------
    root : Path
        The store.
    model : str
        The model, which exists.

    Raises
    ------
    UnknownModelError
        If no model can have that name.
    """

    def add(self, name: str, content: bytes, *, activate: bool = True) -> int:
        """Write a new policy, under the next number of its name.

        The file with its SHA-256 is made first and takes the number, whoever else is adding;
        a policy is there when its own file is, which appears whole.

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
        UnknownPolicyError
            If no policy can have that name.
        ArtifactError
            If the store cannot be written.
        """
        folder = self._folder(name)
        with writing_store():
            folder.mkdir(parents=True, exist_ok=True)
        with writing_store(), locked_folder(folder):
            number = self._take_number(name, content)
            if not self.numbers(name):  # the first one appears with what answers to its name
                replace_file(folder / ACTIVE_FILE, f"{number}\n".encode())
            file = folder / f"{number}.json"
            try:
                replace_file(file, content)
                if activate and self.active(name) != number:
                    replace_file(folder / ACTIVE_FILE, f"{number}\n".encode())
            except BaseException:
                with suppress(OSError, ArtifactError):
                    if self.active(name) != number:
                        file.unlink()
                raise
        return number

    def activate(self, name: str, number: int) -> None:
        """Let a policy answer to its name.

        Parameters
        ----------
        name : str
            The policy.
        number : int
            Which of that name; it must exist.

        Raises
        ------
        UnknownPolicyError
            If there is no such policy.
        ArtifactError
            If the store cannot be written.
        """
        self.read(name, number)
        with writing_store():
            replace_file(self._folder(name) / ACTIVE_FILE, f"{number}\n".encode())

    def attach_signature(self, name: str, number: int, lines: bytes) -> None:
        """Write the signatures of a policy beside it, whole.

        Parameters
        ----------
        name : str
            The policy.
        number : int
            Which of that name; it must exist.
        lines : bytes
            All of them.

        Raises
        ------
        UnknownPolicyError
            If there is no such policy.
        ArtifactError
            If the store cannot be written.
        """
        self.read(name, number)
        with writing_store():
            replace_file(self._folder(name) / f"{number}.sig", lines)

    def _take_number(self, name: str, content: bytes) -> int:
        folder = self._folder(name)
        folder_above = folder.parent
        while True:
            number = max(self._numbers(name, ".sha256") + self.numbers(name), default=0) + 1
            try:
                with (folder / f"{number}.sha256").open("xb") as file:
                    file.write(sums_line(number, content))
            except FileExistsError:  # another one was faster
                continue
            for place in (folder, folder_above, folder_above.parent):
                sync_folder(place)
            return number
