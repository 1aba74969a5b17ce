"""The policies of a model as the service holds them, and what they allow its versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.artifacts.artifact import Files, unpack
from service.artifacts.policies import StoredPolicy, same_classes
from service.artifacts.policy_reader import PolicyReader
from service.artifacts.signing import TrustedKeys
from service.errors import ArtifactError, InputError, UnknownPolicyError


@dataclass(frozen=True, kw_only=True)
class PolicyEntry:
    """What is served under one policy's name.

    Parameters
    ----------
    held : StoredPolicy or None
        The policy that answers; None where none was ever verified.
    fault : str or None
        What is wrong with its files now.
    state : object
        What the files looked like; until that changes, they are not read again.
    """

    held: StoredPolicy | None
    fault: str | None = None
    state: object = None


Policies = Mapping[str, PolicyEntry]
"""Entries by name."""


def load_policies(
    root: Path, model: str, *, trusted: TrustedKeys | None = None, previous: Policies | None = None
) -> Policies:
    """Read and verify the active policy of each name that has changed.

    What was verified once is kept until another has been verified in its place, or its folder
    is gone.

    Parameters
    ----------
    root : Path
        The store.
    model : str
        The model.
    trusted : TrustedKeys, optional
        Who has to vouch for a policy; by default nobody.
    previous : mapping of str to PolicyEntry, optional
        What is held.

    Returns
    -------
    mapping of str to PolicyEntry
        What is served from now on.

    Raises
    ------
    UnreadableError
        If the store cannot be read now.
    """
    store = PolicyReader(root=root, model=model)
    return {
        name: _entry(store, name, trusted, (previous or {}).get(name)) for name in store.names()
    }


def _entry(
    store: PolicyReader, name: str, trusted: TrustedKeys | None, known: PolicyEntry | None
) -> PolicyEntry:
    held = known.held if known else None
    try:
        keys = None if trusted is None else frozenset(trusted.keys)
        state = (store.state(name), keys)
        if known is not None and known.state == state:
            return known
        found = store.load(name, trusted=trusted)
    except (ArtifactError, UnknownPolicyError) as error:
        fault = str(error)
        return known if known and known.fault == fault else PolicyEntry(held=held, fault=fault)
    return PolicyEntry(held=held if held == found else found, state=state)


def refuse_unfit(root: Path, model: str, files: Files) -> None:
    """Refuse to let a version answer that a policy of the model cannot be held against.

    Parameters
    ----------
    root : Path
        The store.
    model : str
        The model.
    files : mapping of str to bytes
        The version's files by name.

    Raises
    ------
    ArtifactError
        If there is such a policy, which is named, or one that cannot be read.
    """
    store = PolicyReader(root=root, model=model)
    names = store.names()
    if not names:
        return
    artifact = unpack(files, model)
    for name in names:
        policy = store.load(name)
        if not same_classes(policy.classes, artifact.manifest.classes):
            msg = (
                f"{model} has the policy {name!r}, validated for other classes: publish the version"
                " with --no-activate, add the policy for it (softmax models policy add"
                f" {model}@VERSION {name} FILE), then activate it"
            )
            raise ArtifactError(msg)
        try:
            policy.decider(artifact)
        except InputError as error:
            msg = (
                f"{model} has the policy {name!r}, which the version cannot follow ({error});"
                " --no-activate publishes it all the same"
            )
            raise ArtifactError(msg) from error
