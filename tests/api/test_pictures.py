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
        ("plane=cube", "/plane"),
        ("plane=pca&x=sepal_length", "/x"),
        ("threshold=1.5", "/threshold"),
        ("threshold=nan", "/threshold"),
        ("ratio=0.5", "/ratio"),
        ("ratio=inf", "/ratio"),
        ("lang=de", "/lang"),
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


def test_the_digest_in_the_url_makes_an_answer_that_holds_for_good(
    ask: Ask, refused: Refused
) -> None:
    plain = ask("GET", "/regions.svg")
    digest = plain.headers["x-model-digest"]

    named = ask("GET", f"/regions.svg?v={digest}")

    assert plain.headers["cache-control"] == "public, no-cache"
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert named.content == plain.content
    assert named.headers["etag"] == plain.headers["etag"]
    problem = refused(404, "GET", "/regions.svg?v=sha256:" + 64 * "0")
    assert problem["type"] == "/problems/not_found"


def test_an_svg_comes_compressed_where_that_is_understood_with_a_tag_of_its_own(ask: Ask) -> None:
    plain = ask("GET", "/regions.svg", headers={"Accept-Encoding": "gzip;q=0, br"})
    zipped = ask("GET", "/regions.svg", headers={"Accept-Encoding": "br, GZIP;q=0.5"})

    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content  # httpx unpacks it
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert plain.headers["etag"] != zipped.headers["etag"]
    assert plain.headers["vary"] == zipped.headers["vary"] == "Accept-Language, Accept-Encoding"
    known = {"If-None-Match": zipped.headers["etag"], "Accept-Encoding": "gzip"}
    assert ask("GET", "/regions.svg", headers=known).status_code == 304
    known["Accept-Encoding"] = "identity"
    assert ask("GET", "/regions.svg", headers=known).status_code == 200


def test_a_png_is_not_compressed_again(ask: Ask) -> None:
    answer = ask("GET", "/regions.png?lang=en", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in answer.headers
    assert "vary" not in answer.headers


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Decision regions of demo"),
        ("es", "Regiones de decisión de demo"),
        ("ja", "demo の決定領域"),
        ("zh", "demo 的决策区域"),
        ("ar", "مناطق القرار للنموذج demo"),
        ("ru", "Области решений модели demo"),
    ],
)
def test_the_picture_speaks_the_reader_s_language(ask: Ask, language: str, title: str) -> None:
    asked = ask("GET", "/regions.svg", headers={"Accept-Language": f"{language}-XX, en;q=0.1"})
    named = ask("GET", f"/regions.svg?lang={language}", headers={"Accept-Language": "fr"})

    assert ET.fromstring(asked.text)[0].text == title  # noqa: S314 - our own file
    assert asked.content == named.content
    assert named.headers["vary"] == "Accept-Encoding"
    png = ask("GET", f"/regions.png?lang={language}&width=500&height=400")
    assert Image.open(io.BytesIO(png.content)).size == (500, 400)


def test_rules_and_principal_components_are_asked_for_by_url(ask: Ask) -> None:
    pca = ask("GET", "/models/iris/regions.svg?plane=pca&lang=en")
    ratio = ask("GET", "/regions.geojson?ratio=3")
    sure = ask("GET", "/regions.svg?threshold=0.9&lang=en")

    assert "principal component 1" in pca.text
    shares = [f["properties"].get("area_share", 0.0) for f in ratio.json()["features"]]
    assert 0.5 < sum(shares) < 1.0
    assert "undecided" in sure.text


def test_the_same_options_are_one_picture_however_they_are_written(ask: Ask) -> None:
    tags = {
        ask("GET", f"/regions.png?lang=en{query}").headers["etag"]
        for query in ("", "&width=700", "&height=600&points=1", "&points=true&shade=bands")
    }

    assert len(tags) == 1


def test_a_policy_cannot_be_shown_yet(refused: Refused) -> None:
    problem = refused(422, "GET", "/regions.png?policy=strict")

    assert problem["errors"][0]["pointer"] == "/policy"
