"""Answers to requests that never reach the application, as bytes."""

import uuid
from collections.abc import Iterable
from http import HTTPStatus

from service.api.problems import problem


class Refusal(Exception):  # noqa: N818 - it is an answer; it is raised to leave a parser's callback
    """A request is not fit to be handed to the application.

    Parameters
    ----------
    code : str
        A public code.
    detail : str
        One line for the client.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.request_id = uuid.uuid4().hex
        self._answer = problem(code, detail, self.request_id)

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._answer.status_code

    def to_bytes(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Write the whole answer, after which the connection is closed.

        Parameters
        ----------
        headers : iterable of tuples of two bytes
            Those that every answer of this server has.

        Returns
        -------
        bytes
            Status line, headers and body.
        """
        every = [
            *headers,
            *self._answer.raw_headers,
            (b"x-request-id", self.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        status_line = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        lines = [status_line, *(name + b": " + value for name, value in every)]
        return b"\r\n".join([*lines, b"", bytes(self._answer.body)])


def malformed() -> Refusal:
    """Refuse what is not HTTP, or another version of it."""
    return Refusal("malformed_request", "the request is not HTTP/1.1")


def not_one_host(n_hosts: int) -> Refusal:
    """Refuse a request that leaves open whom it is for."""
    return Refusal("malformed_request", f"expected one Host header, got {n_hosts}")


def too_large(header_bytes: int) -> Refusal:
    """Refuse a head that is larger than allowed."""
    return Refusal("header_too_large", f"expected a head of at most {header_bytes} bytes")


def too_late(receipt_s: float) -> Refusal:
    """Refuse a request that does not come."""
    return Refusal("request_timeout", f"expected the whole request within {receipt_s:g} s")
