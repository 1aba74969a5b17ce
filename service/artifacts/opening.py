"""The store that the settings name."""

from service.artifacts.store import Store
from service.settings import Settings


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name.

    Parameters
    ----------
    settings : Settings
        Where it is.

    Returns
    -------
    Store
        To look at and to change.
    """
    return Store(root=settings.models)
