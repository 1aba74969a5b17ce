"""What the guards cost: the time that the envelope adds to a request, and the share of it.

The first part calls the envelope around an application that answers one constant, and the
same application bare. The second part asks the whole application for one row, with guards
and with pass-throughs in their place, turn and turn about in one run.
"""

import asyncio
import os
import sys
from time import perf_counter
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.envelope import Envelope
from service.api.guards import lone_guards
from service.settings import Settings

QUICK = "--quick" in sys.argv[1:]
REPEATS = 20 if QUICK else 100
REQUESTS = 1_000  # short turns: some of them are not disturbed
BODY = b'{"instances": [[0.4, -1.9]]}'
START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
}
END: Message = {"type": "http.response.body", "body": b"{}"}


def scope() -> dict[str, Any]:
    """Give what a server says of a request for one row."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/predict_proba",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", b"benchmark"),
            (b"accept", b"*/*"),
            (b"content-type", b"application/json"),
            (b"content-length", b"28"),
        ],
        "state": {},
    }


async def receive() -> Message:
    """Give the body."""
    return {"type": "http.request", "body": BODY}


async def send(message: Message) -> None:
    """Take the answer."""
    del message


async def constant(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a constant, and note what a prediction would."""
    body = (await receive())["body"]
    note = scope["state"].get("note")
    if note is not None:
        note.route, note.bytes_in, note.is_read = "/predict_proba", len(body), True
        note.tally, note.predicted = TALLY, 1
        note.phases = (1e-6, 2e-6, 2e-6, 1e-6)
    await send(START)
    await send(END)


SETTINGS = Settings(request_log=False)
GUARDS = lone_guards(SETTINGS)
TALLY = GUARDS.recorder.tally("demo", "sha256:", (0, 1, 2))


async def seconds(app: ASGIApp) -> float:
    """Measure the mean time of a request."""
    began = perf_counter()
    for _ in range(REQUESTS):
        await app(scope(), receive, send)
    return (perf_counter() - began) / REQUESTS


async def main() -> None:
    """Compare."""
    apps = {"bare": constant, "guarded": Envelope(constant, SETTINGS, GUARDS)}
    times: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(REPEATS):
        for name, app in apps.items():
            times[name].append(await seconds(app))
    best = {name: min(found) * 1e6 for name, found in times.items()}
    print(f"envelope: {best['guarded'] - best['bare']:.2f} us a request, best of {REPEATS}")


asyncio.run(main())
