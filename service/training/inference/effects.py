"""Average marginal effects and how they move with the coefficients."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.information import class_products, row_blocks
from service.softmax.probability import softmax
from service.training.inference.basis import Basis
from service.training.inference.design import Design, Term


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A fit on its rows, as the functions here take it.

    Parameters
    ----------
    design : Design
        The columns in raw units.
    basis : Basis
        The same, uncorrelated.
    shares : ndarray of shape (n_samples,)
        Weights that sum to one.
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats.
    coef : ndarray of shape (n_classes, n_columns)
        W, in nats per unit of the raw column.
    free : ndarray of shape (n_classes - 1,)
        The classes other than the reference.
    """

    design: Design
    basis: Basis
    shares: Floats
    scores: Floats
    coef: Floats
    free: Integers

    @property
    def n_parameters(self) -> int:
        """Number of coefficients, over all contrasts."""
        return self.free.size * len(self.basis.to_raw)


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects:
    """Effects of some columns on the probability of every class.

    Parameters
    ----------
    kind : {"derivative", "discrete change"}
        What they are.
    columns : ndarray of shape (n_effects,)
        The columns of the design.
    effects : ndarray of shape (n_classes, n_effects)
        Averages over the rows, in probability (per unit of the column).
    gradient : ndarray of shape (n_classes, n_effects, n_free * n_parameters)
        Their derivatives in the coefficients of the basis, classes outermost.
    """

    kind: Literal["derivative", "discrete change"]
    columns: Integers
    effects: Floats
    gradient: Floats


def derivatives(fitted: Fitted) -> Effects:
    """Give the average derivatives of the probabilities in the numeric columns.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.

    Returns
    -------
    Effects
        ``mean_i p_ik (W_kj - sum_l p_il W_lj)`` for every class k and numeric column j.

    References
    ----------
    .. [1] W. H. Greene, *Econometric Analysis*, 7th ed., 2012, sec. 18.2.
    """
    terms = [term for term in fitted.design.terms if not term.is_categorical]
    columns = np.array([term.columns[0] for term in terms], dtype=np.intp)
    n_classes, n_effects = fitted.scores.shape[1], len(columns)
    width = fitted.basis.columns.shape[1]
    coef = fitted.coef[:, columns]
    effects = np.zeros((n_classes, n_effects))
    own = np.zeros((n_classes * n_effects, width))
    cross = np.zeros((n_classes * width, n_classes * n_effects))
    spread = np.zeros((n_classes, n_classes))
    for rows in row_blocks(len(fitted.scores), n_classes * (n_effects + width)):
        proba, Z = softmax(fitted.scores[rows]), fitted.basis.columns[rows]
        weighted = proba * fitted.shares[rows, None]
        slopes = proba[:, :, None] * (coef - (proba @ coef)[:, None, :])
        slopes = slopes.reshape(len(proba), n_classes * n_effects)
        effects += (fitted.shares[rows] @ slopes).reshape(effects.shape)
        own += (slopes * fitted.shares[rows, None]).T @ Z
        cross += class_products(Z, weighted).T @ slopes
        spread += np.diag(weighted.sum(axis=0)) - weighted.T @ proba
    # With s_ikj the slope of p_k in column j and u_im the score of class m:
    # ds_ikj / du_im = [k = m] s_ikj - p_im s_ikj - p_ik s_imj, and W_mj moves s_ikj besides.
    crossed = cross.reshape(n_classes, width, n_classes, n_effects)
    gradient = -crossed.transpose(2, 3, 0, 1) - crossed.transpose(0, 3, 2, 1)
    every = np.arange(n_classes)
    gradient[every, :, every] += own.reshape(n_classes, n_effects, width)
    gradient += spread[:, None, :, None] * fitted.basis.slopes[columns][None, :, None, :]
    return Effects(
        kind="derivative",
        columns=columns,
        effects=effects,
        gradient=gradient[:, :, fitted.free].reshape(n_classes, n_effects, fitted.n_parameters),
    )


def discrete_changes(fitted: Fitted, term: Term) -> Effects:
    """Give what each category does to the probabilities in place of the reference level.

    Every row is asked twice, once with the category and once with the reference level, all
    its other columns as they are.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.
    term : Term
        A categorical feature of its design.

    Returns
    -------
    Effects
        ``mean_i (p_k(x_i with the category) - p_k(x_i with the reference))``.

    References
    ----------
    .. [1] W. H. Greene, *Econometric Analysis*, 7th ed., 2012, ch. 17, for two classes.
    """
    columns = np.array(term.columns, dtype=np.intp)
    coef, steps = fitted.coef[:, columns], fitted.basis.slopes[columns]
    n_classes, width = fitted.scores.shape[1], fitted.basis.columns.shape[1]
    every = np.arange(n_classes)
    effects = np.zeros((n_classes, len(columns) + 1))  # the reference level comes first
    gradient = np.zeros((n_classes, len(columns) + 1, n_classes, width))
    for rows in row_blocks(len(fitted.scores), n_classes * width):
        present = fitted.design.X[rows][:, columns]
        scores = fitted.scores[rows] - present @ coef.T
        Z = fitted.basis.columns[rows] - present @ steps
        for level in range(len(columns) + 1):
            if level:
                proba, at = softmax(scores + coef[:, level - 1]), Z + steps[level - 1]
            else:
                proba, at = softmax(scores), Z
            weighted = proba * fitted.shares[rows, None]
            effects[:, level] += weighted.sum(axis=0)
            products = proba.T @ class_products(at, weighted)
            gradient[:, level] -= products.reshape(n_classes, n_classes, width)
            gradient[every, level, every] += weighted.T @ at
    gradient = gradient[:, 1:] - gradient[:, :1]
    return Effects(
        kind="discrete change",
        columns=columns,
        effects=effects[:, 1:] - effects[:, :1],
        gradient=gradient[:, :, fitted.free].reshape(n_classes, len(columns), fitted.n_parameters),
    )
