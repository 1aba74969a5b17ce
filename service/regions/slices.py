"""The slice of feature space that a picture shows: two features, the others held fixed."""

import math
from collections.abc import Iterator

import numpy as np

from service.errors import Fault, InputError, PlaneError
from service.regions.options import AT, PictureOptions
from service.regions.plane import Axis, Plane
from service.regions.ticks import MINUS
from service.softmax.arrays import label_text
from service.softmax.contract import (
    CategoricalFeature,
    Category,
    Feature,
    FeatureContract,
    NumericFeature,
    unknown_category,
)
from service.softmax.sample import Sample

MARGIN = 1.0
"""What the default view adds on each side of the sample, in the feature's units."""

RESOLUTION = 1e-11
"""Least extent of a view relative to its distance from zero: 45,000 doubles across."""

EXTENTS = (1e-150, 1e150)
"""Least and greatest extent of a view: within these, squares stay in the range of a double."""


def slice_plane(
    contract: FeatureContract,
    sample: Sample | None,
    options: PictureOptions,
    *,
    default_pair: tuple[str, str] | None = None,
) -> Plane:
    """Lay the plane of two features, the others held fixed.

    Parameters
    ----------
    contract : FeatureContract
        The features of the model.
    sample : Sample or None
        Stored training rows; they decide the default view.
    options : PictureOptions
        The caller's choice of axes, view and fixed values.
    default_pair : tuple of (str, str), optional
        Numeric features to show where the caller names none; without it the first two.

    Returns
    -------
    Plane
        The slice.

    Raises
    ------
    PlaneError
        If the model has fewer than two numeric features.
    InputError
        With a fault for every parameter that does not fit this model.
    """
    numeric = [f.name for f in contract.features if isinstance(f, NumericFeature)]
    if len(numeric) < 2:  # noqa: PLR2004 - a plane has two axes
        msg = f"a picture needs two numeric features, this model has {len(numeric)}"
        raise PlaneError(msg)
    x, y = _pair(options, default_pair if default_pair is not None else (numeric[0], numeric[1]))
    faults = list(_name_faults(options, contract, numeric, (x, y)))
    base, axes = contract.typical_row, list[Axis]()
    for name, prefix in ((x, "x"), (y, "y")):
        if name in numeric:
            low, high = _view(contract, sample, options, name, prefix)
            faults.extend(view_faults(low, high, prefix))
            index = contract.names.index(name)
            base[index] = 0.0
            along = np.eye(len(base))[index]
            axes.append(Axis(name=name, direction=along, reading=along, low=low, high=high))
    chosen: list[tuple[str, str]] = []
    typical: list[tuple[str, str]] = []
    for index, feature in enumerate(contract.features):
        if feature.name in options.at and feature.name not in {x, y}:
            code = code_of(feature, options.at[feature.name])
            if code is None:
                faults.append(value_fault(feature))
            else:
                base[index] = code
                chosen.append((feature.name, value_text(feature, code)))
        elif feature.name not in {x, y}:
            typical.append((feature.name, value_text(feature, base[index])))
    if faults:
        raise InputError(faults)
    return Plane(base=base, x=axes[0], y=axes[1], held=(*chosen, *typical))


def _pair(options: PictureOptions, default: tuple[str, str]) -> tuple[str, str]:
    """Complete the caller's choice of axes from the default pair."""
    x, y = options.x, options.y
    if x is None:
        x = default[0] if y != default[0] else default[1]
    if y is None:
        y = default[1] if x != default[1] else default[0]
    return x, y


def _view(
    contract: FeatureContract,
    sample: Sample | None,
    options: PictureOptions,
    name: str,
    prefix: str,
) -> tuple[float, float]:
    index = contract.names.index(name)
    feature = contract.features[index]
    if sample is not None and len(sample.X):
        column = sample.X[:, index]
        low, high = float(column.min()) - MARGIN, float(column.max()) + MARGIN
    elif isinstance(feature, NumericFeature) and feature.low < feature.high:
        low, high = feature.low, feature.high
    else:
        low, high = feature.typical - MARGIN, feature.typical + MARGIN
    given_low, given_high = getattr(options, f"{prefix}min"), getattr(options, f"{prefix}max")
    return (
        low if given_low is None else float(given_low),
        high if given_high is None else float(given_high),
    )


def view_faults(low: float, high: float, prefix: str) -> Iterator[Fault]:
    """Find what is wrong with one side of a view.

    Parameters
    ----------
    low, high : float
        Its ends.
    prefix : {"x", "y"}
        What the names of the parameters begin with.

    Yields
    ------
    Fault
        At most one.
    """
    name, extent = f"{prefix}max", high - low
    if not low < high:
        detail = f"expected {name} above {prefix}min"
    elif not max(EXTENTS[0], RESOLUTION * max(abs(low), abs(high))) < extent < EXTENTS[1]:
        detail = f"expected {prefix}min and {name} further apart, or less far"
    else:
        return
    yield Fault(code="invalid_parameter", detail=detail, location=(name,))


def _name_faults(
    options: PictureOptions,
    contract: FeatureContract,
    numeric: list[str],
    axes: tuple[str, str],
) -> Iterator[Fault]:
    for parameter in ("x", "y"):
        if getattr(options, parameter) not in {None, *numeric}:
            detail = f"expected a numeric feature of the model for {parameter}: {_listed(numeric)}"
            yield Fault(code="invalid_parameter", detail=detail, location=(parameter,))
    for name in options.at:
        if name in axes:
            detail = f"expected {name!r} either on an axis or fixed, not both"
        elif name not in contract.names:
            detail = f"expected a feature of the model after {AT}: {_listed(contract.names)}"
        else:
            continue
        yield Fault(code="invalid_parameter", detail=detail, location=(AT + name,))


def _listed(names: tuple[str, ...] | list[str], shown: int = 10) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def code_of(feature: Feature, value: Category | float) -> float | None:
    """Give a value as the model takes it.

    Parameters
    ----------
    feature : NumericFeature or CategoricalFeature
        The feature.
    value : float, str, int, bool or None
        Its value, which may be given as text.

    Returns
    -------
    float or None
        The number or the category's index; None where the value does not fit.
    """
    if isinstance(feature, CategoricalFeature):
        texts = {_text(level): code for level, code in feature.codes.items()}
        return texts.get(_text(value))
    try:
        number = float(value) if isinstance(value, str | float | int) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def value_fault(feature: Feature) -> Fault:
    """Say which values a feature takes.

    Parameters
    ----------
    feature : NumericFeature or CategoricalFeature
        The feature.

    Returns
    -------
    Fault
        Located at the parameter that fixes the feature's value.
    """
    if isinstance(feature, CategoricalFeature):
        detail = unknown_category(feature)
    else:
        detail = f"expected a finite number for {feature.name!r}"
    return Fault(code="invalid_parameter", detail=detail, location=(AT + feature.name,))


def value_text(feature: Feature, code: float) -> str:
    """Write the value of a feature for a reader.

    Parameters
    ----------
    feature : NumericFeature or CategoricalFeature
        The feature.
    code : float
        The number or the category's index.

    Returns
    -------
    str
        Four digits of a number, or the category as JSON would have it, without quotes.
    """
    if isinstance(feature, CategoricalFeature):
        return _text(feature.categories[int(code)])
    return f"{code:.4g}".replace("-", MINUS)


def _text(value: Category | float) -> str:
    """Write a value as JSON would, a string without its quotes."""
    if value is None:
        return "null"
    return repr(value) if isinstance(value, float) else label_text(value)
