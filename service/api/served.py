"""The models as the routes see them: a catalogue, and an endpoint for each task of each."""

import time
from collections.abc import Iterator

from starlette.requests import Request

from service.api.endpoint import Endpoint
from service.api.rows import RowReader
from service.api.shadow import candidate_of
from service.api.shelf import Shelf
from service.api.tasks import TASKS
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
    shadow : tuple of str and int, optional
        The model and version of a candidate, which is asked the same as the active version.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        previous: "Served | None" = None,
        shadow: tuple[str, int] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.shadow = shadow
        self._known: dict[int, dict[str, Endpoint]] = {} if previous is None else previous.made
        self.made: dict[int, dict[str, Endpoint]] = {}
        self.endpoints: dict[str, tuple[str, Endpoint]] = dict(self._by_path())
        """Every endpoint by its path, with the template of the path."""
        self.shelf = Shelf()
        """Pictures that were asked for."""
        del self._known
        now = time.time()
        self.since: dict[str, float] = {
            digest: now if previous is None else previous.since.get(digest, now)
            for digest in _digests_that_answer(catalogue)
        }

    def endpoint(self, published: Published, task: str) -> Endpoint:
        """Give the endpoint of a task of a model."""
        return self._endpoints(published)[task]

    def _by_path(self) -> Iterator[tuple[str, tuple[str, Endpoint]]]:
        one, its_version = "/models/{name}/", "/models/{name}/versions/{version}/"
        for name, entry in self.catalogue.models.items():
            for version, found in entry.versions.items():
                if isinstance(found, Published):
                    for task, endpoint in self._endpoints(found).items():
                        path = f"/models/{name}/versions/{version}/{task}"
                        yield path, (its_version + task, endpoint)
                        if version == entry.active:
                            yield f"/models/{name}/{task}", (one + task, endpoint)
                        if version == entry.active and name == self.catalogue.default:
                            yield f"/{task}", (f"/{task}", endpoint)

    def _endpoints(self, published: Published) -> dict[str, Endpoint]:
        """Keep what was made for a version that is still served: it has not changed."""
        key = id(published)
        if key not in self.made:
            candidate = candidate_of(self.catalogue, self.shadow, published)
            known = self._known.get(key)
            if known is None or known["predict"].candidate is not candidate:
                known = _endpoints(published, candidate)
            self.made[key] = known
        return self.made[key]


def _endpoints(published: Published, candidate: Published | None) -> dict[str, Endpoint]:
    reader = RowReader(published.artifact.contract)
    return {
        name: Endpoint(task=task, published=published, reader=reader, candidate=candidate)
        for name, task in TASKS.items()
    }


def _digests_that_answer(catalogue: Catalogue) -> list[str]:
    names = [name for name, entry in catalogue.models.items() if entry.is_ready]
    return [catalogue.get(name).artifact.digest for name in names]


class Models:
    """Holds the one view that is served; a reload exchanges it whole.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    shadow : tuple of str and int, optional
        The model and version of a candidate.
    """

    def __init__(self, catalogue: Catalogue, shadow: tuple[str, int] | None = None) -> None:
        self.served = Served(catalogue, shadow=shadow)

    def exchange(self, catalogue: Catalogue) -> None:
        """Serve another catalogue from the next request on."""
        self.served = Served(catalogue, self.served, self.served.shadow)


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


def asked_endpoint(request: Request, task: str) -> Endpoint:
    """Give the endpoint that a request's path names."""
    return served(request).endpoint(asked_model(request), task)
