"""Every error that is raised on purpose.

::

    ServiceError                     code
    ├── InputError                   invalid_input, or the one code its faults share
    ├── UnauthorizedError            unauthorized
    ├── ForbiddenError               forbidden
    ├── UnknownModelError            unknown_model
    ├── UnknownPolicyError           invalid_policy
    ├── ModelUnavailableError        model_unavailable
    ├── ContentTooLargeError         content_too_large
    ├── MediaTypeError               unsupported_media_type
    ├── NotAcceptableError           not_acceptable
    ├── UnknownDigestError           not_found
    ├── RequestError                 malformed_request
    ├── OverloadedError              overloaded
    │   └── RateLimitedError         rate_limited
    ├── PlaneError                   no_plane
    ├── ArtifactError                a model at rest is damaged, missing or not acceptable
    │   └── UnreadableError          … or its store cannot be read now; it may be in a while
    ├── TableError                   a file of rows cannot be read
    ├── TrainingError                a fit is refused
    ├── ScoringError                 answers to a file cannot be written
    ├── ExchangeError                a foreign model or a foreign format cannot be had
    ├── SettingsError                a SOFTMAX_* variable or flag does not fit
    ├── ClientError                  a service refuses or is away: see service/client/errors.py
    └── ValueRefusedError            a value object was asked to exist in a wrong state

A message says what was expected, what came and where, in one line fit for a client.
Codes are the public vocabulary; which HTTP status a code has is known to `api` alone.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with an input, and where; it never holds the value itself."""

    code: str
    detail: str
    location: tuple[str | int, ...] = ()

    @property
    def pointer(self) -> str:
        """The location as an RFC 6901 JSON pointer."""
        return "".join(
            "/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.location
        )


class ServiceError(Exception):
    """Root of every error raised on purpose; its text is fit for a client."""

    code: ClassVar[str] = "internal"


class InputError(ServiceError):
    """Rows or parameters that a client sent do not fit; `faults` says where and why."""

    code = "invalid_input"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.detail for fault in self.faults[:3]))

    @property
    def common_code(self) -> str:
        """The code that all faults share, else the general one."""
        codes = {fault.code for fault in self.faults}
        return codes.pop() if len(codes) == 1 else self.code


class UnauthorizedError(ServiceError):
    """A request brings no key, or one that is not known."""

    code = "unauthorized"


class ForbiddenError(ServiceError):
    """The key of a request is for something else."""

    code = "forbidden"


class UnknownModelError(ServiceError):
    """No model or version of that name is in the store."""

    code = "unknown_model"


class UnknownPolicyError(ServiceError):
    """No policy of that name or number belongs to the model."""

    code = "invalid_policy"


class ModelUnavailableError(ServiceError):
    """The model exists but its files were refused, so nothing is answered with it."""

    code = "model_unavailable"


class ContentTooLargeError(ServiceError):
    """A body or a number of rows is above its limit."""

    code = "content_too_large"


class MediaTypeError(ServiceError):
    """A body came in a format that is not read here."""

    code = "unsupported_media_type"


class NotAcceptableError(ServiceError):
    """The client accepts no format in which this can be answered."""

    code = "not_acceptable"


class UnknownDigestError(ServiceError):
    """A URL names the digest of another version than the one that answers there."""

    code = "not_found"


class RequestError(ServiceError):
    """A request is not HTTP as it should be."""

    code = "malformed_request"


class OverloadedError(ServiceError):
    """There is more work than may wait; the same request fits a little later.

    Parameters
    ----------
    message : str
        What was expected.
    reason : str
        What there is too much of, in one word, for the metrics.
    """

    code = "overloaded"

    def __init__(self, message: str, *, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class RateLimitedError(OverloadedError):
    """A key has asked more often than it may.

    Parameters
    ----------
    wait_s : float
        Seconds after which it may ask again.
    """

    code = "rate_limited"

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = math.ceil(wait_s)
        super().__init__("expected fewer requests a second with one key", reason="rate")


class PlaneError(ServiceError):
    """The model has no plane to draw regions in."""

    code = "no_plane"


class ArtifactError(ServiceError):
    """A model at rest is damaged, missing, or not acceptable."""


class UnreadableError(ArtifactError):
    """A file or a folder of the store cannot be read now; another try may succeed."""


class TableError(ServiceError):
    """A file of rows cannot be read as a table."""


class TrainingError(ServiceError):
    """A fit is refused; the text says why and what would help."""


class ScoringError(ServiceError):
    """The answers to a file of rows cannot be written; the text says why."""


class ExchangeError(ServiceError):
    """A model cannot be taken from, or written in, somebody else's format; the text says why."""


class SettingsError(ServiceError):
    """A setting does not fit; the text names it."""


class ValueRefusedError(ServiceError):
    """A value object was asked to exist in a wrong state."""
