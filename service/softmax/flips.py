"""The smallest change of one feature that changes the label."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from service.errors import InputError
from service.softmax.arrays import Floats, Integers
from service.softmax.contract import (
    CategoricalFeature,
    Category,
    Feature,
    FeatureContract,
    NumericFeature,
)
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts

SLACK = 1e-6
"""Share of a distance by which a tie, computed, may lie from where the label changes."""


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A change of one feature after which `SoftmaxModel.predict` says another label.

    Parameters
    ----------
    value : float, str, int, bool or None
        The feature's new value; None where a missing value is a category of its own.
    delta : float or None
        The new value less the old one, in the feature's units; None for a category.
    label : int
        Index of the class that the row gets, alone, with this value.
    """

    value: float | Category
    delta: float | None
    label: int


def nearest_flips(
    model: SoftmaxModel, contract: FeatureContract, row: Floats
) -> tuple[Flip | None, ...]:
    """Find for each feature the nearest value that gives a row another label.

    On a line through a row its class wins on one interval, whose ends are known in closed
    form. From there the last double inside and the first outside are found by asking
    `SoftmaxModel.predict` itself. For a category the nearest is the one after which the new
    class leads the old one least.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    contract : FeatureContract
        Its features, with their training ranges.
    row : ndarray of shape (n_features,)
        One row as `SoftmaxModel.scores` takes it.

    Returns
    -------
    tuple of Flip or None, length n_features
        None where no value inside the training range changes the label, the label changes
        outside it first, or there is no label on the way: the scores are not finite there.

    Raises
    ------
    InputError
        If the scores of the row are not finite.

    Examples
    --------
    >>> model = SoftmaxModel(classes_=("a", "b"), levels_=(0,), coef_=[[0], [2.0]],
    ...     intercept_=[0, 1.0], mean_=[1.0], class_prior_=[0.5, 0.5])
    >>> contract = FeatureContract(features=(
    ...     NumericFeature(name="size", low=-4.0, high=4.0, median=0.0),))
    >>> nearest_flips(model, contract, np.array([2.0]))
    (Flip(value=0.5, delta=-1.5, label=0),)
    """
    line = _Line(
        model=model,
        row=row,
        label=_label(model, row),
        scores=model.scores(row[None, :])[0],
        starts=column_starts(model.levels_),
    )
    return tuple(line.nearest(j, feature) for j, feature in enumerate(contract.features))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Line:
    """The rows that differ from one row in one feature."""

    model: SoftmaxModel
    row: Floats
    label: int
    scores: Floats
    starts: Integers

    def label_at(self, j: int, value: float) -> int:
        """Ask the model, of this row alone."""
        changed = self.row.copy()
        changed[j] = value
        return _label(self.model, changed)

    def nearest(self, j: int, feature: Feature) -> Flip | None:
        """Look along one feature; None where the scores leave the range of a double on the way."""
        try:
            if isinstance(feature, CategoricalFeature):
                return self.nearest_category(j, feature)
            return self.nearest_number(j, feature)
        except InputError:
            return None

    def nearest_number(self, j: int, feature: NumericFeature) -> Flip | None:
        """Look down and up, nearer tie first."""
        for tie, end in sorted(self._ties(j, feature), key=lambda way: abs(way[0] - self.row[j])):
            value = self._first_beyond(j, tie, end)
            if value is not None and feature.low <= value <= feature.high:
                delta = value - float(self.row[j])
                return Flip(value=value, delta=delta, label=self.label_at(j, value))
        return None

    def nearest_category(self, j: int, feature: CategoricalFeature) -> Flip | None:
        """Try every category, the one that changes the evidence least first."""
        X = np.repeat(self.row[None, :], feature.levels, axis=0)
        X[:, j] = np.arange(feature.levels)
        scores = self.model.scores(X)
        leads = scores.max(axis=1) - scores[:, self.label]
        for code in np.argsort(leads, kind="stable"):
            if (label := self.label_at(j, float(code))) != self.label:
                return Flip(value=feature.categories[code], delta=None, label=label)
        return None

    def _ties(self, j: int, feature: NumericFeature) -> Iterator[tuple[float, float]]:
        """Give for each direction where a rival draws level, and the end of the range there."""
        slopes = self.model.coef_[:, self.starts[j]]
        x = float(self.row[j])
        with np.errstate(all="ignore"):  # a parallel rival never draws level
            steps = (self.scores[self.label] - self.scores) / (slopes - slopes[self.label])
        rises = slopes > slopes[self.label]
        falls = slopes < slopes[self.label]
        for end, is_rival in ((feature.low, falls), (feature.high, rises)):
            way = steps[is_rival]
            if not len(way) or (end - x) * (1 if is_rival is rises else -1) <= 0:
                continue
            distance = float(np.abs(way).min())
            if distance <= abs(end - x) * (1 + SLACK):
                yield x + math.copysign(distance, end - x), end

    def _first_beyond(self, j: int, tie: float, end: float) -> float | None:
        """Find the first double from the row towards an end that has another label.

        Bisection over the doubles, out of a bracket about the tie that is widened until it
        holds the change.
        """
        inside, outside = float(self.row[j]), end
        width = 16 * math.ulp(max(abs(tie), abs(inside)))
        sign = math.copysign(1.0, end - inside)
        while width < abs(end - inside):
            for guess in (tie - sign * width, tie + sign * width):
                if not min(inside, outside) < guess < max(inside, outside):
                    continue
                if self.label_at(j, guess) == self.label:
                    inside = guess
                else:
                    outside = guess
            if abs(outside - inside) <= 2 * width:
                break
            width *= 16
        if outside == end and self.label_at(j, end) == self.label:
            return None
        low, high = _ordinal(inside), _ordinal(outside)
        while abs(high - low) > 1:
            middle = (low + high) // 2
            if self.label_at(j, _double(middle)) == self.label:
                low = middle
            else:
                high = middle
        return _double(high)


def _label(model: SoftmaxModel, row: Floats) -> int:
    proba = model.row_proba(row.tolist())
    return proba.index(max(proba))


def _ordinal(value: float) -> int:
    """Give the place of a double among all doubles; neighbours differ by one."""
    bits = int(np.float64(value).view(np.int64))
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _double(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else -ordinal | -0x8000_0000_0000_0000
    return float(np.int64(bits).view(np.float64))
