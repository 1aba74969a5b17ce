"""From a subject to a scene: where everything goes."""

from dataclasses import replace

import numpy as np

from service.regions.axes import lay_axes
from service.regions.labels import name_regions
from service.regions.lettering import Lettering
from service.regions.options import PictureOptions
from service.regions.panel import Panel, lay_panel, measure_panel
from service.regions.plane import Axis
from service.regions.points import lay_points
from service.regions.polygons import OUTSIDE
from service.regions.rules import Decisions
from service.regions.scene import LEVELS, Frame, Scene, Stroke, Text
from service.regions.subject import Subject
from service.regions.words import Words

SUBDIVISIONS = 8
"""Smooth shading has this many tints from one level to the next."""

PANEL_SIDE_PX = (420, 320)
"""Pictures narrower or lower than this have no panel: classes are named in their regions."""

TINY_PX = 200
"""Pictures narrower or lower than this say neither the slice nor, unasked, the axes' names."""

LINE_EM = 0.125
"""Width of boundaries, in ems."""

MANY = 60
"""From so many regions on, boundaries are thinner."""

EM_PX = 12.0
"""Size of ordinary text in a picture of 700 by 600 pixels."""


def compose(subject: Subject, options: PictureOptions, words: Words) -> Scene:
    """Lay out a picture.

    Parameters
    ----------
    subject : Subject
        What the picture is about.
    options : PictureOptions
        The caller's choice of size, texts and looks.
    words : Words
        The language.

    Returns
    -------
    Scene
        The picture.
    """
    area, side = options.width * options.height, min(options.width, options.height)
    em = EM_PX * min(1.4, max(0.75, min((area / 420_000.0) ** 0.5, side / 450.0)))
    lettering = Lettering(words=words, em=em)
    levels = _levels(options)
    head = _head(subject, options, lettering)
    top = head[-1].y + 0.9 * em if head else 1.2 * em
    extent, gap, n_bands = None, 1.3 * em, len(levels) + 1
    if options.width >= PANEL_SIDE_PX[0] and options.height >= PANEL_SIDE_PX[1]:
        room = (0.4 * options.width, options.height - top - em)
        extent = measure_panel(subject, lettering, room, n_bands)
    right = options.width - (gap if extent is None else extent.width + 2.0 * gap)
    is_tiny = min(options.width, options.height) < TINY_PX
    names = (
        _given(options.xlabel, "" if is_tiny else _axis_name(subject.plane.x, 1, words)),
        _given(options.ylabel, "" if is_tiny else _axis_name(subject.plane.y, 2, words)),
    )
    axes = lay_axes(subject.plane, names, (top, right, options.height), lettering)
    frame = axes.frame
    panel = Panel()
    if extent is not None:
        corner = (frame.right + gap, frame.top)
        panel = lay_panel(subject, lettering, extent, corner, n_bands)
    is_named = extent is not None and extent.lists_classes
    return Scene(
        width=options.width,
        height=options.height,
        theme=options.theme,
        frame=frame,
        field=subject.decisions.field,
        partition=subject.partition,
        kept=subject.decisions.kept,
        levels=levels,
        strokes=(*_boundaries(subject.decisions, frame, em), *axes.strokes()),
        swatches=panel.swatches,
        marks=lay_points(subject.points, frame, em),
        markers=panel.markers,
        texts=(
            *(() if is_named else name_regions(subject, frame, lettering)),
            *(replace(line, x=frame.left) for line in head),
            *axes.texts(),
            *panel.texts,
        ),
        # A picture without a title is still called something, for who cannot see it.
        title=options.title or _own_title(subject, words),
        description=_describe(subject, words),
    )


def _levels(options: PictureOptions) -> tuple[float, ...]:
    if options.shade == "none":
        return ()
    if options.shade == "bands":
        return LEVELS
    knots = np.array([0.25, *LEVELS, 1.0])
    places = np.arange(1, SUBDIVISIONS * (len(knots) - 1)) / SUBDIVISIONS
    return tuple(np.interp(places, np.arange(len(knots)), knots).tolist())


def _given(text: str | None, default: str) -> str:
    return default if text is None else text


def _own_title(subject: Subject, words: Words) -> str:
    return words.title_of.format(name=subject.name) if subject.name else words.title


def _head(subject: Subject, options: PictureOptions, lettering: Lettering) -> list[Text]:
    """Lay the title, and under it the slice."""
    em, lines = lettering.em, []
    room, y = options.width - 5.0 * em, 0.7 * em
    title = options.title
    if title is None:
        title = _own_title(subject, lettering.words)
        # In a small picture the name alone says more than the beginning of a sentence.
        if subject.name and lettering.width(title, 1.3 * em, bold=True) > room:
            title = subject.name
    title = lettering.fit(title, 1.3 * em, room, bold=True)
    if title:
        y += 1.3 * em
        lines.append(Text(x=0, y=y, text=title, size_px=1.3 * em, is_bold=True))
    caption = _slice_caption(subject, lettering, room)
    if caption and min(options.width, options.height) >= TINY_PX:
        y += 1.45 * em
        lines.append(Text(x=0, y=y, text=caption, size_px=0.92 * em, ink="soft"))
    return lines


def _slice_caption(subject: Subject, lettering: Lettering, room: float) -> str:
    """Say where the slice is: as many features by name as fit in one line."""
    held, words, size = subject.plane.held, lettering.words, 0.92 * lettering.em
    ending = words.projected if subject.points is not None else ""
    if subject.plane.x.variance_share is not None:
        whole = words.principal_plane + ending
        is_short = lettering.width(whole, size) <= room
        return whole if is_short else lettering.fit(words.principal_plane, size, room)
    if not held:
        return ""
    caption = ""
    for count in range(len(held), -1, -1):
        parts = [f"{name} = {value}" for name, value in held[:count]]
        if count < len(held):
            parts.append(words.others.format(count=len(held) - count))
        for caption in (
            words.slice_at + ", ".join(parts) + ending,
            words.slice_at + ", ".join(parts),
        ):
            if lettering.width(caption, size) <= room:
                return caption
    return lettering.fit(caption, size, room)


def _boundaries(decisions: Decisions, frame: Frame, em: float) -> list[Stroke]:
    if decisions.kept is None:
        segments = [
            (boundary.between, boundary.ends) for boundary in decisions.partition.boundaries
        ]
    else:
        segments = [
            ((region.winner, rival), ends)
            for region in decisions.kept
            for rival, ends in zip(region.rivals, region.edges, strict=True)
            if rival != OUTSIDE
        ]
    # Many regions are small, and their borders would hide them.
    width = LINE_EM * em * min(1.0, (MANY / max(1, len(decisions.partition.present))) ** 0.5)
    strokes = []
    for between, ends in segments:
        (x0, y0), (x1, y1) = frame.pixels(ends).tolist()
        strokes.append(Stroke(x0=x0, y0=y0, x1=x1, y1=y1, width_px=width, between=between))
    return strokes


def _axis_name(axis: Axis, number: int, words: Words) -> str:
    if axis.variance_share is None:
        return axis.name
    return words.principal.format(number=number, share=f"{100.0 * axis.variance_share:.0f}")


def _describe(subject: Subject, words: Words) -> str:
    axes = words.axes.format(x=subject.plane.x.name, y=subject.plane.y.name)
    shares = ", ".join(
        f"{text} {100.0 * share:.1f} %"
        for text, share in zip(
            subject.class_texts, subject.decisions.area_shares.tolist(), strict=True
        )
    )
    return f"{axes}. {shares}."
