"""Pictures over HTTP."""

import io
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from PIL import Image

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]


def test_the_default_picture_is_a_png_of_the_default_size(ask: Ask) -> None:
    answer = ask("GET", "/regions.png")

    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (700, 600)
    assert answer.headers["x-model-name"] == "demo"


def test_size_and_scale_are_the_caller_s(ask: Ask) -> None:
    answer = ask("GET", "/models/iris/regions.png?width=300&height=200&scale=2")

    assert Image.open(io.BytesIO(answer.content)).size == (600, 400)


def test_the_outlines_are_svg_and_keep_text_as_text(ask: Ask) -> None:
    answer = ask("GET", "/models/iris/regions.svg?title=<b>%26")

    assert answer.headers["content-type"] == "image/svg+xml"
    texts = "".join(ET.fromstring(answer.text).itertext())  # noqa: S314 - our own picture
    assert "<b>&" in texts
    assert "versicolor" in texts


def test_the_regions_are_geojson_in_the_features_units(ask: Ask) -> None:
    answer = ask("GET", "/regions.geojson")

    assert answer.headers["content-type"] == "application/geo+json"
    features = json.loads(answer.content)["features"]
    shares = [f["properties"]["area_share"] for f in features if "class" in f["properties"]]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)


def test_a_known_picture_is_not_sent_again(ask: Ask) -> None:
    first = ask("GET", "/regions.png?width=200&height=200")
    tag = first.headers["etag"]

    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = ask("GET", "/regions.png?height=200&width=200", headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
    assert ask("GET", "/regions.png", headers={"If-None-Match": tag}).status_code == 200
    assert ask("GET", "/models/iris/regions.png").headers["etag"] != tag


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "/colour"),
        ("width=0", "/width"),
        ("width=300&width=300", "/width"),
        ("width=1e3", "/width"),
        ("x=nix", "/x"),
        ("x=sepal_length&y=sepal_length", "/y"),
        ("at.petal_length=1", "/at.petal_length"),
        ("at.sepal_length=a", "/at.sepal_length"),
        ("xmin=nan", "/xmin"),
        ("xmin=2&xmax=1", "/xmax"),
        ("theme=pink", "/theme"),
        ("title=%00", "/title"),
        ("points=2", "/points"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(
    refused: Refused, query: str, pointer: str
) -> None:
    problem = refused(422, "GET", f"/models/iris/regions.png?{query}")

    assert problem["type"] == "/problems/invalid_parameter"
    assert pointer in {error["pointer"] for error in problem["errors"]}


def test_head_tells_the_size_without_the_picture(ask: Ask) -> None:
    head = ask("HEAD", "/regions.png?width=200&height=200")

    assert head.status_code == 200
    assert int(head.headers["content-length"]) > 1000
    assert head.content == b""
