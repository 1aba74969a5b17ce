"""Colours, also as colour-blind eyes see them."""

import numpy as np
import pytest

from service.regions.palette import DARK, LIGHT, Palette, class_colours
from service.softmax.arrays import Floats

# G. M. Machado et al., "A physiologically-based model for simulation of color vision
# deficiency", 2009: what remains of linear sRGB without one kind of cone.
EYES = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green cones": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no blue cones": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(srgb: Floats) -> Floats:
    share = srgb / 255.0
    return np.asarray(np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4))


def oklab(rgb: Floats) -> Floats:
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(np.cbrt(np.clip(rgb, 0.0, 1.0) @ to_lms.T) @ to_lab.T)


def least_distance(colours: Floats, eyes: str) -> float:
    seen = oklab(linear(colours) @ EYES[eyes].T)
    away = np.linalg.norm(seen[:, None] - seen, axis=-1)
    return float(away[~np.eye(len(seen), dtype=np.bool_)].min())


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize(("n_classes", "least"), [(3, 0.25), (6, 0.12), (8, 0.1), (10, 0.06)])
def test_classes_stay_apart_for_every_kind_of_eye(eyes: str, n_classes: int, least: float) -> None:
    # 0.02 is about the least difference that side by side is seen at all.
    assert least_distance(class_colours(n_classes), eyes) > least


def contrast(one: Floats, other: Floats) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted(
        (linear(colour) @ (0.2126, 0.7152, 0.0722) + 0.05 for colour in (one, other)), reverse=True
    )
    return float(light / dark)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_texts_and_lines_stand_out_from_paper_and_from_every_tint(palette: object) -> None:
    assert palette in (LIGHT, DARK)
    theme = LIGHT if palette is LIGHT else DARK
    paper = np.array(theme.paper, dtype=np.float64)

    assert contrast(np.array(theme.ink, dtype=np.float64), paper) > 7.0
    assert contrast(np.array(theme.soft, dtype=np.float64), paper) > 4.5
    for tint in theme.tints(10, 8).reshape(-1, 3).astype(np.float64):
        assert contrast(np.array(theme.ink, dtype=np.float64), tint) > 3.0


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_points_stand_out_from_their_own_regions(palette: Palette) -> None:
    tints = palette.tints(10, 8)[:, -1].astype(np.float64)

    seen = [contrast(*pair) for pair in zip(palette.points(10), tints, strict=True)]

    # A rim of paper helps besides. Violet points on dark violet had 1.63, pale ones on light 1.58.
    assert min(seen) > 1.65


def test_many_classes_have_as_many_colours() -> None:
    colours = class_colours(100)

    assert len(np.unique(np.rint(colours), axis=0)) == 100
