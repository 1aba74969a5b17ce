"""`openapi.json` of one model: its paths, its features, an example that works when pasted."""

import copy
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service.api.bodies import refuse_query
from service.api.endpoint import model_headers
from service.api.schemas import request_body
from service.api.served import asked_model
from service.api.tasks import TASKS
from service.artifacts.catalogue import Published


def specification_routes(prefix: str) -> APIRouter:
    """Make the route that says in OpenAPI what one model answers.

    Parameters
    ----------
    prefix : str
        A path that names a model.

    Returns
    -------
    APIRouter
        The route.
    """
    router = APIRouter(prefix=prefix, tags=["models"])

    @router.get("/openapi.json")
    async def specification(request: Request) -> Response:
        """Describe a model's paths in OpenAPI: names, types, ranges, categories, an example."""
        refuse_query(request)
        published = asked_model(request)
        prefix = request.url.path.removesuffix("/openapi.json")
        content = model_openapi(request.app.openapi(), published, prefix)
        headers = model_headers(published)
        return Response(orjson.dumps(content), media_type="application/json", headers=headers)

    return router


def model_openapi(general: dict[str, Any], published: Published, prefix: str) -> dict[str, Any]:
    """Narrow the description of any model down to one.

    Parameters
    ----------
    general : dict
        The OpenAPI document of the service.
    published : Published
        The model.
    prefix : str
        Its own path.

    Returns
    -------
    dict
        The OpenAPI document of the model.
    """
    of_any = "/models/{name}"
    contract = published.artifact.contract
    row = published.artifact.manifest.golden.rows[0]
    paths: dict[str, Any] = {}
    for path, item in general["paths"].items():
        rest = path.removeprefix(of_any)
        if not path.startswith(of_any) or rest.startswith("/versions"):
            continue
        narrowed = copy.deepcopy(item)
        for operation in narrowed.values():
            operation["parameters"] = [
                one for one in operation.get("parameters", ()) if one["in"] != "path"
            ]
        task = TASKS.get(rest.removeprefix("/"))
        if task is not None:
            narrowed["post"]["requestBody"] = request_body(task, contract, row)
        paths[prefix + rest] = narrowed
    info = general["info"] | {
        "title": f"{general['info']['title']}: {published.name}",
        "version": str(published.version),
    }
    return general | {"info": info, "paths": paths}
