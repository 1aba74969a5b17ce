"""Coordinates in which the columns of a design are uncorrelated, and what forbids them."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers
from service.training.inference.design import Design

UNEXPLAINED = 1e-10
"""A column counts as dependent when others leave less than this of its deviation."""

INVOLVED = 1e-6
"""A column takes part in a dependence when its share, in deviations, is above this."""

SHOWN = 6
"""How many names a message lists."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """A design whose columns were made uncorrelated, of mean square one.

    The information of ill-scaled or strongly correlated columns, or of columns far from
    zero, would lose its digits before it is inverted; in these coordinates it does not, and
    the way back is triangular.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_parameters)
        Z, with ``sum_i w_i z_i z_i' = sum_i w_i I``; the first is 1 with an intercept.
    to_raw : ndarray of shape (n_parameters, n_parameters)
        T: coefficients t of Z are T t in raw units, the intercept at x = 0.
    has_intercept : bool
        Whether there is one.
    """

    columns: Floats
    to_raw: Floats
    has_intercept: bool

    @property
    def slopes(self) -> Floats:
        """The rows of T that give slopes; ``z_i`` moves by ``d @ slopes`` when x_i by d."""
        return self.to_raw[1:] if self.has_intercept else self.to_raw


def uncorrelated(design: Design, sample_weight: Floats, *, fit_intercept: bool) -> Basis:
    """Make the columns of a design uncorrelated by a QR decomposition.

    Parameters
    ----------
    design : Design
        The columns.
    sample_weight : ndarray of shape (n_samples,)
        Weights above zero.
    fit_intercept : bool
        Whether there is a constant beside the columns.

    Returns
    -------
    Basis
        The columns made uncorrelated, and the way back.

    Raises
    ------
    TrainingError
        If the columns are linearly dependent; the message names them.
    """
    n_samples, n_columns = design.X.shape
    shares = sample_weight / sample_weight.sum()
    mean = np.zeros(n_columns)
    centred = design.X
    if fit_intercept:
        mean = shares @ design.X
        centred = design.X - mean
        # The mean was rounded at the size of x; what is left of it shows at the size of x - m.
        rest = shares @ centred
        mean, centred = mean + rest, centred - rest
    scale = _scale(design, centred, shares, fit_intercept=fit_intercept)
    if n_samples < n_columns + fit_intercept:
        msg = (
            f"expected at least as many rows as coefficients of a contrast,"
            f" got {n_samples} rows and {n_columns + fit_intercept} coefficients"
        )
        raise TrainingError(msg)
    root = np.sqrt(shares)[:, None]
    q, r, pivots = linalg.qr(centred / scale * root, mode="economic", pivoting=True)
    rank = int(np.count_nonzero(np.abs(np.diag(r)) > UNEXPLAINED))
    if rank < n_columns:
        msg = _dependence(design.names, r, pivots, rank, mean / scale)
        raise TrainingError(msg)
    slopes = np.empty((n_columns, n_columns))
    slopes[pivots] = linalg.solve_triangular(r, np.eye(n_columns)) / scale[pivots, None]
    columns = q / root
    if not fit_intercept:
        return Basis(columns=columns, to_raw=slopes, has_intercept=False)
    to_raw = np.zeros((n_columns + 1, n_columns + 1))
    to_raw[0, 0] = 1.0
    to_raw[0, 1:] = -mean @ slopes
    to_raw[1:, 1:] = slopes
    with_ones = np.column_stack([np.ones(n_samples), columns])
    return Basis(columns=with_ones, to_raw=to_raw, has_intercept=True)


def _scale(design: Design, centred: Floats, shares: Floats, *, fit_intercept: bool) -> Floats:
    largest = np.abs(centred).max(axis=0)
    noise = 8 * np.finfo(np.float64).eps * np.abs(design.X).max(axis=0)
    flat = [name for name, is_flat in zip(design.names, largest <= noise, strict=True) if is_flat]
    if flat:
        beside = " beside the intercept" if fit_intercept else ""
        word = "constant" if fit_intercept else "zero"
        msg = f"expected columns that vary, got {word} ones{beside}: {_listed(flat)}"
        raise TrainingError(msg)
    deviation: Floats = largest * np.sqrt(shares @ (centred / largest) ** 2)
    return deviation


def _dependence(
    names: tuple[str, ...], r: Floats, pivots: Integers, rank: int, mean: Floats
) -> str:
    """Name the columns of each dependence that the decomposition found."""
    shares = linalg.solve_triangular(r[:rank, :rank], r[:rank, rank:])
    groups = []
    for share, column in zip(shares.T, pivots[rank:], strict=True):
        explained = share * mean[pivots[:rank]]
        offset = abs(mean[column] - explained.sum())
        involved = np.abs(share) > INVOLVED
        members = sorted([int(column), *map(int, pivots[:rank][involved])])
        group = _listed([names[member] for member in members])
        size = abs(mean[column]) + np.abs(explained).sum()
        groups.append(f"{group} with the intercept" if offset > INVOLVED * size else group)
    return (
        f"expected linearly independent columns, got {len(groups)} too many:"
        f" {'; '.join(groups[:3])}{'; …' if len(groups) > 3 else ''}"  # noqa: PLR2004 - three say enough
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
