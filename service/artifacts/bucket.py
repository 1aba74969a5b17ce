"""Objects in somebody's cloud: listed, read, written under a condition, deleted."""

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from service.errors import ArtifactError, SettingsError, UnreadableError

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, ObjectStore

# Who looks at the store also minds the workers, so it does not wait long.
CONNECT_S, SILENCE_S, ALL_S = 2, 5, 60
RETRIES = 1

_TIMES = re.compile(r" in [0-9.]+[^0-9. ]*s\b|, after [0-9]+ retries, .*?(?= - |$)")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object as a listing shows it."""

    n_bytes: int
    tag: str | None
    generation: str | None


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The objects under a URL, named from there on.

    Parameters
    ----------
    url : str
        ``s3://``, ``gs://`` or ``az://``, a bucket, and a folder in it.
    client : ObjectStore
        Whoever talks to it.
    """

    url: str
    client: "ObjectStore"

    def listing(self, prefix: str | None = None) -> dict[str, Stored]:
        """List objects.

        Parameters
        ----------
        prefix : str, optional
            A folder, without a slash at its end; by default all of them.

        Returns
        -------
        dict of str to Stored
            Objects by name.

        Raises
        ------
        UnreadableError
            If they cannot be listed now.
        """
        import obstore  # noqa: PLC0415 - an extra, and only for stores that are no folder

        with _asking(self.url):
            found = obstore.list(self.client, prefix).collect()
        return {
            one["path"]: Stored(n_bytes=one["size"], tag=one["e_tag"], generation=one["version"])
            for one in found
        }

    def read(self, name: str, max_bytes: int) -> bytes:
        """Read an object.

        Parameters
        ----------
        name : str
            Which one.
        max_bytes : int
            Largest size, in bytes.

        Returns
        -------
        bytes
            All of it.

        Raises
        ------
        UnreadableError
            If it is not there, or cannot be read now.
        ArtifactError
            If it is too large.
        """
        import obstore  # noqa: PLC0415 - as above

        with _asking(self.url):
            answer = obstore.get(self.client, name)
            if answer.meta["size"] <= max_bytes:
                return bytes(answer.bytes())
        msg = f"{name}: expected at most {max_bytes} bytes"
        raise ArtifactError(msg)

    def write(self, name: str, content: bytes, *, replace: Stored | None = None) -> bool:
        """Write an object that is not there, or in place of the one that is known.

        Parameters
        ----------
        name : str
            Which one.
        content : bytes
            All of it.
        replace : Stored, optional
            What is to be replaced; by default nothing may be there.

        Returns
        -------
        bool
            Whether it was written; not where somebody else was faster.

        Raises
        ------
        UnreadableError
            If it cannot be written now.
        """
        import obstore  # noqa: PLC0415 - as above
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415 - so

        with _asking(self.url):
            try:
                if replace is None:
                    obstore.put(self.client, name, content, mode="create")
                else:
                    obstore.put(self.client, name, content, mode=_known(replace))
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def delete(self, name: str) -> None:
        """Delete an object, if it is there.

        Parameters
        ----------
        name : str
            Which one.

        Raises
        ------
        UnreadableError
            If it cannot be deleted now.
        """
        import obstore  # noqa: PLC0415 - as above

        with _asking(self.url):
            obstore.delete(self.client, name)


def _known(stored: Stored) -> "UpdateVersion":
    """Name the state of an object by whichever of the two words its cloud has for it."""
    known: UpdateVersion = {}
    if stored.tag is not None:
        known["e_tag"] = stored.tag
    if stored.generation is not None:
        known["version"] = stored.generation
    return known


@functools.lru_cache(maxsize=1)
def open_bucket(url: str) -> Bucket:
    """Open a bucket; one for the process, whose connections are kept between two looks.

    Credentials and endpoints are those that the environment names in the way of the cloud in
    question: ``AWS_…``, ``GOOGLE_…``, ``AZURE_…`` variables, or the machine's own identity.

    Parameters
    ----------
    url : str
        ``s3://``, ``gs://`` or ``az://``, a bucket, and a folder in it.

    Returns
    -------
    Bucket
        Its objects; nothing has been asked of it yet.

    Raises
    ------
    SettingsError
        If the package that talks to it is missing, or the environment does not fit.
    """
    try:
        from obstore.store import from_url  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        msg = f"a store at {url} needs {error.name}: pip install 'softmax-service[remote]'"
        raise SettingsError(msg) from None
    # An endpoint without TLS is allowed to whoever names one; https is the default.
    options: ClientConfig = {
        "connect_timeout": timedelta(seconds=CONNECT_S),
        "read_timeout": timedelta(seconds=SILENCE_S),
        "timeout": timedelta(seconds=ALL_S),
        "allow_http": True,
    }
    retries = timedelta(seconds=SILENCE_S)
    try:
        client = from_url(
            url,
            client_options=options,
            retry_config={"max_retries": RETRIES, "retry_timeout": retries},
        )
    except Exception as error:  # whatever a builder of clients does not like
        msg = f"the store {url} cannot be opened: {_first_line(error)}"
        raise SettingsError(msg) from error
    return Bucket(url=url, client=client)


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """Let an answer that does not come end in one line.

    Raises
    ------
    UnreadableError
        If the block got no answer, or a refusal.
    """
    from obstore.exceptions import BaseError  # noqa: PLC0415 - as above

    try:
        yield
    except (BaseError, OSError, MemoryError) as error:
        msg = f"the store {url} does not answer: {_first_line(error)}"
        raise UnreadableError(msg) from error


def _first_line(error: BaseException) -> str:
    """Say what went wrong, without times, which differ, and the pages that follow.

    Examples
    --------
    >>> _first_line(OSError("Error performing GET in 4.1ms - timed out"))
    'Error performing GET - timed out'
    """
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return _TIMES.sub("", line)[:300]
