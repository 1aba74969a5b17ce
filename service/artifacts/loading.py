"""From the store to the catalogue: verify what is new, keep what is sound."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from service.artifacts.artifact import unpack
from service.artifacts.catalogue import Catalogue, ModelEntry, Published, Refused, with_policies
from service.artifacts.policies import StoredPolicy
from service.artifacts.policy_loading import load_policies
from service.artifacts.reader import StoreReader
from service.artifacts.signing import TrustedKeys
from service.errors import ArtifactError, ServiceError, UnknownModelError, UnreadableError

PREFERRED = "demo"

EMPTY = Catalogue(models={}, default=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Loading:
    """What became of a look at the store.

    Parameters
    ----------
    catalogue : Catalogue
        What is served from now on.
    loaded : tuple of Published
        Versions that were verified just now.
    activated : tuple of Published
        Versions that answer from now on when none is asked for, and did not before.
    refused : tuple of Refused
        What was refused just now; it was not known in this state before. Where not even the
        store or the trusted keys could be read, every model that is held is named once.
    policies : tuple of (str, StoredPolicy)
        Policies that answer to their names from now on, each after its model's name.
    """

    catalogue: Catalogue
    loaded: tuple[Published, ...] = ()
    activated: tuple[Published, ...] = ()
    refused: tuple[Refused, ...] = ()
    policies: tuple[tuple[str, StoredPolicy], ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether anything is served otherwise than before."""
        return bool(self.loaded or self.activated or self.refused or self.policies)


def load_catalogue(
    store: StoreReader,
    default: str | None = None,
    *,
    trusted: TrustedKeys | None = None,
    previous: Catalogue = EMPTY,
) -> Loading:
    """Read and verify every version of every model that is not held yet.

    A version that was verified once is kept while the store lists it, whatever becomes of
    its files, for versions never change; the active one is kept in any case until another
    one has been verified in its place. Nothing else stands in for a version that is refused.

    Parameters
    ----------
    store : StoreReader
        Where the models are.
    default : str, optional
        The model that answers at the root; by default the only one, else ``demo``.
    trusted : TrustedKeys, optional
        Who has to vouch for a model; by default nobody.
    previous : Catalogue
        What is held.

    Returns
    -------
    Loading
        What is served from now on, and what is new in it.

    Raises
    ------
    UnreadableError
        If the store cannot be read now.
    """
    names = sorted({*store.names(), *previous.models})
    if default is None:
        default = previous.default
    if default is None:
        default = names[0] if len(names) == 1 else PREFERRED if PREFERRED in names else None
    held: dict[str, ModelEntry] = {}
    news: list[Published | Refused] = []
    for name in names:
        held[name] = _entry(store, name, trusted, previous.models.get(name), news)
    models = {name: entry for name, entry in held.items() if entry.versions or entry.fault}
    catalogue = Catalogue(models=models, default=default)
    return Loading(
        catalogue=catalogue,
        loaded=tuple(one for one in news if isinstance(one, Published)),
        activated=tuple(_activated(catalogue, previous)),
        refused=tuple(one for one in news if isinstance(one, Refused)),
        policies=tuple(_new_policies(catalogue, previous)),
    )


def nothing_loaded(previous: Catalogue, error: ServiceError) -> Loading:
    """Keep what is held, where the store or the trusted keys cannot be read at all.

    Parameters
    ----------
    previous : Catalogue
        What is held.
    error : ServiceError
        Why.

    Returns
    -------
    Loading
        The same models; each is named as refused, if this is news.
    """
    fault = str(error)
    refused: tuple[Refused, ...] = ()
    if fault != previous.fault:
        refused = tuple(Refused(name=n, version=None, reason=fault) for n in previous.models)
    return Loading(catalogue=replace(previous, fault=fault), refused=refused)


