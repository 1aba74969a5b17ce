"""The OpenAPI document as it is true: what FastAPI cannot know of routes that read requests."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from service.api.answer_schemas import ANSWERS, Problem
from service.api.media import Format
from service.api.problems import MEDIA_TYPE
from service.api.schemas import inlined
from service.api.tasks import TASKS
from service.settings import Settings

Schema = dict[str, Any]

PATH_PARAMETERS: dict[str, Schema] = {
    "name": {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "a model",
        "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_.-]{0,62}$"},
    },
    "version": {
        "name": "version",
        "in": "path",
        "required": True,
        "description": "one of its versions",
        "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    },
}

SECURITY: Schema = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}


def described(app: FastAPI, settings: Settings) -> Callable[[], Schema]:
    """Give the function that describes an application, once.

    Parameters
    ----------
    app : FastAPI
        The application, with all of its routes.
    settings : Settings
        Whether keys are asked for, and where not.

    Returns
    -------
    callable
        Gives the document.
    """
    write = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            document = write()
            open_paths = None if settings.keys is None else settings.open_paths.split()
            app.openapi_schema = completed(document, open_paths)
        return app.openapi_schema

    return openapi


def completed(document: Schema, open_paths: list[str] | None) -> Schema:
    """Add to a document what holds for every route.

    Parameters
    ----------
    document : dict
        As FastAPI writes it.
    open_paths : list of str or None
        Paths that ask for no key; None where none is asked for.

    Returns
    -------
    dict
        The document, changed: parameters of paths, problems, media types, and keys.
    """
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = inlined(Problem.model_json_schema())
    for answer in ANSWERS.values():  # `fields` leaves out the rest
        components["schemas"][answer.__name__]["required"] = ["model"]
    problem = {
        "description": "A problem, by RFC 9457.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path, operations in document["paths"].items():
        named = [one for name, one in PATH_PARAMETERS.items() if f"{{{name}}}" in path]
        for operation in operations.values():
            given = operation.get("parameters", [])
            if named or given:
                operation["parameters"] = [*named, *given]
            operation["responses"]["default"] = problem
            task = TASKS.get(path.rpartition("/")[2])
            if task is not None:
                answers = operation["responses"]["200"]["content"]
                answers |= {one.value: {} for one in task.offered if one is not Format.JSON}
                answers[Format.NDJSON.value] = {}
    if open_paths is not None:
        _lock(document, open_paths)
    return document


def _lock(document: Schema, open_paths: list[str]) -> None:
    """Say which routes ask for a key, and how it is brought."""
    document["components"]["securitySchemes"] = SECURITY
    for path, operations in document["paths"].items():
        for operation in operations.values():
            is_open = path in open_paths
            operation["security"] = [] if is_open else [{name: []} for name in SECURITY]
