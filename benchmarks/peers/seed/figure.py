"""The seed's figure, drawn as often as a line comes in: each time the milliseconds go out.

Fitting is not counted. matplotlib is used as the seed uses it, by `pyplot`, without a window.
"""

import io
import sys
import time

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

SIDE = 400
"""Places along each side at which the model is asked."""


def figure(fit: LogisticRegression, X: np.ndarray, y: np.ndarray) -> bytes:
    """Ask the model on a grid, colour it, and put the rows on top."""
    (x_low, y_low), (x_high, y_high) = X.min(axis=0) - 1, X.max(axis=0) + 1
    xx, yy = np.meshgrid(np.linspace(x_low, x_high, SIDE), np.linspace(y_low, y_high, SIDE))
    Z = fit.predict(np.c_[xx.ravel(), yy.ravel()]).reshape(xx.shape)
    colours = ListedColormap(["red", "green", "blue"])
    plt.figure(figsize=(7, 6))
    plt.contourf(xx, yy, Z, alpha=0.3, cmap=colours)
    plt.scatter(X[:, 0], X[:, 1], c=y, cmap=colours, edgecolor="k")
    plt.title("Softmax regression")
    plt.xlabel("feature_1")
    plt.ylabel("feature_2")
    file = io.BytesIO()
    plt.savefig(file, format="png", dpi=100)
    plt.close()
    return file.getvalue()


def main() -> None:
    """Fit once, draw on demand."""
    X, y = make_classification(
        n_samples=300, n_features=2, n_informative=2, n_redundant=0, n_clusters_per_class=1,
        n_classes=3, random_state=42,
    )  # fmt: skip
    fit = LogisticRegression().fit(X, y)
    for _ in sys.stdin:
        began = time.process_time()
        figure(fit, X, y)
        print(1e3 * (time.process_time() - began), flush=True)


if __name__ == "__main__":
    main()
