"""The plane of two principal components: where the rows of the sample spread most."""

from dataclasses import replace

import numpy as np

from service.errors import Fault, InputError, PlaneError
from service.regions.options import AT, PictureOptions
from service.regions.plane import Axis, Plane
from service.regions.slices import code_of, value_fault, value_text, view_faults
from service.softmax.arrays import Floats
from service.softmax.contract import CategoricalFeature, FeatureContract
from service.softmax.sample import Sample

MARGIN = 0.05
"""What the default view adds on each side of the sample, as a share of its extent."""

SPREAD_LEAST = 1e-9
"""A second component below this share of the first is rounding: the rows lie on a line."""


def principal_plane(
    contract: FeatureContract, sample: Sample | None, options: PictureOptions
) -> Plane:
    """Lay the plane through the mean row along two principal components.

    Each numeric feature is divided by its standard deviation, since units differ;
    categorical features are held fixed.

    Parameters
    ----------
    contract : FeatureContract
        The features of the model.
    sample : Sample or None
        Stored training rows.
    options : PictureOptions
        The caller's choice of view and of categories.

    Returns
    -------
    Plane
        The plane; its units are standard deviations.

    Raises
    ------
    PlaneError
        If fewer than two numeric features vary in the sample, or there is none.
    InputError
        With a fault for every parameter that does not fit.

    References
    ----------
    .. [1] I. T. Jolliffe, *Principal Component Analysis*, 2nd ed., 2002, sec. 2.3.
    """
    if sample is None or not len(sample.y):
        msg = "a plane of principal components needs stored rows, this model has none"
        raise PlaneError(msg)
    is_numeric = np.array(contract.levels) == 0
    base = np.where(is_numeric, sample.X.mean(axis=0), contract.typical_row)
    deviation = np.where(is_numeric, sample.X.std(axis=0), 0.0)
    varies = deviation > SPREAD_LEAST * np.abs(base)
    safe = np.where(varies, deviation, 1.0)
    Z = np.where(varies, (sample.X - base) / safe, 0.0)
    _, sizes, components = np.linalg.svd(Z, full_matrices=False)
    if varies.sum() < 2 or len(sizes) < 2 or sizes[1] <= SPREAD_LEAST * sizes[0]:  # noqa: PLR2004 - a plane has two axes
        msg = "a picture needs stored rows that do not lie on one line"
        raise PlaneError(msg)
    held, faults = [], _misplaced(options, contract)
    for index, feature in enumerate(contract.features):
        if isinstance(feature, CategoricalFeature):
            value = options.at.get(feature.name, feature.mode)
            code = code_of(feature, value)
            if code is None:
                faults.append(value_fault(feature))
            else:
                base[index] = code
                held.append((feature.name, value_text(feature, code)))
    axes = []
    for number, prefix in enumerate("xy"):
        # Of the two directions along a component, the one with which its chief feature grows.
        along = components[number] * np.sign(
            components[number][np.abs(components[number]).argmax()]
        )
        axis = _in_view(
            Axis(
                name=f"pc_{number + 1}",
                direction=np.where(varies, along * deviation, 0.0),
                reading=np.where(varies, along / safe, 0.0),
                low=0.0,
                high=1.0,
                variance_share=float(sizes[number] ** 2 / (sizes**2).sum()),
            ),
            Z @ along,
            (getattr(options, f"{prefix}min"), getattr(options, f"{prefix}max")),
        )
        faults.extend(view_faults(axis.low, axis.high, prefix))
        axes.append(axis)
    if faults:
        raise InputError(faults)
    return Plane(base=base, x=axes[0], y=axes[1], held=tuple(held))


def _misplaced(options: PictureOptions, contract: FeatureContract) -> list[Fault]:
    """Find parameters that mean nothing in this plane."""
    categorical = [f.name for f in contract.features if isinstance(f, CategoricalFeature)]
    names = [name for name in ("x", "y") if getattr(options, name) is not None]
    names += [AT + name for name in options.at if name not in categorical]
    return [
        Fault(
            code="invalid_parameter",
            detail=f"expected no {name} with plane=pca, which has axes of its own",
            location=(name,),
        )
        for name in names
    ]


def _in_view(
    axis: Axis,
    places: Floats,
    given: tuple[float | None, float | None],
) -> Axis:
    low, high = float(places.min()), float(places.max())
    margin = MARGIN * (high - low)
    return replace(
        axis,
        low=low - margin if given[0] is None else float(given[0]),
        high=high + margin if given[1] is None else float(given[1]),
    )
