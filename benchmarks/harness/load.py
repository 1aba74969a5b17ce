"""The load: many small requests by wrk, one large request at a time by a socket."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.environments import system_tool
from harness.machine import ONE_THREAD, cores, pinned
from harness.servers import Question

SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method = "{method}"
wrk.body = file:read("*a")
{headers}
local number = 0
local function another()
  number = number + 1
  wrk.headers["X-Request-ID"] = "request-" .. number
  return wrk.format()
end
if {differ} then request = another end
function done(summary, latency, requests)
  io.stderr:write(string.format(
    '{{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "failed": %d}}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout))
end
"""


class FailedRequestsError(Exception):
    """A server that was asked in earnest did not answer everything."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came of a second or two of requests."""

    requests: int
    per_second: float
    p50_us: float
    p99_us: float


def loaded(
    port: int, question: Question, *, connections: int, seconds: float, differ: bool = False
) -> Load:
    """Send one request again and again over some connections; if they differ, by an id each.

    Raises
    ------
    FailedRequestsError
        If an answer is missing or says no.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, script = Path(folder) / "body", Path(folder) / "load.lua"
        body.write_bytes(question.body)
        headers = "\n".join(f'wrk.headers["{k}"] = {v!r}' for k, v in question.headers)
        script.write_text(
            SCRIPT.format(
                body=body, method=question.method, headers=headers, differ=str(differ).lower()
            ),
            encoding="utf-8",
        )
        done = subprocess.run(
            [
                *pinned(cores()[-1]), system_tool("wrk"), "--threads", "1",
                "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s",
                "--timeout", "60s", "--script", str(script),
                f"http://127.0.0.1:{port}{question.path}",
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found = json.loads(done.stderr)
    if found["failed"] or not found["requests"]:
        msg = f"{found['failed']} of {found['requests']} requests to {question.path} failed"
        raise FailedRequestsError(msg)
    return Load(
        requests=found["requests"],
        per_second=1e6 * found["requests"] / found["microseconds"],
        p50_us=found["p50"],
        p99_us=found["p99"],
    )


def seconds_for(port: int, question: Question, times: int) -> list[float]:
    """Send a large request a few times, one after the other, and time each.

    Raises
    ------
    FailedRequestsError
        If an answer says no.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(question.body)
        file.flush()
        headers = json.dumps(dict(question.headers))
        done = subprocess.run(
            [
                *pinned(cores()[-1]), sys.executable, str(Path(__file__).with_name("bulk.py")),
                str(port), question.path, file.name, headers, str(times),
            ],
            check=False, capture_output=True, text=True, env=ONE_THREAD,
        )  # fmt: skip
    if done.returncode:
        msg = f"a large request to {question.path} failed: {done.stderr.strip()[-200:]}"
        raise FailedRequestsError(msg)
    times_s: list[float] = json.loads(done.stdout)
    return times_s
