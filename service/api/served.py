"""The models as the routes see them: a catalogue, and a row reader for each contract."""

import time

from fastapi import Request

from service.api.rows import RowReader
from service.artifacts.catalogue import Catalogue, Published
from service.errors import UnknownModelError

MAX_DIGITS = 9


class Served:
    """One immutable view of all models.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    previous : Served, optional
        The view before, whose readers are kept.
    """

    def __init__(self, catalogue: Catalogue, previous: "Served | None" = None) -> None:
        known: dict[str, RowReader] = {} if previous is None else previous.readers
        self.catalogue = catalogue
        now = time.time()
        self.since: dict[str, float] = {
            digest: now if previous is None else previous.since.get(digest, now)
            for digest in _digests_that_answer(catalogue)
        }
        self.readers: dict[str, RowReader] = {
            found.artifact.digest: known.get(found.artifact.digest)
            or RowReader(found.artifact.contract)
            for entry in catalogue.models.values()
            for found in entry.versions.values()
            if isinstance(found, Published)
        }

    def reader(self, published: Published) -> RowReader:
        """Give the reader of a model's rows."""
        return self.readers[published.artifact.digest]


def _digests_that_answer(catalogue: Catalogue) -> list[str]:
    names = [name for name, entry in catalogue.models.items() if entry.is_ready]
    return [catalogue.get(name).artifact.digest for name in names]


class Models:
    """Holds the one view that is served; a reload exchanges it whole.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.served = Served(catalogue)

    def exchange(self, catalogue: Catalogue) -> None:
        """Serve another catalogue from the next request on."""
        self.served = Served(catalogue, self.served)


def served(request: Request) -> Served:
    """Give the view of the models that holds for a whole request."""
    if not hasattr(request.state, "served"):
        models: Models = request.app.state.models
        request.state.served = models.served
    view: Served = request.state.served
    return view


def asked_model(request: Request) -> Published:
    """Give the model that a request's path names, else the default one."""
    name = request.path_params.get("name")
    version = request.path_params.get("version")
    if version is None:
        return served(request).catalogue.get(name)
    if not (version.isascii() and version.isdigit() and len(version) <= MAX_DIGITS):
        msg = f"no such version of model {name!r}"
        raise UnknownModelError(msg)
    return served(request).catalogue.get(name, int(version))
