"""Bands of three classes: one curve in nine places and more."""

import re
from typing import cast

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.regions import PictureOptions, draw
from service.regions.field import ScoreField
from service.regions.scene import LEVELS, Frame
from service.regions.triple import FAR, PARTS, curve, placements, shift
from service.softmax.arrays import Floats
from service.softmax.contract import FeatureContract
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

FRAME = Frame(left=50, top=36, width=503, height=521)


def outline(per_bend: int) -> Floats:
    """Points along the curve as a browser follows it, in parts of a nat."""
    start = re.findall(r"L(-?\d+) (-?\d+)Q", curve())
    points = np.array(start, dtype=np.float64)
    along = np.linspace(0.0, 1.0, per_bend + 1)[1:, None]
    for bend in re.findall(r"Q(-?\d+) (-?\d+) (-?\d+) (-?\d+)", curve()):
        control, end = np.array(bend, dtype=np.float64).reshape(2, 2)
        begin = points[-1]
        bent = (1 - along) ** 2 * begin + 2 * along * (1 - along) * control + along**2 * end
        points = np.concatenate([points, bent])
    return points


def field_of(seed: int) -> ScoreField:
    rng = np.random.default_rng(seed)
    return ScoreField(slopes=rng.normal(scale=8.0, size=(3, 2)), offsets=rng.normal(size=3))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", LEVELS)
def test_each_class_has_the_probability_of_the_level_all_along_the_curve(
    seed: int, level: float
) -> None:
    field = field_of(seed)

    placed = placements(field, FRAME)

    assert placed is not None
    for k in range(3):
        pixels = (outline(8) + shift(level)) @ placed[k, :, :2].T + placed[k, :, 2]
        points = (pixels - (FRAME.left, FRAME.bottom)) / (FRAME.width, -FRAME.height)
        scores = field.scores(points)
        log_odds = np.logaddexp(*np.delete(scores, k, axis=1).T) - scores[:, k]
        # Bends leave the curve by 2e-5 nats, numbers are rounded to a part in both directions.
        assert_allclose(log_odds, np.log1p(-level) - np.log(level), atol=2e-5 + 1.5 / PARTS)


def test_the_ends_of_the_curve_go_on_beyond_the_view() -> None:
    numbers = [int(number) for number in re.findall(r"-?\d+", curve())]
    low = round(-PARTS * FAR)

    assert numbers[:3] == [low, low, 0]
    assert numbers[-2:] == [0, low]
    assert curve().endswith("Z")


@pytest.mark.parametrize(
    ("slopes", "scale"),
    [
        ([[0.0, 0.0], [1.0, 2.0]], 1.0),  # two classes
        ([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]], 1.0),  # boundaries that never meet
        ([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [0.0, 1.0]], 1.0),  # four classes
        ([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]], 1e8),
        ([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]], 1e-8),
        ([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], 1.0),
    ],
)
def test_where_it_would_not_be_exact_the_curve_is_not_placed(
    slopes: list[list[float]], scale: float
) -> None:
    field = ScoreField(slopes=scale * np.array(slopes), offsets=np.zeros(len(slopes)))

    assert placements(field, FRAME) is None


def test_an_svg_writes_the_curve_once_and_no_other_where_there_are_three_classes(
    demo: tuple[SoftmaxModel, FeatureContract, Sample],
) -> None:
    written = draw(*demo, PictureOptions(theme="light")).svg().decode()

    name = cast("re.Match[str]", re.search(r'id="(r\w+)"', written)).group(1)
    assert written.count(f'id="{name}-e"') == 1
    assert written.count(f'href="#{name}-e"') == 3 * len(LEVELS)
