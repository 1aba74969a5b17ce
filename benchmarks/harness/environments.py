"""An environment of its own for each peer, made on first use."""

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness.machine import CACHE, ROOT

PEERS = Path(__file__).parents[1] / "peers"


class UnavailableError(Exception):
    """Something that others may have is not here; the text says what, in one line."""


def interpreter(peer: str) -> Path:
    """Give the Python of a peer's environment.

    Raises
    ------
    UnavailableError
        If the peer will not install here.
    """
    requirements = PEERS / peer / "requirements.txt"
    return _made(peer, requirements.read_bytes(), [["-r", str(requirements)]])


def our_interpreter() -> Path:
    """Give the Python of an environment as users have it: the lock, and pyarrow for Arrow.

    Development has packages that some of ours import where they find them.

    Raises
    ------
    UnavailableError
        If the lock cannot be installed.
    """
    lock = ROOT / "requirements-serve.lock"
    arrow = f"pyarrow=={importlib.metadata.version('pyarrow')}"
    steps = [
        ["--no-deps", "--require-hashes", "-r", str(lock)],
        [arrow],
        ["--no-deps", "--no-build-isolation", "-e", str(ROOT)],
    ]
    made_of = lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + arrow.encode()
    return _made("softmax-service", made_of, steps)


def _made(name: str, made_of: bytes, steps: list[list[str]]) -> Path:
    folder = CACHE / "envs" / name
    stamp, wanted = folder / "made-of", hashlib.sha256(made_of).hexdigest()
    python = folder / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"   installing {name} (once)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    install = [str(python), "-m", "pip", "install", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        *([*install, *step] for step in steps),
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            msg = f"{name} will not install: {(reasons or ['no reason given'])[-1][:200]}"
            raise UnavailableError(msg)
    stamp.write_text(wanted)
    return python


def version(python: Path, package: str) -> str:
    """Give the version of a package in an environment."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def system_tool(name: str) -> str:
    """Find a program that the system's packages hold.

    Raises
    ------
    UnavailableError
        If it is missing.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        msg = f"{name} is missing: apt-get install {name}"
        raise UnavailableError(msg)
    return path


def tool_version(command: list[str]) -> str:
    """Give the first number with dots that a program says about itself."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found.group() if found else "?"
