"""From a subject to a scene: where everything goes."""

from dataclasses import replace

import numpy as np

from service.regions.axes import lay_axes
from service.regions.fonts import Typeface
from service.regions.lettering import Lettering
from service.regions.options import PictureOptions
from service.regions.panel import lay_panel
from service.regions.polygons import Region
from service.regions.scene import LEVELS, Frame, Marker, Scene, Stroke, Text
from service.regions.subject import Subject
from service.regions.words import Words
from service.softmax.arrays import Floats

SUBDIVISIONS = 8
"""Smooth shading has this many tints from one level to the next."""

PANEL_SIDE_PX = (420, 320)
"""Pictures narrower or lower than this have no panel: classes are named in their regions."""

TINY_PX = 200
"""Pictures narrower or lower than this say neither the slice nor, unasked, the axes' names."""

EM_PX = 12.0
"""Size of ordinary text in a picture of 700 by 600 pixels."""


def compose(subject: Subject, options: PictureOptions, words: Words, typeface: Typeface) -> Scene:
    """Lay out a picture.

    Parameters
    ----------
    subject : Subject
        What the picture is about.
    options : PictureOptions
        The caller's choice of size, texts and looks.
    words : Words
        The language.
    typeface : Typeface
        Measures texts at the size they have in CSS pixels.

    Returns
    -------
    Scene
        The picture.
    """
    area, side = options.width * options.height, min(options.width, options.height)
    em = EM_PX * min(1.4, max(0.75, min((area / 420_000.0) ** 0.5, side / 450.0)))
    lettering = Lettering(words=words, typeface=typeface, em=em)
    levels = _levels(options)
    head = _head(subject, options, lettering)
    top = head[-1].y + 0.9 * em if head else 1.2 * em
    panel, gap = None, 1.3 * em
    if options.width >= PANEL_SIDE_PX[0] and options.height >= PANEL_SIDE_PX[1]:
        room = (0.4 * options.width, options.height - top - em)
        panel = lay_panel(subject, lettering, room, len(levels) + 1)
    right = options.width - (gap if panel is None else panel.width + 2.0 * gap)
    is_tiny = min(options.width, options.height) < TINY_PX
    names = (
        _given(options.xlabel, "" if is_tiny else subject.plane.x.name),
        _given(options.ylabel, "" if is_tiny else subject.plane.y.name),
    )
    axes = lay_axes(subject.plane, names, (top, right, options.height), lettering)
    frame = axes.frame
    if panel is not None:
        panel = panel.moved(frame.right + gap, frame.top)
    is_named = panel is not None and panel.lists_classes
    return Scene(
        width=options.width,
        height=options.height,
        theme=options.theme,
        frame=frame,
        field=subject.field,
        partition=subject.partition,
        levels=levels,
        strokes=(*_boundaries(subject, frame, em), *axes.strokes()),
        swatches=() if panel is None else panel.swatches,
        markers=(*_points(subject, frame, em), *(() if panel is None else panel.markers)),
        texts=(
            *(() if is_named else _name_regions(subject, frame, lettering)),
            *(replace(line, x=frame.left) for line in head),
            *axes.texts(),
            *(() if panel is None else panel.texts),
        ),
        title=_title(subject, options, words),
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


def _title(subject: Subject, options: PictureOptions, words: Words) -> str:
    default = words.title_of.format(name=subject.name) if subject.name else words.title
    return _given(options.title, default)


def _head(subject: Subject, options: PictureOptions, lettering: Lettering) -> list[Text]:
    """Lay the title, and under it the slice."""
    em, lines = lettering.em, []
    room, y = options.width - 5.0 * em, 0.7 * em
    title = _title(subject, options, lettering.words)
    title = lettering.typeface.fit(title, 1.3 * em, room, bold=True)
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
    if not held:
        return ""
    ending = words.projected if subject.points is not None else ""
    caption = ""
    for count in range(len(held), -1, -1):
        parts = [f"{name} = {value}" for name, value in held[:count]]
        if count < len(held):
            parts.append(words.others.format(count=len(held) - count))
        for caption in (
            words.slice_at + ", ".join(parts) + ending,
            words.slice_at + ", ".join(parts),
        ):
            if lettering.typeface.width(caption, size) <= room:
                return caption
    return lettering.typeface.fit(caption, size, room)


def _boundaries(subject: Subject, frame: Frame, em: float) -> list[Stroke]:
    strokes = []
    for boundary in subject.partition.boundaries:
        (x0, y0), (x1, y1) = frame.pixels(boundary.ends).tolist()
        strokes.append(
            Stroke(x0=x0, y0=y0, x1=x1, y1=y1, width_px=0.125 * em, between=boundary.between)
        )
    return strokes


def _points(subject: Subject, frame: Frame, em: float) -> list[Marker]:
    if subject.points is None:
        return []
    places = frame.pixels(subject.points.places)
    crowd = (frame.width * frame.height / (600.0 * max(1, len(places)))) ** 0.25
    radius = em * min(0.36, max(0.2, 0.28 * crowd))
    # Wrong ones come last, so that no ring is hidden.
    order = np.argsort(subject.points.is_wrong, kind="stable")
    return [
        Marker(x=x, y=y, k=k, radius_px=radius, is_ringed=wrong)
        for (x, y), k, wrong in zip(
            places[order].tolist(),
            subject.points.y[order].tolist(),
            subject.points.is_wrong[order].tolist(),
            strict=True,
        )
    ]


def _name_regions(subject: Subject, frame: Frame, lettering: Lettering) -> list[Text]:
    """Write the name of each class into its region, where it has room."""
    texts = []
    for region in subject.partition.regions:
        name = subject.class_texts[region.winner]
        x, y = frame.pixels(region.centroid[None])[0].tolist()
        for size in (1.1 * lettering.em, 0.85 * lettering.em):
            wide = lettering.typeface.width(name, size, bold=True)
            signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
            if _holds(region, frame, np.array([x, y]) + signs * (wide / 2 + 2.0, 0.55 * size)):
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


def _holds(region: Region, frame: Frame, pixels: Floats) -> bool:
    """Whether a region holds all of some places in the picture."""
    start = frame.pixels(region.vertices)
    side = np.roll(start, -1, axis=0) - start
    offset = pixels[:, None, :] - start
    # The y axis of pixels points down, which turns counter-clockwise around.
    return bool((side[:, 0] * offset[..., 1] - side[:, 1] * offset[..., 0] <= 0.0).all())


def _describe(subject: Subject, words: Words) -> str:
    axes = words.axes.format(x=subject.plane.x.name, y=subject.plane.y.name)
    shares = ", ".join(
        f"{text} {100.0 * share:.1f} %"
        for text, share in zip(
            subject.class_texts, subject.partition.area_shares.tolist(), strict=True
        )
    )
    return f"{axes}. {shares}."
