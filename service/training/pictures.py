"""What pictures of a model need of its rows: a sample of them, two axes, and units."""

import numpy as np

from service.softmax.arrays import Floats
from service.softmax.contract import FeatureContract
from service.softmax.sample import Sample
from service.softmax.shapes import column_starts
from service.training.preparation import Samples

SAMPLE_ROWS = 2_000


def stratified_sample(samples: Samples, random_state: int) -> Sample:
    """Keep a bounded number of rows, with the class shares of all of them.

    Parameters
    ----------
    samples : Samples
        Labelled rows.
    random_state : int
        Seed of the draw.

    Returns
    -------
    Sample
        At most `SAMPLE_ROWS` of them, in their order.
    """
    if len(samples) <= SAMPLE_ROWS:
        return Sample(X=samples.X, y=samples.y)
    # Every so many rows in class order, at random within a class.
    order = np.lexsort((np.random.default_rng(random_state).random(len(samples)), samples.y))
    places = ((np.arange(SAMPLE_ROWS) + 0.5) * len(samples) / SAMPLE_ROWS).astype(np.intp)
    rows = np.sort(order[places])
    return Sample(X=samples.X[rows], y=samples.y[rows])


def strongest_pair(
    samples: Samples, contract: FeatureContract, n_classes: int
) -> tuple[str, str] | None:
    """Give the numeric features with the largest ratios of between- to within-class variance.

    Parameters
    ----------
    samples : Samples
        Labelled rows.
    contract : FeatureContract
        Their features.
    n_classes : int
        Number of classes, each with a row.

    Returns
    -------
    tuple of two str, or None
        Their names in feature order; None with fewer than two numbers.
    """
    numeric = [j for j, levels in enumerate(contract.levels) if not levels]
    if len(numeric) < 2:  # noqa: PLR2004 - a plane has two axes
        return None
    weight = np.bincount(samples.y, weights=samples.sample_weight, minlength=n_classes)
    between, within = np.zeros(len(numeric)), np.zeros(len(numeric))
    for place, j in enumerate(numeric):  # one at a time: a table may be large
        column = samples.X[:, j]
        sums = np.bincount(samples.y, weights=column * samples.sample_weight, minlength=n_classes)
        class_means = sums / weight
        between[place] = weight @ (class_means - sums.sum() / weight.sum()) ** 2
        within[place] = samples.sample_weight @ (column - class_means[samples.y]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(between / within, nan=-1.0, posinf=np.inf)  # a constant column last
    first, second = sorted(np.argsort(-ratio, kind="stable")[:2])
    return contract.names[numeric[first]], contract.names[numeric[second]]


def column_spread(samples: Samples, contract: FeatureContract) -> Floats:
    """Give the units in which coefficients of different columns can be compared.

    Parameters
    ----------
    samples : Samples
        Training rows.
    contract : FeatureContract
        Their features.

    Returns
    -------
    ndarray of shape (n_columns,)
        Weighted population standard deviation of each numeric column; 1 for a category.
    """
    starts, numeric = column_starts(contract.levels), np.array(contract.levels) == 0
    weights = samples.sample_weight / samples.sample_weight.sum()
    spread = np.ones(starts[-1])
    for j in np.flatnonzero(numeric):  # one at a time: a table may be large
        column = samples.X[:, j]
        spread[starts[j]] = np.sqrt(weights @ (column - weights @ column) ** 2)
    return spread
