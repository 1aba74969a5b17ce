"""Names of classes inside their regions."""

import numpy as np

from service.regions.lettering import Lettering
from service.regions.polygons import Region
from service.regions.scene import Frame, Text
from service.regions.subject import Subject
from service.softmax.arrays import Booleans, Floats

SIZES = (1.1, 0.95, 0.8, 0.68)
"""Sizes that are tried, in ems."""

PLACES = 9
"""Places along each side of a region's box that are tried beside its centre of mass."""

CLEAR_PX = 2.0
"""What a name keeps free on either side."""


def name_regions(subject: Subject, frame: Frame, lettering: Lettering) -> list[Text]:
    """Write the name of each class into its region, where it has room.

    Parameters
    ----------
    subject : Subject
        What the picture is about.
    frame : Frame
        Where the view is shown.
    lettering : Lettering
        How texts are written.

    Returns
    -------
    list of Text
        As large as fits and as near to the centre of mass; regions without room have none.
    """
    texts = []
    for region in subject.decisions.decided:
        name, corners = subject.class_texts[region.winner], frame.pixels(region.vertices)
        places = _places(region, frame)
        for size in (share * lettering.em for share in SIZES):
            wide = lettering.width(name, size, bold=True)
            fits = _holds(corners, places, (0.5 * wide + CLEAR_PX, 0.55 * size))
            if fits.any():
                x, y = places[fits.argmax()].tolist()
                texts.append(
                    Text(
                        x=x,
                        y=y + 0.36 * size,
                        text=name,
                        size_px=size,
                        anchor="middle",
                        is_bold=True,
                        has_halo=True,
                    )
                )
                break
    return texts


def _places(region: Region, frame: Frame) -> Floats:
    """Give places in a region's box, the nearest to its centre of mass first."""
    shares = (np.arange(PLACES) + 0.5) / PLACES
    low, high = region.vertices.min(axis=0), region.vertices.max(axis=0)
    grid = low + (high - low) * np.stack(np.meshgrid(shares, shares), axis=-1).reshape(-1, 2)
    order = np.argsort(np.hypot(*(grid - region.centroid).T), kind="stable")
    return frame.pixels(np.vstack([region.centroid, grid[order]]))


def _holds(corners: Floats, places: Floats, half: tuple[float, float]) -> Booleans:
    """Whether a convex polygon holds boxes around some places, in pixels."""
    side = np.roll(corners, -1, axis=0) - corners
    away = places[:, None, :] - corners
    # The y axis of pixels points down, which turns counter-clockwise around.
    least = side[:, 1] * away[..., 0] - side[:, 0] * away[..., 1]
    reach = np.abs(side[:, 1]) * half[0] + np.abs(side[:, 0]) * half[1]
    return np.asarray((least >= reach).all(axis=1))
