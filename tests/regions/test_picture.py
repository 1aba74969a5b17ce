"""Whole pictures: pixels, outlines and files."""

import io
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from service.regions import Picture, PictureOptions, draw
from service.regions.palette import DARK, LIGHT
from service.softmax.arrays import Booleans, Floats
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

Trained = tuple[SoftmaxModel, FeatureContract, Sample]


def pixels_of(picture: Picture) -> Floats:
    return np.asarray(Image.open(io.BytesIO(picture.png())), dtype=np.float64)


def far_from_lines(picture: Picture, places: Floats) -> Booleans:
    """Whether places in the view are more than two pixels from every boundary."""
    frame = picture.scene.frame
    size = np.array([frame.width, frame.height])
    away = np.full(len(places), np.inf)
    for boundary in picture.partition.boundaries:
        (start, stop), points = boundary.ends * size, places * size
        side = stop - start
        along = np.clip((points - start) @ side / (side @ side), 0.0, 1.0)
        away = np.minimum(away, np.hypot(*(points - start - along[:, None] * side).T))
    return np.asarray(away > 2.0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("name", ["demo", "two_classes", "iris"])
def test_each_pixel_has_the_colour_of_the_class_predicted_at_its_centre(
    name: str, scale: int, theme: str, request: pytest.FixtureRequest
) -> None:
    model, contract, sample = request.getfixturevalue(name)
    options = PictureOptions(
        shade="none", points=False, width=450, height=330, scale=scale, theme=theme  # type: ignore[arg-type] # a literal
    )  # fmt: skip

    picture = draw(model, contract, sample, options)

    frame = picture.scene.frame
    wide, high = frame.width * scale, frame.height * scale
    shown = pixels_of(picture)[
        frame.top * scale :, frame.left * scale :
    ][:high, :wide].reshape(-1, 3)  # fmt: skip
    row, column = np.divmod(np.arange(wide * high), wide)
    places = np.column_stack([(column + 0.5) / wide, 1.0 - (row + 0.5) / high])
    inner = (np.minimum(row, high - 1 - row) > 2) & (np.minimum(column, wide - 1 - column) > 2)
    seen = inner & far_from_lines(picture, places)
    predicted = model.predict_proba(picture.subject.plane.rows(places)).argmax(axis=1)
    tints = (DARK if theme == "dark" else LIGHT).tints(model.n_classes, 1)[:, 0]
    assert seen.mean() > 0.9
    assert_array_equal(shown[seen], tints[predicted[seen]])


def test_the_tint_tells_the_probability_of_the_winner(demo: Trained) -> None:
    model, contract, sample = demo

    picture = draw(model, contract, sample, PictureOptions(points=False))

    frame, scene = picture.scene.frame, picture.scene
    places = np.random.default_rng(0).random((2000, 2))
    column, row = (places * (frame.width, frame.height)).astype(int).T
    centres = np.column_stack([(column + 0.5) / frame.width, 1.0 - (row + 0.5) / frame.height])
    proba = model.predict_proba(picture.subject.plane.rows(centres))
    bands = np.searchsorted(scene.levels, proba.max(axis=1), side="right")
    shown = pixels_of(picture)[frame.top + row, frame.left + column]
    expected = LIGHT.tints(3, len(scene.levels) + 1)[proba.argmax(axis=1), bands]
    # Not compared: lines, the frame, and what is within a step of the table to another band.
    nearest = np.abs(proba.max(axis=1)[:, None] - scene.levels).min(axis=1)
    edge = np.minimum(np.minimum(row, column), np.minimum(frame.height - row, frame.width - column))
    seen = far_from_lines(picture, centres) & (nearest > 1.0 / 4096.0) & (edge > 3)
    assert seen.mean() > 0.9
    assert_array_equal(shown[seen], expected[seen])


def test_weights_of_any_size_are_shaded_without_overflow(demo: Trained) -> None:
    model, contract, sample = demo
    steep = replace(model, coef_=1e6 * model.coef_, intercept_=1e6 * model.intercept_)

    picture = draw(steep, contract, sample, PictureOptions(points=False))

    # Away from its boundaries a steep model is sure of itself everywhere.
    frame = picture.scene.frame
    shown = pixels_of(picture)[frame.top + 3 : frame.bottom - 3, frame.left + 3 : frame.right - 3]
    strongest = LIGHT.tints(3, 8)[:, -1]
    is_strongest = (shown[..., None, :] == strongest).all(axis=-1).any(axis=-1)
    assert is_strongest.mean() > 0.97


def test_rings_are_counted_by_what_the_model_says_of_the_whole_row(iris: Trained) -> None:
    model, contract, sample = iris

    picture = draw(model, contract, sample, default_pair=("sepal_length", "sepal_width"))

    wrong = model.predict_proba(sample.X).argmax(axis=1) != sample.y
    rings = sum(len(places) for look, places in picture.scene.marks.groups() if look.is_ringed)
    texts = [text.text for text in picture.scene.texts]
    assert rings == wrong.sum()
    assert f"{wrong.sum()} of {len(sample.y)}" in texts


def test_points_outside_the_view_are_neither_drawn_nor_counted(demo: Trained) -> None:
    model, contract, sample = demo

    picture = draw(model, contract, sample, PictureOptions(xmin=0.0, ymin=0.0))

    shown = (sample.X >= 0.0).all(axis=1).sum()
    assert any(text.text.endswith(f" of {shown}") for text in picture.scene.texts)


def test_the_slice_is_stated_under_the_title(iris: Trained) -> None:
    model, contract, sample = iris

    picture = draw(
        model, contract, sample, default_pair=("petal_length", "petal_width"), name="iris"
    )

    texts = [text.text for text in picture.scene.texts]
    assert texts[0] == "Decision regions of iris"
    assert texts[1].startswith("Slice at sepal_length = 5.8, sepal_width = 3")


def test_a_thumbnail_has_a_scale_on_both_axes(demo: Trained) -> None:
    scene = draw(*demo, PictureOptions(width=200, height=160, title="")).scene

    ticks = [s for s in scene.strokes if s.between is None and s.width_px == 1.0][4:]
    assert sum(tick.y0 == tick.y1 for tick in ticks) >= 2
    assert sum(tick.x0 == tick.x1 for tick in ticks) >= 2


def test_where_a_title_has_no_room_the_name_of_the_model_stands_alone(iris: Trained) -> None:
    small = draw(*iris, PictureOptions(width=160, height=120), name="iris").scene
    large = draw(*iris, name="iris").scene

    assert "iris" in {text.text for text in small.texts}
    assert small.title == large.title == "Decision regions of iris"


def test_a_caption_without_room_says_the_plane_rather_than_half_of_two_things(
    iris: Trained,
) -> None:
    scene = draw(*iris, PictureOptions(plane="pca", width=420, height=600)).scene

    captions = [text.text for text in scene.texts if text.text.startswith("Plane through")]
    assert captions == ["Plane through the mean row along two principal components"]


def test_all_texts_and_marks_lie_inside_pictures_of_every_size(iris: Trained) -> None:
    for width, height in ((100, 100), (300, 250), (420, 320), (700, 600), (2000, 500)):
        options = PictureOptions(width=width, height=height)

        scene = draw(*iris, options).scene

        assert all(0 <= text.x <= width and 0 <= text.y <= height for text in scene.texts)
        assert all(mark.x >= 0 and mark.x + mark.width <= width for mark in scene.swatches)
        assert scene.frame.width > 0.3 * width
        assert scene.frame.height > 0.3 * height


def test_the_same_request_gives_the_same_bytes_also_from_many_threads(iris: Trained) -> None:
    model, contract, sample = iris
    together = threading.Barrier(4)

    def paint(_: int) -> tuple[bytes, bytes, bytes]:
        together.wait(timeout=30.0)
        picture = draw(model, contract, sample, PictureOptions(width=420, height=330))
        return picture.png(), picture.svg(), picture.geojson()

    with ThreadPoolExecutor(4) as pool:
        painted = set(pool.map(paint, range(4)))

    picture = draw(model, contract, sample, PictureOptions(width=420, height=330))
    assert painted == {(picture.png(), picture.svg(), picture.geojson())}


def test_more_classes_than_the_panel_holds_are_named_in_their_regions() -> None:
    n_classes, rng = 40, np.random.default_rng(0)
    centres = 4.0 * rng.normal(size=(n_classes, 2))
    model = SoftmaxModel(
        classes_=tuple(f"c{k}" for k in range(n_classes)),
        levels_=(0, 0),
        coef_=centres,
        intercept_=-0.5 * (centres**2).sum(axis=1) - 500.0 * (np.arange(n_classes) == 7),
        mean_=np.zeros(2),
        class_prior_=np.full(n_classes, 1.0 / n_classes),
    )
    features = [NumericFeature(name=name, low=-9.0, high=9.0, median=0.0) for name in "xy"]

    picture = draw(model, FeatureContract(features=tuple(features)))

    named = {text.text for text in picture.scene.texts if text.has_halo}
    assert picture.partition.absent == (7,)
    large = {f"c{k}" for k in np.flatnonzero(picture.partition.area_shares > 0.04)}
    assert large <= named
    assert "1 / 40:" in {text.text for text in picture.scene.texts}
    assert picture.png() != picture.svg()


@pytest.mark.parametrize("shade", ["none", "bands", "smooth"])
def test_each_shade_has_as_many_tints_in_the_svg_as_in_its_key(demo: Trained, shade: str) -> None:
    picture = draw(*demo, PictureOptions(shade=shade, points=False))  # type: ignore[arg-type] # a literal

    name = ET.fromstring(picture.svg()).get("id")  # noqa: S314 - our own file
    tints = set(re.findall(rf"\.{name}t0-\d+", picture.svg().decode()))
    assert len(tints) == {"none": 1, "bands": 8, "smooth": 64}[shade]


def test_a_notebook_shows_the_svg(demo: Trained) -> None:
    picture = draw(*demo)

    assert picture._repr_svg_() == picture.svg().decode()


def test_a_png_has_the_size_that_was_asked_for(demo: Trained) -> None:
    picture = draw(*demo, PictureOptions(width=300, height=250, scale=3))

    image = Image.open(io.BytesIO(picture.png()))

    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (900, 750))


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_an_svg_is_well_formed_described_and_keeps_its_text(iris: Trained, theme: str) -> None:
    model, contract, sample = iris
    options = PictureOptions(theme=theme, title="<b>a & b</b>", xlabel="“length”")  # type: ignore[arg-type] # a literal

    written = draw(model, contract, sample, options).svg()

    root = ET.fromstring(written)  # noqa: S314 - our own file
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert root.findtext(f"{space}title") == "<b>a & b</b>"
    assert "setosa" in (root.findtext(f"{space}desc") or "")
    assert {"<b>a & b</b>", "“length”", "virginica"} <= set(texts)
    assert (b"prefers-color-scheme" in written) == (theme == "auto")
    # Nothing is loaded, and two pictures in one page do not share a name.
    assert not re.search(rb"(?:href|src)=\"(?!#)|url\((?!#)|@import", written)
    assert root.get("id") != ET.fromstring(draw(*iris).svg()).get("id")  # noqa: S314 - our own file


