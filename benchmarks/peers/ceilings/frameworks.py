"""The same constants behind a framework's layers: Starlette's, and FastAPI's on top of them."""

from constant import ANSWERS
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def _respond(request: Request) -> Response:
    await request.body()
    status, media_type, body = ANSWERS[request.url.path]
    return Response(body, status, media_type=media_type.decode())


starlette = Starlette(routes=[Route(path, _respond, methods=["GET", "POST"]) for path in ANSWERS])

fastapi = FastAPI()
for _path in ANSWERS:
    fastapi.add_api_route(_path, _respond, methods=["GET", "POST"])
