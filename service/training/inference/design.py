"""The columns that inference is about: raw units, categories without their reference level."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats, Integers
from service.softmax.contract import CategoricalFeature, FeatureContract
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts
from service.training.design import level_text


@dataclass(frozen=True, kw_only=True)
class Term:
    """The columns that one feature has in a design.

    Parameters
    ----------
    feature : str
        The feature's name.
    columns : tuple of int
        Their positions: one for a number, one per category but the reference.
    reference : str or None
        The category without a column; None for a number.
    """

    feature: str
    columns: tuple[int, ...]
    reference: str | None = None

    @property
    def is_categorical(self) -> bool:
        """Whether the columns are the categories of one feature."""
        return self.reference is not None


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Rows as a statistician writes them down.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Numbers in their units; 0 and 1 for a category.
    names : tuple of str, length n_columns
        A number's feature name; ``island[Dream]`` for a category.
    terms : tuple of Term
        Which columns belong together; every column to exactly one.

    Raises
    ------
    ValueRefusedError
        If names and terms do not fit the columns.
    """

    X: Floats
    names: tuple[str, ...]
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        owned = sorted(column for term in self.terms for column in term.columns)
        if owned != list(range(len(self.names))) or self.X.shape[1:] != (len(self.names),):
            msg = f"expected a name and a term for each column of X, of shape {self.X.shape}"
            raise ValueRefusedError(msg)


def numeric_design(X: Floats, names: tuple[str, ...]) -> Design:
    """Make a design of numbers only.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Numbers in their units.
    names : tuple of str, length n_columns
        Their names.

    Returns
    -------
    Design
        Every column a feature of its own.
    """
    terms = tuple(Term(feature=name, columns=(j,)) for j, name in enumerate(names))
    return Design(X=X, names=names, terms=terms)


@dataclass(frozen=True, kw_only=True, eq=False)
class Coding:
    """How the full columns of a model become those of a design.

    Parameters
    ----------
    columns : ndarray of shape (n_columns,)
        For each column of the design, the model's column of the same number or category.
    bases : ndarray of shape (n_columns,)
        The model's column of the reference level; -1 for a number.
    names : tuple of str, length n_columns
        As in `Design`.
    terms : tuple of Term
        As in `Design`.
    """

    columns: Integers
    bases: Integers
    names: tuple[str, ...]
    terms: tuple[Term, ...]

    def coefficients(self, model: SoftmaxModel) -> tuple[Floats, Floats]:
        """Give a model's coefficients for the columns of the design.

        The columns of one categorical feature sum to one, so what its reference level adds
        to the scores may be taken from all its levels; at the mean row it cancels.

        Parameters
        ----------
        model : SoftmaxModel
            Any fit to the features of this coding; its own coding does not matter.

        Returns
        -------
        coef : ndarray of shape (n_classes, n_columns)
            In nats per unit of the design's columns; with `SoftmaxModel.intercept_` at the
            mean row they give the model's scores.
        mean : ndarray of shape (n_columns,)
            The mean row.
        """
        base = np.where(self.bases < 0, 0.0, model.coef_[:, self.bases])
        return model.coef_[:, self.columns] - base, model.mean_[self.columns]


def reference_coding(
    contract: FeatureContract, references: Mapping[int, int] | None = None
) -> Coding:
    """Choose the columns of a design: every category but one of each feature.

    Parameters
    ----------
    contract : FeatureContract
        The features.
    references : mapping of int to int, optional
        Index of the reference level by index of the feature; the first level by default.

    Returns
    -------
    Coding
        The columns.
    """
    chosen = references or {}
    starts = column_starts(contract.levels)
    names: list[str] = []
    columns: list[int] = []
    bases: list[int] = []
    terms: list[Term] = []
    for j, feature in enumerate(contract.features):
        at, start = len(names), int(starts[j])
        if not isinstance(feature, CategoricalFeature):
            names.append(feature.name)
            columns.append(start)
            bases.append(-1)
            terms.append(Term(feature=feature.name, columns=(at,)))
            continue
        base = chosen.get(j, 0)
        for code, category in enumerate(feature.categories):
            if code != base:
                names.append(f"{feature.name}={level_text(category)}")
                columns.append(start + code)
                bases.append(start + base)
        term = Term(
            feature=feature.name,
            columns=tuple(range(at, len(names))),
            reference=level_text(feature.categories[base]),
        )
        terms.append(term)
    return Coding(
        columns=np.array(columns, dtype=np.intp),
        bases=np.array(bases, dtype=np.intp),
        names=tuple(names),
        terms=tuple(terms),
    )


def raw_design(X: Floats, contract: FeatureContract, coding: Coding) -> Design:
    """Make the design of encoded rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows as `SoftmaxModel.scores` takes them; a category that counts as unknown has no
        column, like the reference level.
    contract : FeatureContract
        Their features.
    coding : Coding
        The columns wanted, of the same features.

    Returns
    -------
    Design
        The columns.
    """
    starts = column_starts(contract.levels)
    columns = np.empty((len(X), len(coding.names)))
    for j, term in enumerate(coding.terms):
        for column in term.columns:
            code = coding.columns[column] - starts[j]
            columns[:, column] = X[:, j] == code if term.is_categorical else X[:, j]
    return Design(X=columns, names=coding.names, terms=coding.terms)