def test_a_picture_without_a_title_is_still_called_something(iris: Trained) -> None:
    model, contract, sample = iris

    written = draw(model, contract, sample, PictureOptions(title="")).svg()

    root = ET.fromstring(written)  # noqa: S314 - our own file
    assert root[0].text == "Decision regions"
    assert "Decision regions" not in [text.text for text in root.iter() if text.tag[-4:] == "text"]


def test_an_automatic_picture_is_dark_on_screens_alone(iris: Trained) -> None:
    written = draw(*iris, PictureOptions(theme="auto")).svg()

    assert re.findall(rb"@media[^{]*", written) == [
        b"@media screen and (prefers-color-scheme:dark)"
    ]


def test_a_class_name_that_xml_cannot_hold_does_not_break_the_svg(two_classes: Trained) -> None:
    model, contract, sample = two_classes
    odd = replace(model, classes_=("\x00<&>\ud800", "]]>"))

    written = draw(odd, contract, sample).svg()

    ET.fromstring(written)  # noqa: S314 - our own file


def test_geojson_is_in_feature_units_with_shares_and_named_boundaries(iris: Trained) -> None:
    model, contract, sample = iris

    collection = json.loads(
        draw(model, contract, sample, PictureOptions(x="petal_length", y="petal_width")).geojson()
    )

    regions = [f for f in collection["features"] if f["geometry"]["type"] == "Polygon"]
    lines = [f for f in collection["features"] if f["geometry"]["type"] == "LineString"]
    assert [f["properties"]["class"] for f in regions] == ["setosa", "versicolor", "virginica"]
    assert_allclose(sum(f["properties"]["area_share"] for f in regions), 1.0, rtol=1e-14)
    assert [f["properties"]["between"] for f in lines] == [
        ["setosa", "versicolor"],
        ["versicolor", "virginica"],
    ]
    for feature in regions:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
    corners = np.array([point for f in regions for point in f["geometry"]["coordinates"][0]])
    low, high = sample.X[:, 2:].min(axis=0) - 1.0, sample.X[:, 2:].max(axis=0) + 1.0
    assert_array_equal(corners.min(axis=0), low)
    assert_array_equal(corners.max(axis=0), high)


