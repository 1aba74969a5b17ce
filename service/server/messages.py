"""What a supervisor sends its workers: what to answer with, and when to stop."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.api.keys import Key
from service.artifacts.artifact import Files, unpack
from service.artifacts.catalogue import Catalogue, ModelEntry, Published, Refused, with_policies
from service.artifacts.policy_loading import Policies

Versions = Mapping[int, Files | Refused | None]
"""None stands for a version that the worker holds already."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Stop, but not before others know.

    Parameters
    ----------
    after_s : float
        Seconds from now until nothing more is accepted; what is in flight then is finished.
    is_retirement : bool
        Whether others go on answering at the same address: then nothing is accepted from now
        on, and probes are not told.
    """

    after_s: float
    is_retirement: bool = False


@dataclass(frozen=True, kw_only=True)
class News:
    """Serve other models.

    Parameters
    ----------
    default : str or None
        The model that answers at the root.
    models : mapping of str to tuple
        For each model its active version, its versions, and its policies.
    """

    default: str | None
    models: Mapping[str, tuple[int | None, Versions, Policies]]


@dataclass(frozen=True, kw_only=True)
class NewKeys:
    """Let other keys in.

    Parameters
    ----------
    keys : tuple of Key
        All of them.
    """

    keys: tuple[Key, ...]


Message = News | NewKeys | Stop


def news(catalogue: Catalogue, held: Catalogue) -> News | None:
    """Say what a worker has to know.

    Parameters
    ----------
    catalogue : Catalogue
        What is to be served.
    held : Catalogue
        What the worker serves.

    Returns
    -------
    News or None
        None if nothing is served otherwise than before.
    """
    message = _message(catalogue, held)
    return None if message == _message(held, held) else message


def received(message: News, held: Catalogue) -> Catalogue:
    """Follow news.

    Parameters
    ----------
    message : News
        What has come.
    held : Catalogue
        What is served now.

    Returns
    -------
    Catalogue
        What is to be served.

    Raises
    ------
    ArtifactError
        If files do not hold what they held for the sender.
    """
    entries = {}
    for name, (active, sent, policies) in message.models.items():
        versions: dict[int, Published | Refused] = {}
        for number, content in sent.items():
            if content is None:
                versions[number] = held.models[name].versions[number]
            elif isinstance(content, Refused):
                versions[number] = content
            else:
                artifact = unpack(content)  # the sender has checked the signature
                versions[number] = Published(
                    name=name, version=number, artifact=artifact, files=content
                )
        versions = with_policies(versions, policies)
        entries[name] = ModelEntry(versions=versions, active=active, policies=policies)
    return Catalogue(models=entries, default=message.default)


def _message(catalogue: Catalogue, held: Catalogue) -> News:
    known = {_key(one) for entry in held.models.values() for one in entry.versions.values()}
    models: dict[str, tuple[int | None, Versions, Policies]] = {}
    for name, entry in catalogue.models.items():
        versions: dict[int, Files | Refused | None] = {}
        for number, one in entry.versions.items():
            if _key(one) in known:
                versions[number] = None
            else:
                versions[number] = one.files if isinstance(one, Published) else one
        models[name] = (entry.active, versions, entry.policies)
    return News(default=catalogue.default, models=models)


def _key(one: Published | Refused) -> int:
    """Tell versions apart whose files were read apart, whatever policies they hold."""
    return id(one.files if isinstance(one, Published) else one)
