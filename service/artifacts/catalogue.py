"""The models of a store as the service holds them: verified, in memory, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.artifacts.artifact import Artifact, unpack
from service.artifacts.store import Store
from service.errors import ArtifactError, ModelUnavailableError, UnknownModelError

PREFERRED = "demo"


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """A version of a model, under the name and number it has in the store."""

    name: str
    version: int
    artifact: Artifact


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelEntry:
    """What the store holds of one model.

    Parameters
    ----------
    versions : mapping of int to Published or str
        Verified versions, and for each refused one the reason.
    active : int or None
        The version that answers when none is asked for; None where that is not known.
    """

    versions: Mapping[int, Published | str]
    active: int | None

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
    """

    models: Mapping[str, ModelEntry]
    default: str | None

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
        found = entry.versions.get(asked) if asked is not None else "it has no active version"
        if found is None:
            msg = f"no version {asked} of model {name or self.default!r}"
            raise UnknownModelError(msg)
        if isinstance(found, str):
            msg = f"model {name or self.default!r} is not available: its files were refused"
            raise ModelUnavailableError(msg)
        return found


def load_catalogue(store: Store, default: str | None) -> Catalogue:
    """Read and verify every version of every model.

    Parameters
    ----------
    store : Store
        Where the models are.
    default : str or None
        The model that answers at the root; None takes the only one, else ``demo``.

    Returns
    -------
    Catalogue
        What may answer, and what was refused and why.
    """
    names = store.names()
    if default is None:
        default = names[0] if len(names) == 1 else PREFERRED if PREFERRED in names else None
    return Catalogue(models={name: _entry(store, name) for name in names}, default=default)


def load_version(store: Store, name: str, version: int | None = None) -> Published:
    """Read and verify one version.

    Parameters
    ----------
    store : Store
        Where the models are.
    name : str
        The model.
    version : int, optional
        Its version; the active one if left out.

    Returns
    -------
    Published
        The version, ready to answer.

    Raises
    ------
    ArtifactError
        If its files are refused.
    """
    number = store.active(name) if version is None else version
    try:
        artifact = unpack(store.read(name, number))
    except ArtifactError as error:
        msg = f"{name}@{number}: {error}"
        raise ArtifactError(msg) from error
    return Published(name=name, version=number, artifact=artifact)


def _entry(store: Store, name: str) -> ModelEntry:
    versions: dict[int, Published | str] = {}
    for version in store.versions(name):
        try:
            versions[version] = load_version(store, name, version)
        except ArtifactError as error:
            versions[version] = str(error)
    try:
        active: int | None = store.active(name)
    except ArtifactError:
        active = None
    return ModelEntry(versions=versions, active=active)
