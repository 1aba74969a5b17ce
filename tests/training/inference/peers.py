"""Data sets of statsmodels, its fits, and fits of ours to compare with them."""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import statsmodels.api as sm
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from service.softmax.arrays import Floats, Integers

# Both stop where rounding stops Newton's steps; the issue asks for 1e-6.
assert_close = partial(assert_allclose, rtol=1e-8, atol=1e-12)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Numeric columns and the class of each row."""

    X: Floats
    y: Integers
    names: tuple[str, ...]

    @property
    def classes(self) -> tuple[int, ...]:
        return tuple(range(int(self.y.max()) + 1))


@cache
def rows(name: str) -> Rows:
    """Seven parties, passed or not, no affair and two lengths of it, an affair or not."""
    kept = name.removesuffix("_binary")
    loaded = getattr(sm.datasets, kept).load_pandas()
    y = loaded.endog.to_numpy()
    if kept == "fair":
        y = np.digitize(y, [1e-9] if name == "fair_binary" else [1e-9, 1.0])
    return Rows(
        X=loaded.exog.to_numpy(dtype=np.float64),
        y=y.astype(np.intp),
        names=tuple(map(str, loaded.exog.columns)),
    )


@cache
def peer(name: str) -> Any:
    """Give the fit of statsmodels, which compares with the first class."""
    data = rows(name)
    model = sm.MNLogit(data.y, sm.add_constant(data.X))
    return model.fit(method="newton", tol=1e-14, maxiter=100, disp=False)


def maximum(
    X: Floats, y: Integers, weights: Floats | None = None, *, fit_intercept: bool = True
) -> tuple[Floats, Floats]:
    """Give coefficients and intercepts at the maximum of the likelihood."""
    scale = X.std(axis=0)
    engine = LogisticRegression(
        C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200, fit_intercept=fit_intercept
    ).fit(X / scale, y, sample_weight=weights)
    coef, intercept = engine.coef_ / scale, np.broadcast_to(engine.intercept_, len(engine.coef_))
    if len(coef) == 1:
        return np.vstack([0 * coef, coef]), np.append(0.0, intercept)
    return coef, intercept.astype(np.float64)


def figures(entries: tuple[Any, ...], field: str, n_groups: int) -> Floats:
    """A field of coefficients or effects, a row for each class."""
    return np.array([getattr(entry, field) for entry in entries]).reshape(n_groups, -1)
