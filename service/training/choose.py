"""Choosing the penalty by cross-validation along a warm-started path."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedKFold

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers
from service.softmax.loss import log_loss
from service.softmax.selection import PathPoint, Selection
from service.training.fit import fit
from service.training.preparation import Prepared, Samples
from service.training.recipe import Recipe

PATH = tuple(float(C) for C in np.logspace(-4, 4, 17))
"""Inverse penalty strengths, from the strongest penalty on."""

L1_RATIOS = (0.0, 0.5, 1.0)
"""Ridge, half and half, lasso."""

PATH_TOL = 1e-6
"""Relative gap of a fit on the path: a log loss is then right to six digits."""

Progress = Callable[[int, int], None]
"""Told how many fits are done, and of how many."""


def choose_penalty(
    prepared: Prepared, recipe: Recipe, progress: Progress | None = None
) -> Selection:
    """Find the penalty of least log loss on rows that the fits do not see.

    The training rows are divided into stratified folds. For each fold and `l1_ratio` one
    model after the other is fitted to the other folds, each from where the one before it
    ended, and measured on the fold. Means, deviations and category shares are learned anew
    in each fold; which categories there are, and what stands in for a missing value, is
    known of all training rows.

    Parameters
    ----------
    prepared : Prepared
        Encoded rows; only the training rows are looked at.
    recipe : Recipe
        Its `auto` says what is to be chosen, its other fields stay as they are.
    progress : callable, optional
        Told how far it is.

    Returns
    -------
    Selection
        The path and the choice.

    Raises
    ------
    TrainingError
        If a class has fewer training rows than there are folds.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*,
       2nd ed., 2009, sec. 7.10.
    """
    samples = prepared.train
    path = PATH if "C" in recipe.auto else (recipe.C,)
    ratios = L1_RATIOS if "l1_ratio" in recipe.auto else (recipe.l1_ratio,)
    folds = _folds(samples, prepared, recipe)
    losses = np.empty((len(folds), len(ratios), len(path)))
    done, fits = 0, losses.size
    for i, (fitted_rows, held_out) in enumerate(folds):
        inside, outside = _part(samples, fitted_rows), _part(samples, held_out)
        for j, l1_ratio in enumerate(ratios):
            theta: Floats | None = None
            for k, C in enumerate(path):
                point = replace(
                    recipe, C=C, l1_ratio=l1_ratio, auto=(), tol=PATH_TOL, allow_unconverged=True
                )
                fitted = fit(inside, prepared.classes, prepared.contract, point, start=theta)
                theta = fitted.theta
                loss = log_loss(fitted.model.scores(outside.X), outside.y, outside.sample_weight)
                losses[i, j, k] = loss / outside.sample_weight.sum()
                done += 1
                if progress is not None:
                    progress(done, fits)
    return _selection(losses, path, ratios, recipe)


def _folds(samples: Samples, prepared: Prepared, recipe: Recipe) -> list[tuple[Integers, Integers]]:
    counts = np.bincount(samples.y, minlength=len(prepared.classes))
    if counts.min() < recipe.folds:
        rarest = prepared.classes[int(counts.argmin())]
        msg = (
            f"expected at least {recipe.folds} training rows of each class to cross-validate,"
            f" got {counts.min()} of {rarest!r} (--folds)"
        )
        raise TrainingError(msg)
    splitter = StratifiedKFold(recipe.folds, shuffle=True, random_state=recipe.random_state)
    return list(splitter.split(np.zeros(len(samples)), samples.y))


def _part(samples: Samples, rows: Integers) -> Samples:
    return Samples(X=samples.X[rows], y=samples.y[rows], sample_weight=samples.sample_weight[rows])


def _selection(
    losses: Floats, path: tuple[float, ...], ratios: tuple[float, ...], recipe: Recipe
) -> Selection:
    means = losses.mean(axis=0)
    errors = losses.std(axis=0, ddof=1) / np.sqrt(recipe.folds)
    best, place = np.unravel_index(means.argmin(), means.shape)
    bound = means[best, place] + errors[best, place]
    strongest = int(np.flatnonzero(means[best] <= bound)[0])
    minimum = int(best * len(path) + place)
    one_standard_error = int(best * len(path) + strongest)
    return Selection(
        folds=recipe.folds,
        points=tuple(
            PathPoint(
                C=C,
                l1_ratio=l1_ratio,
                log_loss=float(means[j, k]),
                standard_error=float(errors[j, k]),
            )
            for j, l1_ratio in enumerate(ratios)
            for k, C in enumerate(path)
        ),
        minimum=minimum,
        one_standard_error=one_standard_error,
        chosen=minimum if recipe.choice == "min" else one_standard_error,
    )
