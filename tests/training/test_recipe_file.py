"""Recipes as files."""

import json
import math
from pathlib import Path

import pytest

from service.errors import TrainingError
from service.training.recipe import Recipe
from service.training.recipe_file import make_recipe, read_recipe, recipe_to_json


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(target="y"),
        Recipe(target="y", C=math.inf, drop=("a", "b"), test_size=0.0, delimiter=";"),
        Recipe(target="é", l1_ratio=0.5, demo={"n_classes": 4, "shuffle": False}),
    ],
    ids=["defaults", "infinite", "demo"],
)
def test_a_recipe_comes_back_from_its_file(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe_to_json(recipe)))

    assert make_recipe(read_recipe(path)) == recipe


def test_a_manifest_holds_a_recipe(store: Path) -> None:
    fields = read_recipe(store / "demo" / "1" / "manifest.json")

    assert make_recipe(fields) == Recipe(target="target", standardize=False, test_size=0.0, demo={})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected JSON"),
        ("[]", "expected a recipe or a manifest"),
        ('{"target": "y", "c": 1}', "got 'c'"),
        ('{"target": "y", "C": "much"}', "recipe: C: "),
        ('{"target": "y", "impute": "guess"}', "recipe: impute: "),
        ('{"C": 1}', "recipe: target: "),
        ('{"target": "y", "C": -1}', "expected C above 0"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "recipe.json").write_text(text)

    with pytest.raises(TrainingError, match=reason):
        make_recipe(read_recipe(tmp_path / "recipe.json"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="No such file"):
        read_recipe(tmp_path / "none.json")
