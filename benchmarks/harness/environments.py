"""An environment of its own for each peer, made on first use."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness.machine import CACHE

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
    folder = CACHE / "envs" / peer
    stamp, wanted = folder / "made-of", hashlib.sha256(requirements.read_bytes()).hexdigest()
    python = folder / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"   installing {peer} (once)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - fixed commands
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            msg = f"{peer} will not install: {(reasons or ['no reason given'])[-1][:200]}"
            raise UnavailableError(msg)
    stamp.write_text(wanted)
    return python


def version(python: Path, package: str) -> str:
    """Give the version of a package in an environment."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - our own line
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
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - fixed commands
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found.group() if found else "?"
