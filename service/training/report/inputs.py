"""What the model expects of rows, and what it was made by."""

from typing import Any

from service.softmax.arrays import label_text
from service.softmax.contract import CategoricalFeature, Category, Feature, FeatureContract
from service.training.recipe import Recipe
from service.training.recipe_file import recipe_to_json
from service.training.report.markup import DASH, name, plain, text
from service.training.report.tables import Table

MOST_CATEGORIES = 12
"""Categories that are listed one by one."""


def features_table(contract: FeatureContract) -> Table:
    """Describe the features.

    Parameters
    ----------
    contract : FeatureContract
        The features.

    Returns
    -------
    Table
        One row a feature.
    """
    rows = []
    for feature in contract.features:
        kind, values, typical = _described(feature)
        rows.append((name(feature.name), kind, values, typical, _when_missing(feature)))
    return Table(
        title="Features",
        head=("feature", "type", "training range or categories", "typical", "when missing"),
        rows=tuple(rows),
        note="The typical row is that of medians and most frequent categories; pictures are cut"
        " through it. A value outside the training range is answered all the same.",
    )


def _described(feature: Feature) -> tuple[str, str, str]:
    if not isinstance(feature, CategoricalFeature):
        constant = feature.low == feature.high
        values = f"{plain(feature.low)} to {plain(feature.high)}"
        return "number", plain(feature.low) if constant else values, plain(feature.median)
    listed = ", ".join(_category(level) for level in feature.categories[:MOST_CATEGORIES])
    more = feature.levels - MOST_CATEGORIES
    values = f"{listed} and {more:,} more" if more > 0 else listed
    others = "; others are refused" if feature.unknown == "error" else "; others add nothing"
    return "category", values + others, _category(feature.mode)


def _category(level: Category) -> str:
    return "(missing)" if level is None else name(label_text(level))


def _when_missing(feature: Feature) -> str:
    if isinstance(feature, CategoricalFeature):
        if None in feature.categories:
            return "a category of its own"
        return "refused" if feature.fill is None else f"taken as {_category(feature.fill)}"
    return "refused" if feature.fill is None else f"taken as {plain(feature.fill)}"


def recipe_list(recipe: Recipe) -> str:
    """List everything that decided the fit.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Returns
    -------
    str
        HTML; what differs from the default is marked, and the default told.
    """
    values, defaults = recipe_to_json(recipe), recipe_to_json(Recipe(target=recipe.target))
    facts = []
    for field, value in values.items():
        shown = _value(value)
        if value != defaults[field]:
            shown = f"<b>{shown}</b><small>default: {_value(defaults[field])}</small>"
        facts.append(f"<div><dt>{text(field)}</dt><dd>{shown}</dd></div>")
    return (
        f'<dl class="facts">{"".join(facts)}</dl><p class="note">It stands in'
        " <code>manifest.json</code>; <code>softmax train --recipe manifest.json</code> repeats"
        " the fit.</p>"
    )


def _value(value: Any) -> str:
    match value:
        case None | [] | {}:
            return DASH
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(name(entry) for entry in value)
        case dict():
            return ", ".join(f"{text(key)} = {text(entry)}" for key, entry in value.items())
        case float():
            return plain(value)
        case _:
            return name(value)
