"""The figures, against scikit-learn's and against counts by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binomtest
from sklearn import metrics as sklearn_metrics

from service.softmax.arrays import Floats, Integers
from service.softmax.bootstrap import GROUPS, intervals
from service.softmax.metrics import evaluate
from service.softmax.probability import log_softmax
from service.softmax.reliability import reliability, share_interval

reference: Any = sklearn_metrics  # its stubs are older than some of its functions

Rows = tuple[Floats, Integers, Floats, Floats]


def drawn(
    n_samples: int = 300, n_classes: int = 4, *, is_weighted: bool = True, seed: int = 0
) -> Rows:
    """Log-probabilities, labels drawn from them, weights, and the class shares."""
    random = np.random.default_rng(seed)
    scores = random.normal(scale=1.5, size=(n_samples, n_classes))
    y = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)
    weight = random.uniform(0.1, 4.0, n_samples) if is_weighted else np.ones(n_samples)
    prior = np.bincount(y, weights=weight, minlength=n_classes) / weight.sum()
    return log_softmax(scores), y, weight, prior


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("is_weighted", [False, True], ids=["plain", "weighted"])
def test_figures_are_scikit_learn_s(n_classes: int, *, is_weighted: bool) -> None:
    log_proba, y, weight, prior = drawn(n_classes=n_classes, is_weighted=is_weighted)
    proba, winners = np.exp(log_proba), log_proba.argmax(axis=1)
    labels = np.arange(n_classes)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        y, winners, labels=labels, sample_weight=weight
    )
    top = [
        reference.top_k_accuracy_score(
            y, proba if n_classes > 2 else proba[:, 1], k=k, labels=labels, sample_weight=weight
        )
        for k in range(1, min(n_classes, 6))
    ]
    top = [*top, 1.0][: min(n_classes, 5)]  # scikit-learn warns where k is all classes

    found = evaluate(log_proba, y, weight, prior)

    expected = {
        "accuracy": reference.accuracy_score(y, winners, sample_weight=weight),
        "balanced_accuracy": reference.balanced_accuracy_score(y, winners, sample_weight=weight),
        "macro_f1": reference.f1_score(y, winners, average="macro", sample_weight=weight),
        "log_loss": reference.log_loss(y, proba, sample_weight=weight, labels=labels),
        "brier_score": reference.brier_score_loss(
            y, proba, sample_weight=weight, labels=labels, scale_by_half=False
        ),
        "skill": reference.d2_log_loss_score(y, proba, sample_weight=weight, labels=labels),
        "top_k_accuracy": top,
    }
    for name, value in expected.items():
        # Sums of 300 terms of one sign.
        assert_allclose(getattr(found, name), value, rtol=1e-12, err_msg=name)
    assert [c.precision for c in found.per_class] == pytest.approx(list(precision), rel=1e-12)
    assert [c.recall for c in found.per_class] == pytest.approx(list(recall), rel=1e-12)
    assert [c.f1 for c in found.per_class] == pytest.approx(list(f1), rel=1e-12)
    counts = reference.confusion_matrix(y, winners)
    assert [list(row) for row in found.confusion_matrix] == counts.tolist()
    assert [c.n_samples for c in found.per_class] == np.bincount(y).tolist()


def test_answering_the_prior_has_no_skill() -> None:
    _, y, weight, prior = drawn()

    found = evaluate(np.tile(np.log(prior), (len(y), 1)), y, weight, prior)

    assert found.skill == 0.0
    # The entropy of the shares.
    assert_allclose(found.prior_log_loss, -prior @ np.log(prior), rtol=1e-12)
    assert_allclose(found.brier_score, 1 - prior @ prior, rtol=1e-12)


def test_what_no_row_can_tell_is_left_open() -> None:
    log_proba = np.log([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]])

    found = evaluate(log_proba, np.array([0, 0]), np.ones(2), np.full(3, 1 / 3))

    assert [c.precision for c in found.per_class] == [1.0, 0.0, None]
    assert [c.recall for c in found.per_class] == [0.5, None, None]
    assert [c.f1 for c in found.per_class] == [pytest.approx(2 / 3), 0.0, None]
    assert found.balanced_accuracy == 0.5
    assert found.macro_f1 == pytest.approx(1 / 3)


def test_ties_go_to_the_first_class() -> None:
    found = evaluate(np.log(np.full((4, 4), 0.25)), np.arange(4), np.ones(4), np.full(4, 0.25))

    assert found.top_k_accuracy == (0.25, 0.5, 0.75, 1.0)


def test_a_weight_of_two_is_a_row_twice() -> None:
    log_proba, y, _, prior = drawn(is_weighted=False)
    weight = np.where(np.arange(len(y)) < 50, 2.0, 1.0)
    twice = np.concatenate([np.arange(50), np.arange(len(y))])

    weighted = evaluate(log_proba, y, weight, prior)

    repeated = evaluate(log_proba[twice], y[twice], np.ones(len(twice)), prior)
    for name in ("accuracy", "macro_f1", "log_loss", "brier_score", "expected_calibration_error"):
        assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)


def test_bins_hold_every_row_once_and_the_error_is_theirs() -> None:
    log_proba, y, weight, _ = drawn()
    confidence = np.exp(log_proba.max(axis=1))
    hit = log_proba.argmax(axis=1) == y

    bins, error = reliability(log_proba, y, weight)

    assert sum(b.n_samples for b in bins) == len(y)
    gaps = []
    for b in bins:
        rows = (confidence > b.low) & (confidence <= b.high)
        assert rows.sum() == b.n_samples
        gaps.append(abs(weight[rows] @ (confidence[rows] - hit[rows])))
    # Weight times gap, summed over bins.
    assert_allclose(error, sum(gaps) / weight.sum(), rtol=1e-12)


def test_certain_answers_have_the_error_of_their_mistakes() -> None:
    log_proba = np.array([[0.0, -800.0]] * 10)

    bins, error = reliability(log_proba, np.array([0] * 9 + [1]), np.ones(10))

    assert error == pytest.approx(0.1, rel=1e-15)
    assert (bins[0].low, bins[0].high, bins[0].accuracy) == (0.9, 1.0, 0.9)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 10), (28, 30), (500, 500)])
def test_the_interval_of_a_share_is_scipy_s(k: int, n: int) -> None:
    expected = binomtest(k, n).proportion_ci(method="wilson")

    found = share_interval(k / n, np.ones(n))

    assert_allclose(found, (expected.low, expected.high), atol=1e-15)


@pytest.mark.parametrize("n_samples", [400, 3 * GROUPS + 7], ids=["rows", "groups"])
def test_intervals_have_the_width_that_the_central_limit_gives(n_samples: int) -> None:
    log_proba, y, weight, prior = drawn(n_samples)
    loss = -log_proba[np.arange(n_samples), y]
    mean = np.average(loss, weights=weight)
    # The standard error of a ratio of two sums.
    error = np.sqrt(np.sum((weight * (loss - mean)) ** 2)) / weight.sum()

    found = intervals(log_proba, y, weight, prior, random_state=1)

    assert found is not None
    assert found.log_loss is not None
    low, high = found.log_loss
    # Two quantiles of 1,000 resamples know a width to about 4 %; this is three times that.
    assert_allclose(high - low, 2 * 1.96 * error, rtol=0.12)
    assert low < mean < high


def test_intervals_are_found_again_from_their_seed() -> None:
    rows = drawn()

    first, second, other = (intervals(*rows, random_state=seed) for seed in (1, 1, 2))

    assert first == second != other


def test_figures_lie_in_their_intervals() -> None:
    log_proba, y, weight, prior = drawn()

    found = evaluate(log_proba, y, weight, prior, random_state=42)

    assert found.intervals is not None
    for name in ("accuracy", "log_loss", "brier_score", "balanced_accuracy", "macro_f1", "skill"):
        low, high = getattr(found.intervals, name)
        assert low < getattr(found, name) < high
    assert evaluate(log_proba, y, weight, prior) == replace(found, intervals=None)


def test_rows_that_are_all_right_have_no_interval_but_that_of_the_share() -> None:
    log_proba = np.log([[0.9, 0.1], [0.2, 0.8]] * 20)

    found = intervals(
        log_proba, np.array([0, 1] * 20), np.ones(40), np.array([0.5, 0.5]), random_state=0
    )

    assert found is not None
    assert found.macro_f1 is None
    assert found.accuracy == pytest.approx((40 / (40 + 1.96**2), 1.0), rel=1e-5)


def test_a_handful_of_rows_has_no_intervals() -> None:
    log_proba, y, weight, prior = drawn(19)

    assert intervals(log_proba, y, weight, prior, random_state=0) is None


def test_rows_without_weight_change_nothing() -> None:
    log_proba, y, weight, prior = drawn()
    weight[:100] = 0.0

    found = evaluate(log_proba, y, weight, prior, random_state=3)

    rest = evaluate(log_proba[100:], y[100:], weight[100:], prior, random_state=3)
    assert found.intervals == rest.intervals
    assert found.reliability == rest.reliability
    assert_allclose(found.brier_score, rest.brier_score, rtol=1e-12)
