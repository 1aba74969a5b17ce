"""The reference-coded columns, and a model's coefficients for them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import ValueRefusedError
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.training.inference.design import Design, Term, raw_design, reference_coding

CONTRACT = FeatureContract(
    features=(
        CategoricalFeature(name="island", categories=("Biscoe", "Dream", None), mode="Dream"),
        NumericFeature(name="mass", low=0, high=9, median=4),
        CategoricalFeature(name="rings", categories=(1, 2), mode=1),
        CategoricalFeature(name="is_alive", categories=(True,), mode=True),
    )
)
X = np.array([[0, 3.5, 1, 0], [1, 4.5, 0, 0], [2, 5.5, 1, 0], [1, 6.5, 1, 0]], dtype=np.float64)


def test_a_category_has_a_column_but_for_the_first() -> None:
    design = raw_design(X, CONTRACT, reference_coding(CONTRACT))

    assert design.names == ("island=Dream", "island=missing", "mass", "rings=2")
    assert [term.columns for term in design.terms] == [(0, 1), (2,), (3,), ()]
    assert [term.reference for term in design.terms] == ["Biscoe", None, "1", "true"]
    assert_array_equal(design.X, [[0, 0, 3.5, 1], [1, 0, 4.5, 0], [0, 1, 5.5, 1], [1, 0, 6.5, 1]])


def test_another_reference_level_can_be_chosen() -> None:
    design = raw_design(X, CONTRACT, reference_coding(CONTRACT, {0: 1, 2: 1}))

    assert design.names == ("island=Biscoe", "island=missing", "mass", "rings=1")
    assert design.terms[0].reference == "Dream"
    assert_array_equal(design.X[:, 0], [1, 0, 0, 0])


@pytest.mark.parametrize("references", [{}, {0: 2}, {0: 1, 2: 1}])
def test_the_scores_of_a_model_survive_any_coding(references: dict[int, int]) -> None:
    random = np.random.default_rng(2)
    model = SoftmaxModel(
        classes_=("a", "b", "c"),
        levels_=CONTRACT.levels,
        coef_=random.normal(size=(3, 7)),
        intercept_=random.normal(size=3),
        mean_=np.array([0.25, 0.5, 0.25, 5.0, 0.25, 0.75, 1.0]),
        class_prior_=np.full(3, 1 / 3),
    )

    coding = reference_coding(CONTRACT, references)
    coef, mean = coding.coefficients(model)
    design = raw_design(X, CONTRACT, coding)

    # Sums of ten terms of size one.
    scores = (design.X - mean) @ coef.T + model.intercept_
    assert_allclose(scores, model.scores(X), atol=1e-13)


def test_a_design_whose_names_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match="a name and a term for each column"):
        Design(X=X, names=("a", "b"), terms=(Term(feature="a", columns=(0,)),))
