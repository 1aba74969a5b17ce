"""The geometry behind the pictures of the report."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.softmax.reliability import ReliabilityBin
from service.softmax.selection import PathPoint, Selection
from service.training.report.balance import class_balance
from service.training.report.confusion import confusion_matrix
from service.training.report.drawing import fitted, text_width
from service.training.report.heatmap import coefficient_map
from service.training.report.path_of_c import path_picture
from service.training.report.reliability import reliability_diagram


def numbers(pattern: str, svg: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, svg)]


def test_bars_are_as_long_as_their_rows() -> None:
    svg = class_balance(["a", "b"], [30, 10], [10, 0])

    widths = numbers(r'width="([\d.]+)" height="15\.0"', svg)
    # Written to a tenth of a pixel.
    assert_allclose(np.array(widths) / widths[0] * 30, [30, 10, 10, 0], atol=0.05)
    assert "40 · 80.0%" in svg
    assert "the smallest, b, has 10 rows of 50" in svg


def test_cells_of_a_confusion_matrix_tell_their_share_of_the_row() -> None:
    svg = confusion_matrix(["a", "b"], [[3, 1], [0, 6]], "held-out")

    shares = numbers(r"fill-opacity:([\d.]+)", svg)
    # Of a mistake it is the root of its share; written to three digits.
    assert_allclose(shares, [0.75 * 0.75, 0.75 * 0.5, 0.0, 0.75], atol=6e-4)
    assert "true a, predicted b: 1 (25.0%)" in svg
    assert "Of 10 held-out rows 9 are predicted right and 1 wrong." in svg


def test_bins_of_a_model_that_is_right_as_often_as_it_says_lie_on_the_diagonal() -> None:
    bins = [
        ReliabilityBin(
            low=low,
            high=low + 0.1,
            n_samples=10,
            confidence=share,
            accuracy=share,
            interval=(share - 0.1, share),
        )
        for low, share in ((0.3, 0.37), (0.9, 0.98))
    ]

    svg = reliability_diagram(bins, bins[:1])

    places = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="[\d.]+" class="(\w+)"', svg)
    sums = {kind: float(x) + float(y) for x, y, kind in places}
    # The diagonal runs from the lower left to the upper right of a square.
    assert sums["plus"] == pytest.approx(sums["hollow"], abs=0.15)
    assert len(places) == 3


def test_effects_have_the_colour_of_their_sign_and_the_strength_of_their_size() -> None:
    svg = coefficient_map(
        ["a", "b", "c"], ["x", "y"], np.array([[2.0, 0.0], [-1.0, 0.5], [-1.0, -0.5]])
    )

    cells = re.findall(r'class="cell (plus|minus)" style="fill-opacity:([\d.]+)"', svg)
    assert [(kind, float(strength) / 0.75) for kind, strength in cells] == [
        ("plus", 1.0),
        ("minus", 0.5),
        ("minus", 0.5),
        ("minus", 0.0),
        ("plus", pytest.approx(0.25, abs=1e-3)),
        ("minus", pytest.approx(0.25, abs=1e-3)),
    ]
    assert "the largest effect is that of x on a, 2.0" in svg


def test_two_classes_have_one_column_of_effects() -> None:
    svg = coefficient_map(["no", "yes"], ["x"], np.array([[0.0], [1.5]]))

    assert svg.count("fill-opacity") == 1
    assert "yes against no" in svg


def path(*points: tuple[float, float, float, float], chosen: int) -> str:
    named = tuple(
        PathPoint(C=C, l1_ratio=l1_ratio, log_loss=mean, standard_error=error)
        for C, l1_ratio, mean, error in points
    )
    return path_picture(
        Selection(folds=5, points=named, minimum=chosen, one_standard_error=chosen, chosen=chosen)
    )


def test_the_chosen_c_is_marked_on_its_path() -> None:
    svg = path(
        *((0.1, 0.0, 0.5, 0.05), (1.0, 0.0, 0.3, 0.04), (10.0, 0.0, 0.35, 0.06)),
        *((0.1, 1.0, 0.6, 0.05), (1.0, 1.0, 0.4, 0.04)),
        chosen=1,
    )

    (large,) = re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="5\.0"', svg)
    xs = numbers(r'<circle cx="([\d.]+)" cy="[\d.]+" r="[\d.]+" class="plus"', svg)
    assert float(large) == xs[1]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.15)  # powers of ten, evenly
    assert svg.count('class="plus pale"') == 2
    assert "Chosen: C = 1, l1 ratio 0: 0.3000 ± 0.0400." in svg


def test_a_path_of_one_point_can_be_drawn() -> None:
    assert "C = 0.3" in path((0.3, 0.0, 0.5, 0.0), chosen=0)


def test_words_are_cut_to_the_room_there_is() -> None:
    assert fitted("short", 100.0) == "short"
    assert text_width(fitted("体重" * 50, 100.0)) <= 100.0
    assert fitted("x", 0.0) == "…"
