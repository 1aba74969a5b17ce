"""A foreign file, opened in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from service.errors import ExchangeError
from service.training.exchange.foreign import Foreign

MAX_FILE_BYTES = 256 * 2**20
_ZIP = b"PK\x03\x04"
_CHILD = "service.training.exchange.child"
_ENVIRONMENT = ("PATH", "LANG", "SYSTEMROOT")


def read_foreign(path: Path) -> bytes:
    """Read a file once, whole.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    ExchangeError
        If it cannot be read or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise ExchangeError(msg) from error
    if len(content) > MAX_FILE_BYTES:
        msg = f"{path}: expected at most {MAX_FILE_BYTES} bytes"
        raise ExchangeError(msg)
    return content


def is_skops(content: bytes) -> bool:
    """Say whether a file is read as skops; every other one is a pickle, whatever its name.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    bool
        Whether it begins as a zip archive does, which no pickle can.
    """
    return content.startswith(_ZIP)


def open_foreign(content: bytes, name: str, features: Sequence[str]) -> Foreign:
    """Let another process open a file, and read its answer.

    The other process gets the bytes, no setting and no key from the environment, and an empty
    folder. It is no cage: what a pickle does, it does with the rights of whoever runs this.

    Parameters
    ----------
    content : bytes
        The whole file; a pickle among them must be trusted by now.
    name : str
        What messages call it.
    features : sequence of str
        Names of the features; empty to take those in the file.

    Returns
    -------
    Foreign
        What the file holds.

    Raises
    ------
    ExchangeError
        If the file holds anything that cannot be expressed; the text says what.
    """
    kind = "skops" if is_skops(content) else "pickle"
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(  # noqa: S603 - our own module, by this interpreter
            # -I: neither the folder nor the environment decides what is imported.
            [sys.executable, "-I", "-m", _CHILD, kind, json.dumps(list(features))],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            env={**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            check=False,
        )
    return parse_answer(done.stdout, name, done.returncode)


def parse_answer(answer: bytes, name: str, code: int = 0) -> Foreign:
    """Read what the other process said.

    Parameters
    ----------
    answer : bytes
        Its output.
    name : str
        What messages call the file.
    code : int
        Its exit code.

    Returns
    -------
    Foreign
        What the file holds.

    Raises
    ------
    ExchangeError
        If it refused the file, or did not answer as it should.
    """
    try:
        document = json.loads(answer)
        if isinstance(document, dict) and isinstance(document.get("refused"), str):
            # A text from the other side: one line, and nothing that a terminal obeys.
            shown = "".join(c if c.isprintable() else " " for c in document["refused"])
            msg = f"{name}: {shown[:600]}"
            raise ExchangeError(msg)
        return Foreign.model_validate_json(json.dumps(document["foreign"]))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            where = "/".join(map(str, first["loc"]))
            msg = (
                f"{name}: expected a model from the process that opened it: {first['msg']}, {where}"
            )
        else:
            msg = f"{name}: the process that opened it gave no answer and ended with code {code}"
        raise ExchangeError(msg) from error
