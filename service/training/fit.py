"""The fit: an engine on prepared columns, a certificate, and one affine map out of both."""

import math
from dataclasses import dataclass, replace

import numpy as np

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers, Label
from service.softmax.certificate import Certificate
from service.softmax.contract import FeatureContract
from service.softmax.duality import duality_gap
from service.softmax.model import SoftmaxModel
from service.softmax.objective import Penalty
from service.training.conditioning import independent_columns
from service.training.design import Design, design_columns, fit_weights
from service.training.lasso import solve_lasso
from service.training.preparation import Samples
from service.training.problem import Problem
from service.training.recipe import Recipe
from service.training.separation import find_separation
from service.training.solvers import Solution, solve_ridge
from service.training.unpenalised import solve_unpenalised

ROUNDS = 3
"""How often an engine is sent on with a tighter goal when its certificate falls short."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A fit in both of its forms, and what proves it.

    Parameters
    ----------
    model : SoftmaxModel
        Standardisation folded in; with two classes the first has zero coefficients.
    certificate : Certificate
        How far from the optimum it can be.
    design : Design
        The columns that were fitted.
    weight : ndarray of shape (n_samples,)
        Weights of the rows in the loss.
    theta : ndarray of shape (n_rows, n_fitted + fit_intercept)
        Coefficients of the design's columns, and behind them the intercept where there is
        one; two classes have one row, that of the second.
    """

    model: SoftmaxModel
    certificate: Certificate
    design: Design
    weight: Floats
    theta: Floats


def fit(
    samples: Samples,
    classes: tuple[Label, ...],
    contract: FeatureContract,
    recipe: Recipe,
    *,
    start: Floats | None = None,
) -> Fitted:
    """Fit softmax regression to its optimum.

    The objective is ``sum_i w_i logloss_i + (1/C) [(1 - r)/2 ||W||^2 + r ||W||_1]`` with r
    the `l1_ratio` and W on the columns of `design_columns`; the intercept is free.

    Parameters
    ----------
    samples : Samples
        Training rows.
    classes : tuple of str, int or bool
        Class labels in sorted order.
    contract : FeatureContract
        Their features.
    recipe : Recipe
        The penalty and its kin.
    start : ndarray of shape (n_rows, n_fitted + fit_intercept), optional
        The `theta` of a fit of the same columns and classes, such as one for another C.

    Returns
    -------
    Fitted
        The fit; converged, unless the recipe allows it not to be.

    Raises
    ------
    TrainingError
        If a class has no row of positive weight, or the fit has not converged.
    """
    weight = fit_weights(samples, len(classes), recipe)
    design = design_columns(samples, contract, recipe)
    theta, certificate = fit_columns(
        design, samples.y, weight, classes=classes, recipe=recipe, start=start
    )
    if not (certificate.converged or recipe.allow_unconverged):
        raise TrainingError(certificate.reason)
    n_columns = len(design.columns)
    intercept = theta[:, n_columns] if recipe.fit_intercept else np.zeros(len(theta))
    coef, intercept = design.published(theta[:, :n_columns], intercept)
    if len(theta) < len(classes):  # two classes have one penalised vector: rows (0, w)
        coef, intercept = np.vstack([np.zeros_like(coef), coef]), np.append(0.0, intercept)
    elif recipe.l1_ratio == 0:  # a shift common to all classes: the ridge leaves none
        coef, intercept = coef - coef.mean(axis=0), intercept - intercept.mean()
    shares = np.bincount(samples.y, weights=weight, minlength=len(classes))
    model = SoftmaxModel(
        classes_=classes,
        levels_=contract.levels,
        coef_=coef,
        intercept_=intercept,
        mean_=design.mean,
        class_prior_=shares / shares.sum(),
    )
    return Fitted(model=model, certificate=certificate, design=design, weight=weight, theta=theta)


