"""How stored rows look."""

from dataclasses import replace

import numpy as np

from service.regions import PictureOptions, draw
from service.regions.points import OPACITIES, explain_looks, lay_points
from service.regions.scene import Frame
from service.regions.subject import Points
from service.regions.words import WORDS
from service.softmax.contract import FeatureContract
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

Trained = tuple[SoftmaxModel, FeatureContract, Sample]
FRAME = Frame(left=0, top=0, width=500, height=500)


def points(n: int) -> Points:
    places = np.random.default_rng(0).random((n, 2))
    return Points(
        places=places,
        y=np.zeros(n, np.intp),
        is_wrong=np.zeros(n, np.bool_),
        depth=np.zeros(n),
    )


def test_a_row_that_the_model_sees_far_from_the_slice_is_fainter() -> None:
    rows = replace(points(4), depth=np.array([0.0, 1.0, 3.0, 9.0]))

    marks = lay_points(rows, FRAME, 12.0)

    opacity = {tuple(place): look.opacity for look, at in marks.groups() for place in at.tolist()}
    assert [opacity[tuple(place)] for place in FRAME.pixels(rows.places).tolist()] == [*OPACITIES]
    assert explain_looks(rows, WORDS["en"]) == [WORDS["en"].fainter]


def test_rows_of_a_model_of_two_features_lie_in_the_plane(demo: Trained) -> None:
    assert (draw(*demo).subject.points.depth == 0.0).all()  # type: ignore[union-attr] # there are


def test_features_that_change_no_score_leave_a_row_near_the_slice(iris: Trained) -> None:
    model, contract, sample = iris
    flat = replace(model, coef_=model.coef_ * [1.0, 1.0, 0.0, 0.0])

    picture = draw(flat, contract, sample, PictureOptions(x="sepal_length", y="sepal_width"))

    assert picture.subject.points is not None
    assert picture.subject.points.depth.max() < 1e-12


def test_rows_in_one_place_share_a_larger_mark_and_none_is_lost() -> None:
    rows = points(60)
    stacked = replace(
        rows,
        places=np.where(np.arange(60)[:, None] < 40, 0.5, rows.places),
        y=np.where(np.arange(60) < 5, 1, 0),
    )

    marks = lay_points(stacked, FRAME, 12.0)

    sizes = {
        (look.k, look.radius_px): count
        for look, count in zip(marks.looks, marks.counts, strict=True)
    }
    radii = sorted({radius for _, radius in sizes})
    assert len(marks.places) == 22
    assert sizes[0, radii[-1]] == 1
    assert sizes[1, radii[1]] == 1
    assert explain_looks(stacked, WORDS["en"]) == [WORDS["en"].larger]
    # Larger ones are drawn first.
    assert [look.radius_px for look in marks.looks] == sorted(radii, reverse=True)


def test_wrong_ones_are_drawn_last_and_keep_their_rings_whole(iris: Trained) -> None:
    model, contract, sample = iris

    looks = draw(model, contract, sample).scene.marks.looks

    ringed = [look.is_ringed for look in looks]
    assert ringed == sorted(ringed)
    assert any(ringed)
