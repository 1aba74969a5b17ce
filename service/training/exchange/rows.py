"""Made-up rows: what two models are compared by, and what travels as an example."""

import math
from collections.abc import Sequence

import numpy as np

from service.softmax.contract import CategoricalFeature, Cell, FeatureContract
from service.softmax.shapes import column_starts
from service.training.exchange.foreign import Foreign, ForeignFeature

COMPARED_ROWS = 64
GOLDEN_ROWS = 8
UNKNOWN = "\x00unknown"


def compared_rows(foreign: Foreign) -> list[list[Cell]]:
    """Make rows that try every category, missing values, and numbers near and far.

    Parameters
    ----------
    foreign : Foreign
        The features, and coefficients that tell how far a number must go to matter.

    Returns
    -------
    list of lists, in the order of the features
        None stands for a missing value.
    """
    random = np.random.default_rng(0)
    most = max(len(feature.categories) for feature in foreign.features)
    n_rows = max(COMPARED_ROWS, most + 2)
    nearness = np.array([1.0, 0.3, 0.1, 0.03])[np.arange(n_rows) % 4]
    columns: list[list[Cell]] = []
    for j, (feature, centre, width) in enumerate(
        zip(foreign.features, *_places(foreign), strict=True)
    ):
        if feature.categories:
            tried = _tried(feature)
            columns.append([tried[(row + j) % len(tried)] for row in range(n_rows)])
            continue
        values = centre + width / 4 * nearness * random.standard_normal(n_rows)
        gap = 7 if feature.fill is not None else n_rows + len(foreign.features)
        columns.append(
            [None if (row + j + 1) % gap == 0 else float(v) for row, v in enumerate(values)]
        )
    return [list(row) for row in zip(*columns, strict=True)]


def _places(foreign: Foreign) -> tuple[list[float], list[float]]:
    """Give each feature a value to make rows about and a width to spread them over.

    Where nothing is known of a number, it is put where the classes are about as probable as
    each other, for where one of them is certain any two models agree.
    """
    starts = column_starts(tuple(len(feature.categories) for feature in foreign.features))
    coef, centre = np.array(foreign.coef), np.array(foreign.mean)
    steepest = np.abs(coef).max(axis=0)
    width = np.divide(2.0, steepest, out=np.ones_like(steepest), where=steepest > 0)
    is_free = np.zeros(len(centre), dtype=np.bool_)
    for feature, start in zip(foreign.features, starts, strict=False):
        known = feature.known
        if known.low is not None and known.high is not None:
            width[start] = known.high - known.low
        else:
            is_free[start] = not feature.categories
    lead = coef - coef.mean(axis=0)
    behind = np.mean(foreign.intercept) - np.array(foreign.intercept)
    centre[is_free] += np.linalg.lstsq(lead[:, is_free], behind)[0]
    at = starts[:-1]
    return centre[at].tolist(), width[at].tolist()


def _tried(feature: ForeignFeature) -> list[Cell]:
    tried: list[Cell] = list(feature.categories)
    if feature.fill is not None:
        tried.append(None)
    first = feature.categories[0]
    if feature.unknown == "ignore" and not isinstance(first, bool):
        named = [level for level in feature.categories if isinstance(level, int)]
        tried.append(max(named) + 1 if named else UNKNOWN)
    return tried


def pipeline_matrix(foreign: Foreign, rows: Sequence[Sequence[Cell]], n_columns: int) -> object:
    """Lay rows out as the pipeline itself takes them.

    Parameters
    ----------
    foreign : Foreign
        Tells which column is which.
    rows : sequence of sequences
        In the order of its features.
    n_columns : int
        How many the pipeline takes; those it makes nothing of are zero.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        Of doubles where every feature is a number, else of objects.
    """
    is_numeric = not any(feature.categories for feature in foreign.features)
    if is_numeric and all(feature.missing == "nan" for feature in foreign.features):
        matrix = np.zeros((len(rows), n_columns), dtype=np.float64)
    else:
        matrix = np.zeros((len(rows), n_columns), dtype=object)
    for j, feature in enumerate(foreign.features):
        missing = math.nan if feature.missing == "nan" else None
        for i, row in enumerate(rows):
            matrix[i, feature.position] = missing if row[j] is None else row[j]
    return matrix


def golden_rows(contract: FeatureContract) -> tuple[tuple[Cell, ...], ...]:
    """Make rows that lie where the training rows lay, and are nobody's.

    Parameters
    ----------
    contract : FeatureContract
        Ranges, medians and categories.

    Returns
    -------
    tuple of tuples
        As a client would send them.
    """
    random = np.random.default_rng(0)
    columns: list[list[Cell]] = []
    for feature in contract.features:
        if isinstance(feature, CategoricalFeature):
            picks = random.integers(feature.levels, size=GOLDEN_ROWS)
            columns.append([feature.categories[code] for code in picks])
            continue
        spread = feature.high - feature.low
        digits = 2 - math.floor(math.log10(spread)) if 0 < spread < math.inf else 0
        # The middle third of a training range is where most of the rows are.
        values = feature.median + spread / 6 * random.uniform(-1, 1, GOLDEN_ROWS)
        columns.append([round(float(value), digits) for value in values])
    return tuple(zip(*columns, strict=True))
