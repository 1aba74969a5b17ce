"""Outlines of bands against the probabilities themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.regions.bands import MARGIN, band_outlines, simplified
from service.regions.field import ScoreField
from service.regions.polygons import partition
from service.regions.scene import LEVELS
from service.softmax.arrays import Booleans, Floats
from service.softmax.probability import softmax


def holds(vertices: Floats, points: Floats) -> Booleans:
    start, stop = vertices, np.roll(vertices, -1, axis=0)
    side, offset = stop - start, points[:, None, :] - start
    turns = side[:, 0] * offset[..., 1] - side[:, 1] * offset[..., 0]
    return np.asarray((turns >= -1e-12).all(axis=1))


@pytest.mark.parametrize("n_classes", [2, 3, 5, 9])
@pytest.mark.parametrize("steepness", [2.0, 8.0, 60.0])
def test_an_outline_holds_the_points_above_its_level(n_classes: int, steepness: float) -> None:
    rng = np.random.default_rng(n_classes)
    slopes = steepness * rng.normal(size=(n_classes, 2))
    offsets = -0.5 * slopes.sum(axis=1) + 0.2 * steepness * rng.normal(size=n_classes)
    field = ScoreField(slopes=slopes, offsets=offsets)
    points = rng.random((4000, 2))
    proba = softmax(field.scores(points))

    outlines = band_outlines(field, partition(field), LEVELS)

    covered = np.zeros((len(LEVELS), n_classes, len(points)), dtype=np.bool_)
    for outline in outlines:
        covered[outline.level, outline.winner] = holds(outline.vertices, points)
    wrong = covered != (np.array(LEVELS)[:, None, None] <= proba.T)
    # Chords cut a few ten-thousandths of the view off a curve.
    assert wrong.any(axis=1).mean() < 1e-3


def test_every_vertex_in_view_is_on_its_level() -> None:
    field = ScoreField(
        slopes=np.array([[6.0, 0.0], [-3.0, 5.0], [-3.0, -5.0]]), offsets=np.array([-3.0, 0.0, 5.0])
    )

    outlines = band_outlines(field, partition(field), LEVELS)

    for outline in outlines:
        inner = (np.abs(outline.vertices - 0.5) < 0.5 + 0.9 * MARGIN).all(axis=1)
        proba = softmax(field.scores(outline.vertices[inner]))[:, outline.winner]
        assert_allclose(proba, LEVELS[outline.level], rtol=1e-5)


def test_simplifying_moves_no_part_of_an_outline_far() -> None:
    angles = np.linspace(0.0, 2.0 * np.pi, 400, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])

    fewer = simplified(circle, 1e-3)

    middles = 0.5 * (fewer + np.roll(fewer, -1, axis=0))
    assert len(fewer) <= 100
    assert np.abs(np.hypot(*middles.T) - 1.0).max() < 4e-3
