"""Constants on the same uvicorn: what a service could at best do that did no work at all.

PATHS is a JSON object from path to [status, media type, bytes to answer].
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]

ANSWERS = {
    path: (status, media_type.encode(), b"0" * size)
    for path, (status, media_type, size) in json.loads(os.environ["PATHS"]).items()
}


async def asgi(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Take the whole body, answer a constant."""
    while (await receive()).get("more_body"):
        pass
    status, media_type, body = ANSWERS[scope["path"]]
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