def fit_columns(
    design: Design,
    y: Integers,
    weight: Floats,
    *,
    classes: tuple[Label, ...],
    recipe: Recipe,
    start: Floats | None = None,
) -> tuple[Floats, Certificate]:
    """Fit the columns of a design, and certify the result.

    Parameters
    ----------
    design : Design
        The columns.
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    weight : ndarray of shape (n_samples,)
        Weights of the rows in the loss.
    classes : tuple of str, int or bool
        Class labels in sorted order.
    recipe : Recipe
        The penalty and its kin.
    start : ndarray of shape (n_rows, n_parameters), optional
        Where to begin.

    Returns
    -------
    theta : ndarray of shape (n_rows, n_parameters)
        As in `Fitted`.
    certificate : Certificate
        What is known of it, converged or not.
    """
    problem = Problem(
        matrix=design.matrix,
        y=y,
        weight=weight,
        n_classes=len(classes),
        penalty=Penalty(C=recipe.C, l1_ratio=recipe.l1_ratio),
        fit_intercept=recipe.fit_intercept,
    )
    if math.isinf(recipe.C):
        return _unpenalised(problem, recipe, start, classes=classes, names=design.names)
    return _penalised(problem, recipe, start)


def _unpenalised(
    problem: Problem,
    recipe: Recipe,
    start: Floats | None,
    *,
    classes: tuple[Label, ...],
    names: tuple[str, ...],
) -> tuple[Floats, Certificate]:
    kept = independent_columns(problem)
    if len(kept) < problem.n_columns:  # what others add up to gets no coefficient
        reduced = replace(problem, matrix=problem.matrix[:, kept])
        inner, certificate = _unpenalised(
            reduced, recipe, None, classes=classes, names=tuple(names[j] for j in kept)
        )
        theta = np.zeros(problem.shape)
        theta[:, kept] = inner[:, : len(kept)]
        theta[:, problem.n_columns :] = inner[:, len(kept) :]
        return theta, certificate
    found = solve_unpenalised(problem, start, tol=recipe.tol, max_iter=recipe.max_iter)
    separation = None
    relative = found.decrement / found.point.value if found.point.value else 0.0
    if found.is_growing or relative > recipe.tol:
        separation = find_separation(problem, found.point, classes, names)
    if found.is_growing and separation is None:  # steep, but with an optimum
        found = solve_unpenalised(
            problem, found.point.theta, tol=recipe.tol, max_iter=recipe.max_iter, steep=math.inf
        )
        relative = found.decrement / found.point.value if found.point.value else 0.0
    certificate = Certificate(
        engine=found.solution.engine,
        iterations=found.solution.iterations,
        tol=recipe.tol,
        objective=found.point.value,
        newton_decrement=found.decrement,
        relative_gap=relative,
        converged=separation is None and relative <= recipe.tol,
        separation=separation,
    )
    return found.solution.theta, certificate


def _penalised(
    problem: Problem, recipe: Recipe, start: Floats | None
) -> tuple[Floats, Certificate]:
    solve = solve_lasso if problem.penalty.lasso else solve_ridge
    solution = solve(problem, start, tol=recipe.tol, max_iter=recipe.max_iter)
    theta, certificate = _certify(problem, solution, recipe)
    for goal in recipe.tol * 0.01 ** np.arange(1, ROUNDS):
        left = recipe.max_iter - certificate.iterations
        if certificate.converged or left <= 0:
            break
        solution = solve(problem, theta, tol=float(goal), max_iter=left)
        theta, certificate = _certify(problem, solution, recipe, certificate.iterations)
    return theta, certificate


def _certify(
    problem: Problem, solution: Solution, recipe: Recipe, before: int = 0
) -> tuple[Floats, Certificate]:
    coef = solution.theta[:, : problem.n_columns]
    intercept = solution.theta[:, -1] if problem.fit_intercept else np.zeros(problem.n_rows)
    gap = duality_gap(
        problem.matrix,
        problem.y,
        problem.weight,
        coef,
        intercept,
        n_classes=problem.n_classes,
        penalty=problem.penalty,
        fit_intercept=problem.fit_intercept,
    )
    theta = np.column_stack([coef, gap.intercept]) if problem.fit_intercept else coef
    relative = gap.duality_gap / gap.objective if gap.duality_gap else 0.0
    is_known = math.isfinite(relative)
    least = float(problem.weight[problem.weight > 0].min())
    certificate = Certificate(
        engine=solution.engine,
        iterations=before + solution.iterations,
        tol=recipe.tol,
        objective=gap.objective,
        duality_gap=gap.duality_gap if is_known else None,
        relative_gap=relative if is_known else None,
        proba_bound=min(1.0, math.sqrt(gap.duality_gap / (2 * least))) if is_known else None,
        converged=relative <= recipe.tol,
    )
    return theta, certificate
