"""Watching the store: what is published there is served soon, without a restart."""

from service.api.keys import Keyring
from service.artifacts.catalogue import Catalogue, Published, Refused
from service.artifacts.loading import EMPTY, Loading, load_catalogue, nothing_loaded
from service.artifacts.opening import open_store
from service.artifacts.permissions import writable_by_all
from service.artifacts.signing import read_trusted_keys
from service.errors import ArtifactError, ServiceError, SettingsError
from service.server.log import log
from service.settings import Settings


def look(settings: Settings, previous: Catalogue = EMPTY) -> Loading:
    """Look at the store once.

    Parameters
    ----------
    settings : Settings
        Where it is, which model is the default one, which keys are trusted.
    previous : Catalogue
        What is held.

    Returns
    -------
    Loading
        What is served from now on.

    Raises
    ------
    ServiceError
        If the store or the trusted keys cannot be read, and nothing is held.
    """
    try:
        keys = settings.trusted_keys
        trusted = None if keys is None else read_trusted_keys(keys)
        store = open_store(settings)
        if previous is EMPTY and (places := writable_by_all(store)):
            log.warning("store_writable_by_all", count=len(places), first=places[0])
        return load_catalogue(store, settings.default_model, trusted=trusted, previous=previous)
    except ServiceError as error:
        if previous is EMPTY:
            raise
        return nothing_loaded(previous, error)


def look_afresh(settings: Settings, held: Catalogue, keyring: Keyring | None) -> None:
    """Verify the whole store again, as a start would, and the keys that vouch for it.

    Parameters
    ----------
    settings : Settings
        Where the store and the keys are.
    held : Catalogue
        What is served.
    keyring : Keyring or None
        The keys of clients.

    Raises
    ------
    ArtifactError
        If a version that is served would not be served after a start.
    SettingsError
        If the trusted keys cannot be read, or the keys of clients were refused.
    """
    if keyring is not None and keyring.fault is not None:
        raise SettingsError(keyring.fault)
    fresh = look(settings).catalogue
    require_default(fresh, settings)
    for name, entry in held.models.items():
        found = fresh.models.get(name)
        if entry.is_ready and (found is None or not found.is_ready):
            msg = f"model {name!r} is served, and would not be after a start"
            raise ArtifactError(msg)
        for number, one in entry.versions.items():
            refused = found and found.versions.get(number)
            if isinstance(one, Published) and isinstance(refused, Refused):
                msg = f"{name}@{number} is served, and would not be after a start: {refused.reason}"
                raise ArtifactError(msg)


def require_default(catalogue: Catalogue, settings: Settings) -> None:
    """Refuse to start without a model that answers at the root.

    Parameters
    ----------
    catalogue : Catalogue
        What was found in the store.
    settings : Settings
        Where that is.

    Raises
    ------
    ArtifactError
        If there is no default model, or its files were refused.
    """
    if catalogue.default is None:
        msg = (
            f"no default model in {settings.models}: expected one model, one called 'demo',"
            " or SOFTMAX_DEFAULT_MODEL (softmax train demo makes one)"
        )
        raise ArtifactError(msg)
    entry = catalogue.models.get(catalogue.default)
    if entry is None:
        msg = f"the default model {catalogue.default!r} is not in {settings.models}"
        raise ArtifactError(msg)
    if not entry.is_ready:
        found = entry.versions.get(entry.active or 0)
        reason = getattr(found, "reason", entry.fault or "ACTIVE names no version that is there")
        msg = f"the default model {catalogue.default!r} cannot be loaded: {reason}"
        raise ArtifactError(msg)
