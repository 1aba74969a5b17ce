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

JOINT_PX = 1e-6
"""Pieces of one class reach over their joints by this, so that rounding leaves no gaps."""


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
    own_of: dict[int, list[Region]] = {}
    for region in subject.decisions.decided:
        own_of.setdefault(region.winner, []).append(region)
    for winner, own in sorted(own_of.items()):
        name = subject.class_texts[winner]
        corners = [frame.pixels(region.vertices) for region in own]
        places = _places(own, frame)
        for size in (share * lettering.em for share in SIZES):
            wide = lettering.width(name, size, bold=True)
            fits = _fits(corners, places, (0.5 * wide + CLEAR_PX, 0.55 * size))
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


def _places(own: list[Region], frame: Frame) -> Floats:
    """Give places in the box of a class, the nearest to its centre of mass first."""
    shares = (np.arange(PLACES) + 0.5) / PLACES
    corners = np.concatenate([region.vertices for region in own])
    low, high = corners.min(axis=0), corners.max(axis=0)
    grid = low + (high - low) * np.stack(np.meshgrid(shares, shares), axis=-1).reshape(-1, 2)
    areas = np.array([region.area for region in own])
    centroid = areas @ np.array([region.centroid for region in own]) / areas.sum()
    order = np.argsort(np.hypot(*(grid - centroid).T), kind="stable")
    return frame.pixels(np.vstack([centroid, grid[order]]))


def _fits(corners: list[Floats], places: Floats, half: tuple[float, float]) -> Booleans:
    """Whether the polygons of a class hold boxes around some places, in pixels."""
    if len(corners) == 1:
        return _holds(corners[0], places, half)
    # Pieces hold a box together: nine of its points tell.
    steps = np.stack(np.meshgrid((-1.0, 0.0, 1.0), (-1.0, 0.0, 1.0)), axis=-1).reshape(-1, 2)
    points = (places[:, None] + steps * half).reshape(-1, 2)
    held = np.zeros(len(points), dtype=np.bool_)
    for polygon in corners:
        held |= _holds(polygon, points, (-JOINT_PX, -JOINT_PX))
    return np.asarray(held.reshape(len(places), -1).all(axis=1))


def _holds(corners: Floats, places: Floats, half: tuple[float, float]) -> Booleans:
    """Whether a convex polygon holds boxes around some places, in pixels."""
    side = np.roll(corners, -1, axis=0) - corners
    away = places[:, None, :] - corners
    # The y axis of pixels points down, which turns counter-clockwise around.
    least = side[:, 1] * away[..., 0] - side[:, 0] * away[..., 1]
    reach = np.abs(side[:, 1]) * half[0] + np.abs(side[:, 0]) * half[1]
    return np.asarray((least >= reach).all(axis=1))
