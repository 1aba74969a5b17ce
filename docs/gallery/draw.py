"""Draw the pictures of this gallery: `python docs/gallery/draw.py`.

Models of the embedded sets are trained by the command line into a store that is thrown away.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from service.api.pictures import picture_of
from service.artifacts.loading import load_version
from service.artifacts.policies import fit_policy
from service.artifacts.policy_files import parse_policy
from service.artifacts.store import Store
from service.regions import Picture, PictureOptions, draw
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

HERE = Path(__file__).parent
SETS = ("demo", "iris", "wine", "breast_cancer", "digits")

# Each picture: its file, the set, and the parameters as a URL would have them.
PICTURES = {
    "demo": ("demo", {}),
    "demo-dark": ("demo", {"theme": "dark", "shade": "smooth"}),
    "demo-threshold": ("demo", {"threshold": "0.9"}),
    "demo-ratio": ("demo", {"ratio": "5", "theme": "dark"}),
    "demo-arabic": ("demo", {"lang": "ar"}),
    "demo-japanese": ("demo", {"lang": "ja", "shade": "smooth"}),
    "demo-thumbnail": ("demo", {"width": "200", "height": "160", "title": ""}),
    "iris": ("iris", {}),
    "iris-sepals": ("iris", {"x": "sepal_length", "y": "sepal_width", "shade": "smooth"}),
    "iris-pca": ("iris", {"plane": "pca"}),
    "wine": ("wine", {}),
    "wine-pca": ("wine", {"plane": "pca", "theme": "dark"}),
    "breast_cancer": (
        "breast_cancer",
        {"x": "mean_radius", "y": "mean_texture"},
    ),
    "breast_cancer-pca": ("breast_cancer", {"plane": "pca", "threshold": "0.95"}),
    "digits": ("digits", {}),
    "digits-pca": ("digits", {"plane": "pca"}),
}

POLICY = HERE.parents[1] / "examples" / "policies" / "review.json"

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color
# vision deficiency", 2009; severity 1, on linear light.
SIGHTS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def centres(name: str, places: np.ndarray, steepness: float, rows: int = 0) -> Picture:
    """Let classes win around their own places, as in a Voronoi diagram."""
    n_classes = len(places)
    model = SoftmaxModel(
        classes_=tuple(f"c{k}" for k in range(n_classes)),
        levels_=(0, 0),
        coef_=steepness * places,
        intercept_=-0.5 * steepness * (places**2).sum(axis=1),
        mean_=np.zeros(2),
        class_prior_=np.full(n_classes, 1.0 / n_classes),
    )
    features = [NumericFeature(name=n, low=-1.0, high=1.0, median=0.0) for n in ("east", "north")]
    rng = np.random.default_rng(0)
    y = rng.integers(n_classes, size=rows)
    X = places[y] + rng.normal(scale=steepness**-0.5, size=(rows, 2))
    return draw(
        model,
        FeatureContract(features=tuple(features)),
        Sample(X=X, y=y.astype(np.intp)) if rows else None,
        PictureOptions(xmin=-1.0, xmax=1.0, ymin=-1.0, ymax=1.0),
        name=name,
    )


def hard_cases() -> Iterator[tuple[str, Picture]]:
    """Give pictures that are hard to draw."""
    rng = np.random.default_rng(3)
    yield "classes-10", centres("ten classes", rng.uniform(-0.9, 0.9, (10, 2)), 40.0, 400)
    yield "classes-40", centres("forty classes", rng.uniform(-1.0, 1.0, (40, 2)), 150.0, 300)
    yield "classes-1000", centres("a thousand classes", rng.uniform(-1, 1, (1000, 2)), 4000.0)
    turn = 2.0 * np.pi * np.arange(8) / 8.0
    star = 0.7 * np.column_stack([np.cos(turn), np.sin(turn)])
    yield "one-point", centres("eight regions in one point", star, 30.0)
    line = np.column_stack([np.linspace(-0.8, 0.8, 6), np.zeros(6)])
    yield "parallel", centres("parallel boundaries", line, 60.0, 200)
    steep = centres("certainty", rng.uniform(-0.8, 0.8, (6, 2)), 1e9)
    yield "steep", steep


def as_seen(pixels: np.ndarray, sight: list[list[float]]) -> np.ndarray:
    """Simulate a colour-blind eye."""
    light = ((pixels / 255.0 + 0.055) / 1.055) ** 2.4
    seen = np.clip(light @ np.array(sight).T, 0.0, 1.0)
    shown = np.clip(1.055 * seen ** (1 / 2.4) - 0.055, 0.0, 1.0)
    return np.rint(255.0 * shown).astype(np.uint8)


def colour_blind(picture: Picture) -> Image.Image:
    """Lay out how a picture looks to four kinds of eyes."""
    pixels = np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))
    views = [pixels, *(as_seen(pixels, sight) for sight in SIGHTS.values())]
    rows = [np.hstack(views[:2]), np.hstack(views[2:])]
    return Image.fromarray(np.vstack(rows))


def main() -> None:
    """Draw everything."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SOFTMAX_MODELS": folder}
        for name in SETS:
            command = [sys.executable, "-m", "service", "train", name]
            subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603 - our own
        published = {name: load_version(Store(root=Path(folder)), name, None) for name in SETS}
    drawn = {}
    for file, (name, parameters) in PICTURES.items():
        artifact = published[name].artifact
        drawn[file] = draw(
            artifact.model,
            artifact.contract,
            artifact.sample,
            PictureOptions.from_texts(parameters),
            name=name,
            default_pair=artifact.manifest.regions_pair,
        )
    artifact = published["iris"].artifact
    decider = fit_policy(parse_policy(POLICY.read_bytes()), artifact)
    options = PictureOptions(title="Sent to a botanist where a mistake is expected to cost more")
    drawn["iris-review"] = picture_of(published["iris"], options, decider)
    drawn |= dict(hard_cases())
    for file, picture in drawn.items():
        (HERE / f"{file}.png").write_bytes(picture.png())
    small = replace(drawn["classes-10"].options, width=560, height=460)
    colour_blind(replace(drawn["classes-10"], options=small)).save(
        HERE / "colour-blind.png", optimize=True
    )


if __name__ == "__main__":
    main()
