"""`regions.png`, `regions.svg` and `regions.geojson`: the decision regions of a model."""

import asyncio
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from service import __version__
from service.api.bodies import single_parameters
from service.api.predictions import model_headers
from service.api.served import asked_model
from service.artifacts.catalogue import Published
from service.regions import Picture, PictureOptions, draw

PAINTERS: Mapping[str, tuple[str, Callable[[Picture], bytes]]] = {
    "png": ("image/png", Picture.png),
    "svg": ("image/svg+xml", Picture.svg),
    "geojson": ("application/geo+json", Picture.geojson),
}
"""The media type and the painter of each format."""


def picture_routes(prefix: str) -> APIRouter:
    """Make the picture routes under one prefix.

    Parameters
    ----------
    prefix : str
        Empty for the default model, else a path that names a model.

    Returns
    -------
    APIRouter
        The routes.
    """
    router = APIRouter(prefix=prefix, tags=["regions"])

    @router.get("/regions.png", responses=_documented("png"), openapi_extra=_PARAMETERS)
    async def regions_png(request: Request) -> Response:
        """Draw the decision regions in a plane of two features, as a picture."""
        return await _answer(request, "png")

    @router.get("/regions.svg", responses=_documented("svg"), openapi_extra=_PARAMETERS)
    async def regions_svg(request: Request) -> Response:
        """Draw the decision regions in a plane of two features, as exact outlines."""
        return await _answer(request, "svg")

    @router.get("/regions.geojson", responses=_documented("geojson"), openapi_extra=_PARAMETERS)
    async def regions_geojson(request: Request) -> Response:
        """Give the decision regions in a plane of two features, as polygons in their units."""
        return await _answer(request, "geojson")

    return router


async def _answer(request: Request, suffix: str) -> Response:
    published = asked_model(request)
    parameters = single_parameters(request)
    options = PictureOptions.from_texts(parameters)
    headers = model_headers(published) | {
        "ETag": _etag(published, suffix, parameters),
        "Cache-Control": "public, no-cache",
    }
    if _is_known(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    media_type, _ = PAINTERS[suffix]
    drawing: asyncio.Semaphore = request.app.state.drawing
    async with drawing:
        content = await run_in_threadpool(paint, published, options, suffix)
    return Response(content, media_type=media_type, headers=headers)


def paint(published: Published, options: PictureOptions, suffix: str) -> bytes:
    """Draw a model in one of the formats.

    Parameters
    ----------
    published : Published
        The model.
    options : PictureOptions
        What is to be shown, and how.
    suffix : {"png", "svg", "geojson"}
        The format.

    Returns
    -------
    bytes
        The whole file; the same for the same arguments.

    Raises
    ------
    PlaneError
        If the model has fewer than two numeric features.
    InputError
        If an option does not fit the model.
    """
    artifact = published.artifact
    picture = draw(
        artifact.model,
        artifact.contract,
        artifact.sample,
        options,
        name=published.name,
        default_pair=artifact.manifest.regions_pair,
    )
    _, painter = PAINTERS[suffix]
    return painter(picture)


def _etag(published: Published, suffix: str, parameters: Mapping[str, str]) -> str:
    """Name the bytes of a picture before it is drawn, by all that decides them."""
    key = [
        __version__,
        published.name,
        published.artifact.digest,
        suffix,
        sorted(parameters.items()),
    ]
    return f'"{hashlib.sha256(json.dumps(key).encode()).hexdigest()}"'


def _is_known(if_none_match: str, etag: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


@functools.cache
def _documented(suffix: str) -> dict[int | str, dict[str, Any]]:
    media_type, _ = PAINTERS[suffix]
    schema = {"type": "string", "format": "binary"} if suffix == "png" else {"type": "object"}
    content = {media_type: {"schema": schema}}
    return {200: {"description": "The regions.", "content": content}}


_NUMBER = {"type": "number"}
_TEXT = {"type": "string", "maxLength": 200}
_PARAMETERS = {
    "parameters": [
        _parameter("x", "feature on the horizontal axis", type="string"),
        _parameter("y", "feature on the vertical axis", type="string"),
        *(
            _parameter(f"{axis}{end}", f"{end} of the {axis} axis", **_NUMBER)
            for axis in "xy"
            for end in ("min", "max")
        ),
        _parameter("width", "pixels", type="integer", minimum=100, maximum=2000, default=700),
        _parameter("height", "pixels", type="integer", minimum=100, maximum=2000, default=600),
        _parameter(
            "scale", "device pixels a pixel", type="integer", minimum=1, maximum=4, default=1
        ),
        _parameter(
            "theme", "colours", type="string", enum=["light", "dark", "auto"], default="auto"
        ),
        _parameter(
            "shade",
            "how probability shows",
            type="string",
            enum=["none", "bands", "smooth"],
            default="bands",
        ),
        _parameter(
            "points", "whether stored training rows show", type="integer", enum=[0, 1], default=1
        ),
        *(
            _parameter(name, "text in the picture", **_TEXT)
            for name in ("title", "xlabel", "ylabel")
        ),
    ]
}
