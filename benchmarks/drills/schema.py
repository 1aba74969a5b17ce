"""The service asked by schemathesis whatever its own description allows, and what it does not.

All checks but one are on. `positive_data_acceptance` is off, since what a request must be
depends on the model that it asks, which a description of all models cannot know:

- how many features a row has, their names and their types;
- which names a picture's axes and a policy's classes may have, and that a view's ends differ;
- that a query parameter does not contradict the body, and the formats that hold rows of tables;
- which models and versions there are.
"""

import subprocess
import sys
from pathlib import Path

UNKNOWABLE = "positive_data_acceptance"


def examined(
    url: str, key: str, directory: Path, *, examples: int, seed: int, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run schemathesis on a service.

    Parameters
    ----------
    url : str
        Where the service answers.
    key : str
        A key that it lets in.
    directory : Path
        Where the tool may leave files.
    examples : int
        Requests for each operation and phase.
    seed : int
        The same seed makes the same requests.
    seconds : float
        When to stop making further ones.

    Returns
    -------
    CompletedProcess
        Exit code 0 if nothing was found; what was found stands in its output.
    """
    options = {
        "checks": "all",
        "exclude-checks": UNKNOWABLE,
        # A path with a version is answered by the same functions as one without.
        "exclude-path-regex": "versions",
        "header": f"X-API-Key: {key}",
        "max-examples": examples,
        "max-time": seconds,
        "seed": seed,
    }
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("st")),
            "run",
            f"{url}/openapi.json",
            "--continue-on-failure",
            "--no-color",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
