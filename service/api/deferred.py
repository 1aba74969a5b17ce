"""An application that is built when it is first asked for anything.

FastAPI takes as long to import as all the rest of a start, and a process that only predicts
never needs it. It is built in a thread: predictions go on beside that.
"""

import gc
import threading
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send


class Deferred:
    """Passes requests on to an application that is built for the first of them.

    Parameters
    ----------
    build : callable
        Makes the application.
    """

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app = self._app
        if app is None:
            app = await run_in_threadpool(self._built)
        await app(scope, receive, send)

    def _built(self) -> ASGIApp:
        with self._lock:  # of several first requests one builds
            if self._app is None:
                self._app = self._build()
                gc.freeze()  # it stays: whoever looks for garbage need not look there
            return self._app
