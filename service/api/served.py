"""The models as the routes see them: the catalogue, and a row reader for each contract."""

from dataclasses import dataclass, field

from fastapi import Request

from service.api.rows import RowReader
from service.artifacts.catalogue import Catalogue, Published
from service.errors import UnknownModelError


@dataclass(frozen=True, kw_only=True, eq=False)
class Served:
    """One immutable view of all models; a reload replaces it whole.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    """

    catalogue: Catalogue
    _readers: dict[str, RowReader] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        readers = {
            published.artifact.digest: RowReader(published.artifact.contract)
            for entry in self.catalogue.models.values()
            for published in entry.versions.values()
            if isinstance(published, Published)
        }
        object.__setattr__(self, "_readers", readers)

    def reader(self, published: Published) -> RowReader:
        """Give the reader of a model's rows."""
        return self._readers[published.artifact.digest]


def served(request: Request) -> Served:
    """Give the models of the application that a request came to."""
    view: Served = request.app.state.served
    return view


def asked_model(request: Request) -> Published:
    """Give the model that a request's path names, else the default one."""
    name = request.path_params.get("name")
    version = request.path_params.get("version")
    if version is not None and not (version.isascii() and version.isdigit() and len(version) < 10):  # noqa: PLR2004 - digits
        msg = f"no such version of model {name!r}"
        raise UnknownModelError(msg)
    return served(request).catalogue.get(name, None if version is None else int(version))
