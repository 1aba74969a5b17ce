"""The models of a store as the service holds them: verified, in memory, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from service.artifacts.artifact import Artifact, Files
from service.artifacts.policies import StoredPolicy
from service.artifacts.policy_loading import Policies
from service.errors import InputError, ModelUnavailableError, UnknownModelError
from service.softmax.policies import refusal


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """A verified version of a model, under the name and number it has in the store.

    Parameters
    ----------
    name : str
        The model.
    version : int
        Its version.
    artifact : Artifact
        What the files decode to.
    files : mapping of str to bytes
        The very bytes that were verified, for other processes to decode.
    policies : mapping of str to PolicyEntry
        What may be asked for by a policy's name.
    """

    name: str
    version: int
    artifact: Artifact
    files: Files
    policies: Policies = field(default_factory=dict)

    def policy(self, name: str) -> StoredPolicy:
        """Give the policy that answers to a name.

        Parameters
        ----------
        name : str
            The policy.

        Returns
        -------
        StoredPolicy
            The policy; its `decider` binds it to a version.

        Raises
        ------
        InputError
            If the model has no such policy.
        ModelUnavailableError
            If its files were refused.
        """
        entry = self.policies.get(name)
        if entry is None:
            raise InputError([refusal("expected a policy, or the name of one that the model has")])
        if entry.held is None:
            msg = "the policy is not available: its files were refused"
            raise ModelUnavailableError(msg)
        return entry.held


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A version whose files were refused.

    Parameters
    ----------
    name : str
        The model.
    version : int or None
        The version; None where the file ``ACTIVE`` is at fault.
    reason : str
        One line.
    state : object
        What the files looked like then; until that changes, they are not read again. None
        where it was the reading that failed: that is tried at each look.
    """

    name: str
    version: int | None
    reason: str
    state: object = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelEntry:
    """What is served of one model.

    Parameters
    ----------
    versions : mapping of int to Published or Refused
        Versions in ascending order.
    active : int or None
        The version that answers when none is asked for; None where that is not known.
    fault : str or None
        Why the file ``ACTIVE`` cannot be read now.
    policies : mapping of str to PolicyEntry
        The policies of the model, which each of its versions holds too.
    """

    versions: Mapping[int, Published | Refused]
    active: int | None
    fault: str | None = None
    policies: Policies = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether the active version answers."""
        return self.active is not None and isinstance(self.versions.get(self.active), Published)


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue:
    """Every model of a store at one moment.

    Parameters
    ----------
    models : mapping of str to ModelEntry
        Models by name, sorted.
    default : str or None
        The model that answers at the root; None where the store does not say which.
    fault : str or None
        Why the store or the trusted keys could not be read at the last look.
    """

    models: Mapping[str, ModelEntry]
    default: str | None
    fault: str | None = None

    @property
    def ready_names(self) -> tuple[str, ...]:
        """The models that answer, the default one first."""
        names = [name for name, entry in self.models.items() if entry.is_ready]
        return tuple(sorted(names, key=lambda name: (name != self.default, name)))

    def get(self, name: str | None = None, version: int | None = None) -> Published:
        """Give a verified version of a model.

        Parameters
        ----------
        name : str, optional
            The model; the default one if left out.
        version : int, optional
            Its version; the active one if left out.

        Returns
        -------
        Published
            The version, ready to answer.

        Raises
        ------
        UnknownModelError
            If there is no such model or version.
        ModelUnavailableError
            If its files were refused.
        """
        entry = self.models.get(name or self.default or "")
        if entry is None:
            msg = f"no model {name!r}" if name else "there is no default model"
            raise UnknownModelError(msg)
        asked = entry.active if version is None else version
        found = None if asked is None else entry.versions.get(asked)
        if isinstance(found, Published):
            return found
        if found is None and version is not None:
            msg = f"no version {version} of model {name or self.default!r}"
            raise UnknownModelError(msg)
        msg = f"model {name or self.default!r} is not available: its files were refused"
        raise ModelUnavailableError(msg)


def with_policies(
    versions: Mapping[int, Published | Refused], policies: Policies
) -> dict[int, Published | Refused]:
    """Hand the policies of a model to its versions.

    Parameters
    ----------
    versions : mapping of int to Published or Refused
        The versions.
    policies : mapping of str to PolicyEntry
        The policies; versions that hold these very ones stay as they are.

    Returns
    -------
    dict of int to Published or Refused
        The versions in ascending order.
    """
    return {
        number: replace(one, policies=policies)
        if isinstance(one, Published) and one.policies is not policies
        else one
        for number, one in sorted(versions.items())
    }
