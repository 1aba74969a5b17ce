"""The store that the settings name: a folder, or a bucket and its mirror on this machine."""

import hashlib
import os
from pathlib import Path

from service.artifacts.bucket import open_bucket
from service.artifacts.policy_store import PolicyStore
from service.artifacts.remote import RemoteStore
from service.artifacts.remote_policies import RemotePolicyStore
from service.artifacts.store import Store
from service.errors import SettingsError
from service.settings import Settings


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name; one that is no folder is looked at right away.

    Parameters
    ----------
    settings : Settings
        Where it is, and where its mirror may be.

    Returns
    -------
    Store
        To look at and to change.

    Raises
    ------
    ArtifactError
        If a bucket does not answer.
    SettingsError
        If it cannot be asked, or there is no place for the mirror.
    """
    if isinstance(settings.models, Path):
        return Store(root=settings.models)
    bucket = open_bucket(settings.models)
    store = RemoteStore(root=_mirror_folder(settings.models, settings.models_cache), bucket=bucket)
    store.refresh()
    return store


def open_policies(store: Store, model: str) -> PolicyStore:
    """Open the policies of a model of a store.

    Parameters
    ----------
    store : Store
        Where the model is.
    model : str
        The model.

    Returns
    -------
    PolicyStore
        To look at and to change.
    """
    if isinstance(store, RemoteStore):
        return RemotePolicyStore(root=store.root, model=model, bucket=store.bucket)
    return PolicyStore(root=store.root, model=model)


def _mirror_folder(url: str, cache: Path | None) -> Path:
    try:
        if cache is None:
            home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
            cache = Path(home) / "softmax-service"
        # One for each URL, and for its owner alone.
        folder = cache / hashlib.sha256(url.encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError) as error:  # a RuntimeError where nobody has a home
        msg = (
            f"no folder for copies of {url} can be made: SOFTMAX_MODELS_CACHE names one that"
            " may be written"
        )
        raise SettingsError(msg) from error
    return folder