def test_labels_keep_their_type_in_geojson(demo: Trained) -> None:
    collection = json.loads(draw(*demo).geojson())

    assert [f["properties"].get("class") for f in collection["features"]][:3] == [0, 1, 2]


def test_importing_the_layer_does_not_import_pillow() -> None:
    program = "import sys, service.regions; sys.exit('PIL' in sys.modules)"

    finished = subprocess.run([sys.executable, "-c", program], check=False)

    assert finished.returncode == 0


def test_another_process_with_another_hash_seed_paints_the_same_bytes(
    tmp_path: Path, environment: dict[str, str], store: Path
) -> None:
    painted = set()
    for seed in ("1", "2"):
        for suffix in ("png", "svg", "geojson"):
            out = tmp_path / f"{seed}.{suffix}"
            subprocess.run(
                [sys.executable, "-m", "service", "regions", "iris", str(out), "--lang", "ja"],
                env=environment | {"SOFTMAX_MODELS": str(store), "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
            )
            painted.add(out.read_bytes())

    assert len(painted) == 3


def test_a_poster_is_the_picture_with_more_pixels(iris: Trained) -> None:
    model, contract, sample = iris
    options = PictureOptions(width=500, height=1200, scale=4, points=False, shade="none")

    picture = draw(model, contract, sample, options)

    # Painted in several strips, it shows the same as when painted small.
    poster = np.asarray(
        Image.open(io.BytesIO(picture.png())).resize((500, 1200), Image.Resampling.BOX)
    )
    small = pixels_of(draw(model, contract, sample, replace(options, scale=1)))
    assert np.median(np.abs(poster - small)) == 0.0
    assert (np.abs(poster - small) > 60.0).mean() < 0.02
