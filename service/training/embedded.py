"""The data sets that need no file."""

from dataclasses import asdict, dataclass

import numpy as np
from sklearn import datasets

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers, Label
from service.tables.table import NumberColumn, Table, TableColumn, category_column

TARGET = "target"
EMBEDDED = ("demo", "iris", "wine", "digits", "breast_cancer")


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Arguments of scikit-learn's `make_classification`; the defaults are the demo's."""

    n_samples: int = 300
    n_features: int = 2
    n_informative: int = 2
    n_redundant: int = 0
    n_repeated: int = 0
    n_classes: int = 3
    n_clusters_per_class: int = 1
    flip_y: float = 0.01
    class_sep: float = 1.0
    hypercube: bool = True
    shift: float = 0.0
    scale: float = 1.0
    shuffle: bool = True


def demo_table(options: DemoOptions, random_state: int) -> Table:
    """Make the demonstration set.

    Parameters
    ----------
    options : DemoOptions
        Arguments of `make_classification`.
    random_state : int
        Its seed.

    Returns
    -------
    Table
        Columns ``feature_1, feature_2, …`` and the target.

    Raises
    ------
    TrainingError
        If `make_classification` cannot make such a set; the text is its own reason.
    """
    try:
        X, y = datasets.make_classification(**asdict(options), random_state=random_state)
    except ValueError as error:
        msg = f"demo cannot be made: {' '.join(str(error).split())}"
        raise TrainingError(msg) from error
    names = [f"feature_{j + 1}" for j in range(X.shape[1])]
    return _table("demo", names, X, tuple(range(options.n_classes)), y)


def embedded_table(name: str) -> Table:
    """Give one of scikit-learn's small data sets.

    Parameters
    ----------
    name : {"iris", "wine", "digits", "breast_cancer"}
        The set.

    Returns
    -------
    Table
        Feature names without units, spaces as underscores; labels as its target names.
    """
    bunch = getattr(datasets, f"load_{name}")()
    names = [str(column).removesuffix(" (cm)").replace(" ", "_") for column in bunch.feature_names]
    labels: list[Label] = [
        int(label) if isinstance(label, np.integer) else str(label) for label in bunch.target_names
    ]
    return _table(name, names, bunch.data, tuple(labels), bunch.target)


def _table(name: str, names: list[str], X: Floats, labels: tuple[Label, ...], y: Integers) -> Table:
    columns: dict[str, TableColumn] = {
        feature: NumberColumn(values=np.ascontiguousarray(X[:, j], dtype=np.float64))
        for j, feature in enumerate(names)
    }
    # A class may have no row (a small demo): its label is not one then.
    present, codes = np.unique(y, return_inverse=True)
    columns[TARGET] = category_column(codes, tuple(labels[k] for k in present))
    return Table(name=name, columns=columns)
