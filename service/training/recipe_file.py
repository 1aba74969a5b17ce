"""Recipes as JSON: in the manifest, and in a file that repeats a fit."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from service.errors import TrainingError
from service.training.recipe import Recipe

_RECIPE = TypeAdapter(Recipe)


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """Give a recipe as JSON values.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Returns
    -------
    dict
        Its fields by name; an infinite C is the text ``inf``.
    """
    fields: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    return fields | {"C": "inf" if math.isinf(recipe.C) else recipe.C}


def read_recipe(path: Path) -> dict[str, Any]:
    """Read the fields of a recipe from a file.

    Parameters
    ----------
    path : Path
        A JSON file: a recipe, or the manifest of a model, which holds one.

    Returns
    -------
    dict
        The fields that the file gives, for `make_recipe`.

    Raises
    ------
    TrainingError
        If the file cannot be read or is no such object.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise TrainingError(msg) from error
    except ValueError as error:
        msg = f"{path}: expected JSON, {error}"
        raise TrainingError(msg) from error
    if isinstance(document, dict) and isinstance(document.get("recipe"), dict):
        document = document["recipe"]
    if not isinstance(document, dict):
        msg = f"{path}: expected a recipe or a manifest, an object of names and values"
        raise TrainingError(msg)
    return document


def make_recipe(fields: Mapping[str, Any]) -> Recipe:
    """Make a recipe from fields by name.

    Parameters
    ----------
    fields : mapping
        Names and JSON values.

    Returns
    -------
    Recipe
        The recipe.

    Raises
    ------
    TrainingError
        If a field is unknown, of the wrong type or out of bounds.
    """
    if unknown := fields.keys() - Recipe.__dataclass_fields__.keys():
        msg = f"expected the fields of a recipe, got {min(unknown)!r}"
        raise TrainingError(msg)
    try:
        return _RECIPE.validate_python(dict(fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        msg = f"recipe: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise TrainingError(msg) from None
