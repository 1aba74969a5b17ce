"""What models there are, and what each one is."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service.api.bodies import refuse_query
from service.api.endpoint import model_headers
from service.api.served import asked_model, served
from service.api.tasks import model_id
from service.artifacts.catalogue import ModelEntry, Published


def card_routes() -> APIRouter:
    """Make the routes that describe models.

    Returns
    -------
    APIRouter
        The routes.
    """
    router = APIRouter(tags=["models"])

    @router.get("/model")
    @router.get("/models/{name}")
    @router.get("/models/{name}/versions/{version}")
    async def card(request: Request) -> Response:
        """Give a model's card: classes, features, recipe, figures, an example row."""
        refuse_query(request)
        published = asked_model(request)
        return Response(
            orjson.dumps(model_card(published)),
            media_type="application/json",
            headers=model_headers(published),
        )

    @router.get("/models")
    async def models(request: Request) -> Response:
        """List every model with its versions, the active one, and whether it is ready."""
        refuse_query(request)
        catalogue = served(request).catalogue
        listing = {
            "default": catalogue.default,
            "models": [_entry(name, entry) for name, entry in catalogue.models.items()],
        }
        return Response(orjson.dumps(listing), media_type="application/json")

    return router


def model_card(published: Published) -> dict[str, Any]:
    """Describe a model for people and programs.

    Parameters
    ----------
    published : Published
        The model.

    Returns
    -------
    dict
        JSON values.
    """
    manifest = published.artifact.manifest.model_dump(mode="json")
    contract = manifest["contract"]
    scores = published.artifact.set_scores
    return {
        "model": model_id(published),
        "classes": manifest["classes"],
        "features": contract["features"],
        "example": manifest["golden"]["rows"][0],
        **{
            key: manifest[key]
            for key in (
                "source",
                "recipe",
                "certificate",
                "selection",
                "train_metrics",
                "test_metrics",
                "calibration",
                "regions_pair",
            )
        },
        "n_set_scores": 0 if scores is None else len(scores),
        "n_set_rows": 0 if scores is None or scores.rows is None else len(scores.rows.y),
        "libraries": manifest["libraries"],
    }


def _entry(name: str, entry: ModelEntry) -> dict[str, Any]:
    versions = [
        {"version": number, "is_ready": isinstance(version, Published)}
        for number, version in entry.versions.items()
    ]
    return {
        "name": name,
        "active": entry.active,
        "is_ready": entry.is_ready,
        "versions": versions,
    }
