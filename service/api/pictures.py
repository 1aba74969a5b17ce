"""`regions.png`, `regions.svg` and `regions.geojson`: the decision regions of a model."""

import functools
import hashlib
import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from service import __version__
from service.api.bodies import single_parameters
from service.api.endpoint import model_headers
from service.api.exchange import head_of
from service.api.metrics.note import note_of
from service.api.renders import Renders
from service.api.served import asked_model, served
from service.api.shelf import Shelved, wish
from service.artifacts.catalogue import Published
from service.artifacts.policies import StoredPolicy
from service.errors import UnknownDigestError
from service.regions import Picture, PictureOptions, draw
from service.regions.fingerprint import fingerprint
from service.regions.policies import rule_of
from service.regions.words import WORDS, preferred
from service.softmax.decisions import Decider

PAINTERS: Mapping[str, tuple[str, Callable[[Picture], bytes], bool]] = {
    "png": ("image/png", Picture.png, False),
    "svg": ("image/svg+xml", Picture.svg, True),
    "geojson": ("application/geo+json", Picture.geojson, True),
}
"""The media type and the painter of each format, and whether gzip makes it smaller."""


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
    policy = published.policy(parameters["policy"]) if "policy" in parameters else None
    headers = model_headers(published) | _freshness(published, parameters.pop("v", None), policy)
    varies = []
    if suffix != "geojson" and "lang" not in parameters:
        parameters["lang"] = preferred(request.headers.get("accept-language", ""))
        varies.append("Accept-Language")
    options = _options(tuple(sorted(parameters.items())))
    media_type, _, is_text = PAINTERS[suffix]
    is_zipped = is_text and _accepts_gzip(request.headers.get("accept-encoding", ""))
    if is_text:
        varies.append("Accept-Encoding")
    if is_zipped:
        headers["Content-Encoding"] = "gzip"
    if varies:
        headers["Vary"] = ", ".join(varies)
    renders: Renders = request.app.state.renders
    if not renders.painter:  # it reads the fonts: once, and not on the event loop
        renders.painter = await run_in_threadpool(fingerprint)
    digests = published.artifact.digest + ("" if policy is None else policy.digest)
    key = _key(published.name, digests, suffix, options, renders.painter)
    headers["ETag"] = f'"{key}-gzip"' if is_zipped else f'"{key}"'
    unchanged = Response(
        status_code=304, headers={k: v for k, v in headers.items() if k != "Content-Encoding"}
    )
    if _is_known(request.headers.get("if-none-match", ""), headers["ETag"]):
        return unchanged
    draw_it = functools.partial(paint, published, options, suffix)
    render = await renders.get(key, draw_it, is_text=is_text)
    content = render.zipped if is_zipped and render.zipped is not None else render.content
    answer = Response(content, media_type=media_type, headers=headers)
    shelved = Shelved(
        route=request.scope["route"].path,
        render=weakref.ref(render),
        is_zipped=is_zipped and render.zipped is not None,
        etag=headers["ETag"].encode(),
        head=head_of(answer),
        head_unchanged=head_of(unchanged),
    )
    served(request).shelf.put(wish(note_of(request).head), shelved)
    return answer


def _freshness(
    published: Published, digest: str | None, policy: StoredPolicy | None
) -> dict[str, str]:
    """Say how long an answer holds: for good at a URL that names all that decides it."""
    if digest is None:
        return {"Cache-Control": "public, no-cache"}
    if digest.removeprefix("sha256:") != published.artifact.digest.removeprefix("sha256:"):
        msg = "expected the digest of the version that answers here"
        raise UnknownDigestError(msg)
    if policy is not None:  # another number may answer to its name tomorrow
        return {"Cache-Control": "public, no-cache"}
    return {"Cache-Control": "public, max-age=31536000, immutable"}


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


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
        If the model has no plane to draw in.
    InputError
        If an option does not fit the model.
    """
    return PAINTERS[suffix][1](picture_of(published, options))


def picture_of(
    published: Published, options: PictureOptions, decider: Decider | None = None
) -> Picture:
    """Find the regions of a published model.

    Parameters
    ----------
    published : Published
        The model.
    options : PictureOptions
        What is to be shown, and how.
    decider : Decider, optional
        The policy to draw; by default the one that the options name, if they do.

    Returns
    -------
    Picture
        Ready to be painted.

    Raises
    ------
    PlaneError
        If the model has no plane to draw in.
    InputError
        If an option does not fit the model.
    """
    artifact = published.artifact
    if decider is None and options.policy is not None:
        decider = published.policy(options.policy).decider(artifact)
    return draw(
        artifact.model,
        artifact.contract,
        artifact.sample,
        options,
        name=published.name,
        default_pair=artifact.manifest.regions_pair,
        rule=None if decider is None else rule_of(decider, artifact.model.classes_),
    )


@functools.lru_cache(maxsize=512)
def _options(parameters: tuple[tuple[str, str], ...]) -> PictureOptions:
    return PictureOptions.from_texts(dict(parameters))


@functools.lru_cache(maxsize=512)
def _key(name: str, digests: str, suffix: str, options: PictureOptions, painter: str) -> str:
    """Name the bytes of a picture before it is drawn, by all that decides them."""
    chosen = {field.name: getattr(options, field.name) for field in fields(options)}
    parts = [
        __version__,
        painter,
        name,
        digests,
        suffix,
        chosen | {"at": list(options.at.items())},
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _is_known(if_none_match: str, etag: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


@functools.cache
def _documented(suffix: str) -> dict[int | str, dict[str, Any]]:
    media_type, _, _ = PAINTERS[suffix]
    schema = {"type": "string", "format": "binary"} if suffix == "png" else {"type": "object"}
    content = {media_type: {"schema": schema}}
    return {200: {"description": "The regions.", "content": content}}


_NUMBER = {"type": "number"}
_TEXT = {"type": "string", "maxLength": 200}
_PARAMETERS = {
    "parameters": [
        _parameter(
            "plane",
            "two features, or two principal components",
            type="string",
            enum=["axes", "pca"],
            default="axes",
        ),
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
            "points", "whether stored training rows show", enum=[0, 1, False, True], default=1
        ),
        _parameter(
            "threshold", "least probability that decides", type="number", minimum=0, maximum=1
        ),
        _parameter("policy", "name of a published policy whose decisions show", type="string"),
        _parameter("ratio", "least lead over every rival that decides", type="number", minimum=1),
        _parameter(
            "lang", "language; by default as Accept-Language", type="string", enum=list(WORDS)
        ),
        _parameter("v", "digest of the version, for an answer that holds for good", type="string"),
        *(
            _parameter(name, "text in the picture", **_TEXT)
            for name in ("title", "xlabel", "ylabel")
        ),
    ]
}
