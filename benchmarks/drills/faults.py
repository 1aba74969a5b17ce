"""Ten faults planted in a copy of the service, each of which the suite has to find.

Run as ``python -m benchmarks.drills.faults``. A fault is one exchange of text; where the text
is not there any more, this fails too, so that no fault is left out in silence.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("service", "tests", "benchmarks", "pyproject.toml", "README.md")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A change that takes a guard away.

    Parameters
    ----------
    name : str
        What it does.
    path : str
        The file that is changed.
    old, new : str
        What is taken out of it, and what stands there instead.
    tests : sequence of str
        The tests of which one must fail.
    """

    name: str
    path: str
    old: str
    new: str
    tests: Sequence[str]


FAULTS = (
    Fault(
        name="scores need not be finite",
        path="service/softmax/model.py",
        old="rows = np.flatnonzero(~np.isfinite(scores).all(axis=0))",
        new="rows = np.flatnonzero(scores.all(axis=0) & False)",
        tests=["tests/softmax/test_model.py"],
    ),
    Fault(
        name="a body may be as large as it likes",
        path="service/api/predictions.py",
        old="limit = settings.body_bytes",
        new="limit = 2**40",
        tests=["tests/api/test_envelope.py"],
    ),
    Fault(
        name="keys are compared with ==, up to the first that fits",
        path="service/api/keys.py",
        old="if compare_digest(key.digest, digest):",
        new="if found is None and key.digest == digest:",
        tests=["tests/api/test_keys.py"],
    ),
    Fault(
        name="any X-Request-ID is reflected",
        path="service/api/envelope.py",
        old="given if given and _is_word(given) else",
        new="given if given else",
        tests=["tests/api/test_service.py"],
    ),
    Fault(
        name="who is refused is not told when to come again",
        path="service/api/problems.py",
        old='return {"Retry-After": str(when_to_come_again(request_id))}',
        new="return {}",
        tests=["tests/api/test_envelope.py"],
    ),
    Fault(
        name="the listener is closed before anybody was told",
        path="service/server/supervisor.py",
        old="self._send(Stop(after_s=drain_s))",
        new="self._send(Stop(after_s=0.0))",
        tests=["tests/system/test_drain.py"],
    ),
    Fault(
        name="arrays are decoded before digests are compared",
        path="service/artifacts/artifact.py",
        old="    digest = sha256(manifest_bytes)\n    sums =",
        new="    decode_payload(content)\n    digest = sha256(manifest_bytes)\n    sums =",
        tests=["tests/artifacts/test_tampering.py"],
    ),
    Fault(
        name="metrics are labelled with the path as it came",
        path="service/api/envelope.py",
        old='getattr(scope.get("route"), "path", UNMATCHED)',
        new='scope["path"]',
        tests=["tests/api/test_metrics.py"],
    ),
    Fault(
        name="a slash too many leads to where Host says",
        path="service/app.py",
        old="redirect_slashes=False",
        new="redirect_slashes=True",
        tests=["tests/api/test_service.py"],
    ),
    Fault(
        name="a number may be NaN",
        path="service/api/rows.py",
        old="allow_inf_nan=False",
        new="allow_inf_nan=True",
        tests=["tests/api/test_predictions.py"],
    ),
)


def is_caught(fault: Fault, folder: Path) -> bool:
    """Plant a fault in a copy, and say whether a test fails because of it.

    Parameters
    ----------
    fault : Fault
        The fault.
    folder : Path
        The copy; it is whole again afterwards.

    Returns
    -------
    bool
        Whether the suite finds it.

    Raises
    ------
    LookupError
        If the text that it changes is not there, once.
    """
    path = folder / fault.path
    whole = path.read_text()
    if whole.count(fault.old) != 1:
        msg = f"{fault.name}: {fault.path} has changed"
        raise LookupError(msg)
    path.write_text(whole.replace(fault.old, fault.new))
    try:
        return not passes(fault.tests, folder)
    finally:
        path.write_text(whole)


def passes(tests: Sequence[str], folder: Path) -> bool:
    """Run tests of a copy until the first one fails, and say whether all passed."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},  # before the checkout, for subprocesses too
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def copied(folder: Path) -> Path:
    """Copy what the tests need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def missed() -> int:
    """Plant every fault, one after the other; give the number that was not found."""
    with tempfile.TemporaryDirectory() as name:
        folder = copied(Path(name))
        every = sorted({test for fault in FAULTS for test in fault.tests})
        if not passes(every, folder):
            print("without a fault, a test fails: nothing could be said")
            return len(FAULTS)
        number = 0
        for fault in FAULTS:
            found = is_caught(fault, folder)
            number += not found
            print(f"{'found' if found else 'MISSED':7s} {fault.name}", flush=True)
    return number


if __name__ == "__main__":
    sys.exit(missed())