def load_version(
    store: StoreReader, name: str, version: int | None = None, *, trusted: TrustedKeys | None = None
) -> Published:
    """Read and verify one version.

    Parameters
    ----------
    store : StoreReader
        Where the models are.
    name : str
        The model.
    version : int, optional
        Its version; the active one if left out.
    trusted : TrustedKeys, optional
        Who has to vouch for a model; by default nobody.

    Returns
    -------
    Published
        The version, ready to answer.

    Raises
    ------
    ArtifactError
        If its files are refused.
    UnreadableError
        If they cannot be read now.
    """
    number = store.active(name) if version is None else version
    try:
        files = store.read(name, number)
        artifact = unpack(files, name, trusted)
    except ArtifactError as error:
        msg = f"{name}@{number}: {error}"
        raise type(error)(msg) from error
    except MemoryError as error:
        msg = f"{name}@{number}: not enough memory to verify it"
        raise UnreadableError(msg) from error
    return Published(name=name, version=number, artifact=artifact, files=files)


def _entry(
    store: StoreReader,
    name: str,
    trusted: TrustedKeys | None,
    previous: ModelEntry | None,
    news: list[Published | Refused],
) -> ModelEntry:
    known: Mapping[int, Published | Refused] = previous.versions if previous else {}
    versions: dict[int, Published | Refused] = {}
    try:
        for number in store.versions(name):
            found = known.get(number)
            if found is None or isinstance(found, Refused):
                found = _version(store, name, number, trusted, found)
                if found is not known.get(number):
                    news.append(found)
            versions[number] = found
        held = previous.policies if previous else {}
        policies = load_policies(store.root, name, trusted=trusted, previous=held)
    except UnreadableError as error:
        return _unreadable(name, previous, str(error), news)
    active, fault = _active(store, name, versions, previous)
    if fault and (previous is None or previous.fault != fault):
        news.append(Refused(name=name, version=None, reason=fault))
    if active is not None and active not in versions and active in known:
        versions[active] = known[active]  # its folder is gone, its answers are not
    for policy, entry in policies.items():
        if entry.fault and (policy not in held or held[policy].fault != entry.fault):
            news.append(Refused(name=name, version=None, reason=entry.fault))
    if policies == held:
        policies = held
    versions = with_policies(versions, policies)
    return ModelEntry(versions=versions, active=active, fault=fault, policies=policies)


def _unreadable(
    name: str, previous: ModelEntry | None, fault: str, news: list[Published | Refused]
) -> ModelEntry:
    if previous is None or previous.fault != fault:
        news.append(Refused(name=name, version=None, reason=fault))
    if previous is None:
        return ModelEntry(versions={}, active=None, fault=fault)
    return replace(previous, fault=fault)


def _version(
    store: StoreReader,
    name: str,
    number: int,
    trusted: TrustedKeys | None,
    known: Refused | None,
) -> Published | Refused:
    # Other keys may vouch for what was refused.
    state = (store.state(name, number), None if trusted is None else trusted.ids)
    if known is not None and known.state == state:
        return known
    try:
        return load_version(store, name, number, trusted=trusted)
    except UnreadableError as error:
        refused = Refused(name=name, version=number, reason=str(error))
        return known if known == refused else refused
    except (ArtifactError, UnknownModelError) as error:
        return Refused(name=name, version=number, reason=str(error), state=state)


def _active(
    store: StoreReader,
    name: str,
    versions: Mapping[int, Published | Refused],
    previous: ModelEntry | None,
) -> tuple[int | None, str | None]:
    """Choose the version that answers, and say what is wrong with ``ACTIVE`` if anything is."""
    kept = previous.active if previous and previous.is_ready else None
    try:
        wanted = store.active(name)
    except (ArtifactError, UnknownModelError) as error:
        return kept, str(error)
    if kept is None or isinstance(versions.get(wanted), Published):
        return wanted, None
    return kept, None if wanted in versions else f"{name}/ACTIVE names version {wanted}, not there"


def _activated(catalogue: Catalogue, previous: Catalogue) -> list[Published]:
    activated = []
    for name, entry in catalogue.models.items():
        before = previous.models.get(name)
        if entry.is_ready and (before is None or before.active != entry.active):
            activated.append(catalogue.get(name))
    return activated


def _new_policies(catalogue: Catalogue, previous: Catalogue) -> Iterator[tuple[str, StoredPolicy]]:
    for model, entry in catalogue.models.items():
        before = previous.models.get(model)
        for name, policy in entry.policies.items():
            known = before.policies.get(name) if before else None
            if policy.held is not None and (known is None or known.held != policy.held):
                yield model, policy.held
