"""Outlines of bands against the probabilities themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.regions.bands import band_outlines
from service.regions.clipping import partition
from service.regions.field import ScoreField
from service.regions.scene import LEVELS
from service.softmax.arrays import Booleans, Floats
from service.softmax.probability import softmax


def holds(vertices: Floats, points: Floats) -> Booleans:
    """Whether a polygon holds each point: a ray crosses its border an odd number of times."""
    start, stop = vertices, np.roll(vertices, -1, axis=0)
    straddles = (start[:, 1] > points[:, 1:]) != (stop[:, 1] > points[:, 1:])
    rise = np.where(stop[:, 1] == start[:, 1], 1.0, stop[:, 1] - start[:, 1])
    u = start[:, 0] + (points[:, 1:] - start[:, 1]) / rise * (stop[:, 0] - start[:, 0])
    return np.asarray((straddles & (points[:, :1] < u)).sum(axis=1) % 2 == 1)


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
        for level, place in outline.slices():
            covered[level, outline.winner] = holds(outline.flattened(place, 8), points)
    wins = proba.argmax(axis=1) == np.arange(n_classes)[:, None]
    wrong = wins & (covered != (np.array(LEVELS)[:, None, None] <= proba.T))
    # Each curve is as good as its two tangents; a tenth of a pixel of 500 at a boundary of 500.
    assert wrong.any(axis=(0, 1)).mean() < 2e-3


def test_a_class_alone_fills_the_view_at_every_level() -> None:
    field = ScoreField(slopes=np.array([[3.0, 1.0]]), offsets=np.array([2.0]))

    (outlines,) = band_outlines(field, partition(field), LEVELS)

    points = np.random.default_rng(0).random((99, 2))
    assert outlines.levels == tuple(range(len(LEVELS)))
    assert all(holds(outlines.vertices[place], points).all() for _, place in outlines.slices())


def test_every_vertex_in_view_is_on_its_level() -> None:
    field = ScoreField(
        slopes=np.array([[6.0, 0.0], [-3.0, 5.0], [-3.0, -5.0]]), offsets=np.array([-3.0, 0.0, 5.0])
    )

    outlines = band_outlines(field, partition(field), LEVELS)

    seen = 0
    for outline in outlines:
        for level, place in outline.slices():
            vertices = outline.vertices[place]
            # At the ends, beyond the region's box, corners lie inside the level.
            inner = ((vertices > 0.0) & (vertices < 1.0)).all(axis=1)
            proba = softmax(field.scores(vertices[inner]))[:, outline.winner]
            seen += inner.sum()
            assert_allclose(proba, LEVELS[level], rtol=1e-5)
    assert seen > 100
