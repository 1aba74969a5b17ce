"""The frame of the view, with ticks and names along its axes."""

from dataclasses import dataclass
from itertools import pairwise

from service.regions.lettering import Lettering
from service.regions.plane import Plane
from service.regions.scene import Frame, Stroke, Text
from service.regions.ticks import Tick, round_ticks

TICK_TEXT = 0.92
"""Size of the numbers, in ems."""

DENSEST_EM = 1.6
"""From one number of the y axis to the next, where it would have but one otherwise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Axes:
    """Ticks and names of both axes, and the frame that they leave room for.

    Parameters
    ----------
    plane : Plane
        The slice.
    frame : Frame
        Where the view is shown.
    x_ticks, y_ticks : tuple of Tick
        Round numbers.
    x_name, y_name : str
        What stands beside the axes; perhaps nothing.
    lettering : Lettering
        How it is written.
    """

    plane: Plane
    frame: Frame
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_name: str
    y_name: str
    lettering: Lettering

    @property
    def across(self) -> list[float]:
        """Where the ticks of x are, in pixels from the left."""
        x, frame = self.plane.x, self.frame
        return [frame.left + frame.width * (tick.value - x.low) / x.span for tick in self.x_ticks]

    @property
    def down(self) -> list[float]:
        """Where the ticks of y are, in pixels from the top."""
        y, frame = self.plane.y, self.frame
        return [
            frame.bottom - frame.height * (tick.value - y.low) / y.span for tick in self.y_ticks
        ]

    def strokes(self) -> list[Stroke]:
        """Draw the frame and the ticks outside it.

        Returns
        -------
        list of Stroke
            Lines along the axes.
        """
        frame, reach = self.frame, 0.35 * self.lettering.em
        corners = (
            (frame.left, frame.top),
            (frame.right, frame.top),
            (frame.right, frame.bottom),
            (frame.left, frame.bottom),
            (frame.left, frame.top),
        )
        lines: list[tuple[tuple[float, float], tuple[float, float]]] = [*pairwise(corners)]
        lines += [((x, frame.bottom), (x, frame.bottom + reach)) for x in self.across]
        lines += [((frame.left - reach, y), (frame.left, y)) for y in self.down]
        return [
            Stroke(x0=x0, y0=y0, x1=x1, y1=y1, width_px=1.0, ink="soft")
            for (x0, y0), (x1, y1) in lines
        ]

    def texts(self) -> list[Text]:
        """Write the numbers and the names.

        Returns
        -------
        list of Text
            Below and beside the frame.
        """
        frame, em = self.frame, self.lettering.em
        size = TICK_TEXT * em
        texts = [
            Text(x=x, y=frame.bottom + 1.4 * em, text=tick.text, size_px=size, anchor="middle")
            for x, tick in zip(self.across, self.x_ticks, strict=True)
        ]
        texts += [
            Text(
                x=frame.left - 0.6 * em, y=y + 0.33 * em, text=tick.text, size_px=size, anchor="end"
            )
            for y, tick in zip(self.down, self.y_ticks, strict=True)
        ]
        for name, room, x, y, is_upright in (
            (
                self.x_name,
                frame.width,
                frame.left + frame.width / 2,
                frame.bottom + 2.95 * em,
                False,
            ),
            (self.y_name, frame.height, 1.35 * em, frame.top + frame.height / 2, True),
        ):
            shown = self.lettering.fit(name, em, room)
            texts.append(
                Text(x=x, y=y, text=shown, size_px=em, anchor="middle", is_upright=is_upright)
            )
        return [text for text in texts if text.text]


def lay_axes(
    plane: Plane,
    names: tuple[str, str],
    room: tuple[float, float, float],
    lettering: Lettering,
) -> Axes:
    """Choose ticks, and the frame that is left between their texts.

    Parameters
    ----------
    plane : Plane
        The slice.
    names : tuple of (str, str)
        What stands below and beside the axes; perhaps nothing.
    room : tuple of (float, float, float)
        Where the frame begins at the top, where it ends at the right, and where the picture
        ends at the bottom, in CSS pixels.
    lettering : Lettering
        How texts are written.

    Returns
    -------
    Axes
        The frame with its axes.
    """
    top, right, bottom = (round(side) for side in room)
    em = lettering.em
    height = max(1, bottom - round((3.7 if names[0] else 2.2) * em) - top)
    most = max(2, int(height / (3.6 * em)))
    y_ticks = round_ticks(plane.y.low, plane.y.high, most)
    while len(y_ticks) < 2 and (most + 1) * DENSEST_EM * em <= height:  # noqa: PLR2004 - a scale has two
        most += 1
        y_ticks = round_ticks(plane.y.low, plane.y.high, most)
    left = round(_widest(y_ticks, lettering) + (2.9 if names[1] else 1.3) * em)
    width = max(1, right - left)
    most = max(2, int(width / (4.2 * em)))
    x_ticks = round_ticks(plane.x.low, plane.x.high, most)
    while most > 2 and len(x_ticks) * (_widest(x_ticks, lettering) + 1.2 * em) > width:  # noqa: PLR2004 - both ends
        most -= 1
        x_ticks = round_ticks(plane.x.low, plane.x.high, most)
    return Axes(
        plane=plane,
        frame=Frame(left=left, top=top, width=width, height=height),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        x_name=names[0],
        y_name=names[1],
        lettering=lettering,
    )


def _widest(ticks: tuple[Tick, ...], lettering: Lettering) -> float:
    size = TICK_TEXT * lettering.em
    return max((lettering.width(tick.text, size) for tick in ticks), default=0.0)
