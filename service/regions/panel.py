"""The panel beside the view: classes, misclassified points, and the key of tints."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.regions.lettering import Lettering
from service.regions.points import explain_looks
from service.regions.scene import LEVELS, Look, Marker, Swatch, Text
from service.regions.subject import Points, Subject
from service.regions.words import Words

if TYPE_CHECKING:
    from service.regions.palette import Ink

COLUMNS_MAX = 10
"""The key shows the tints of this many classes side by side; beyond that a neutral ramp."""

NAME_ROOM_EM = 11.0
"""The longest name of a class that the panel makes room for, in ems."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What a panel takes, before it is laid out.

    Parameters
    ----------
    width : float
        In CSS pixels.
    lists_classes : bool
        Whether it says which shape and colour is which class.
    """

    width: float
    lists_classes: bool


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Marks of the panel, as in `Scene`."""

    swatches: tuple[Swatch, ...] = ()
    markers: tuple[Marker, ...] = ()
    texts: tuple[Text, ...] = ()


class _Column:
    """The panel while it grows downwards."""

    def __init__(self, em: float, left: float, top: float, width: float) -> None:
        self.em, self.left, self.y, self.width = em, left, top, width
        self.swatches: list[Swatch] = []
        self.markers: list[Marker] = []
        self.texts: list[Text] = []

    @property
    def right(self) -> float:
        return self.left + self.width

    def note(self, text: str, *, anchor: str = "start", indent: float = 0.0) -> None:
        x = self.right if anchor == "end" else self.left + indent
        size = 0.86 * self.em
        self.texts.append(
            Text(x=x, y=self.y + size, text=text, size_px=size, ink="soft", anchor=anchor)
        )


def measure_panel(
    subject: Subject, lettering: Lettering, room: tuple[float, float], n_bands: int
) -> Extent:
    """Say how wide the panel becomes, and whether the classes have room in it.

    Parameters
    ----------
    subject : Subject
        What the picture is about.
    lettering : Lettering
        How texts are written.
    room : tuple of (float, float)
        Greatest width and height, in CSS pixels.
    n_bands : int
        Number of tints a class, one if the regions are flat.

    Returns
    -------
    Extent
        For `lay_panel`.
    """
    em, words, n_classes = lettering.em, lettering.words, len(subject.class_texts)
    key_height = 12.0 * em if n_bands > 1 else 0.0
    ring_height = 6.4 * em if subject.points is not None else 0.0
    lists_classes = (1.7 * n_classes + 5.7) * em + key_height + ring_height <= room[1]
    widest = max(lettering.width(text, em) for text in subject.class_texts) if lists_classes else 0
    if subject.decisions.kept is not None:
        widest = max(widest, lettering.width(words.undecided, em))
    name_room = min(widest, NAME_ROOM_EM * em, room[0] - 6.0 * em)
    # Some languages take more room than the names of the classes.
    said = max(
        lettering.width(words.misclassified, em) + 2.3 * em,
        *(
            lettering.width(text, 0.86 * em)
            for text in (words.probability, words.winner, words.fainter)
        ),
    )
    width = max(name_room + 6.0 * em, 9.4 * em, min(said, 14.0 * em))
    return Extent(width=width, lists_classes=lists_classes)


def lay_panel(
    subject: Subject,
    lettering: Lettering,
    extent: Extent,
    corner: tuple[float, float],
    n_bands: int,
) -> Panel:
    """Lay out the panel.

    Parameters
    ----------
    subject : Subject
        What the picture is about.
    lettering : Lettering
        How texts are written.
    extent : Extent
        What it takes.
    corner : tuple of (float, float)
        Its top left corner, in CSS pixels.
    n_bands : int
        Number of tints a class, one if the regions are flat.

    Returns
    -------
    Panel
        The marks.
    """
    em, words, n_classes = lettering.em, lettering.words, len(subject.class_texts)
    column = _Column(em, *corner, extent.width)
    if extent.lists_classes:
        _list_classes(column, subject, lettering, n_bands)
    elif subject.partition.absent:
        count = len(subject.partition.absent)
        column.note(f"{count} / {n_classes}:")
        column.y += 1.2 * em
        column.note(words.nowhere)
        column.y += 2.0 * em
    if subject.points is not None:
        _count_wrong(column, subject.points, lettering)
    if n_bands > 1:
        _explain_tints(column, subject, words, n_bands)
    return Panel(
        swatches=tuple(column.swatches),
        markers=tuple(column.markers),
        texts=tuple(column.texts),
    )


def _list_classes(column: _Column, subject: Subject, lettering: Lettering, n_bands: int) -> None:
    em, shares = column.em, subject.decisions.area_shares
    radius = round(0.36 * em, 2)
    column.note(lettering.words.share, anchor="end")
    column.y += 1.5 * em
    for k, text in enumerate(subject.class_texts):
        middle = column.y + 0.75 * em
        wins = k not in subject.partition.absent
        if wins:
            column.swatches.append(
                Swatch(
                    x=column.left,
                    y=middle - 0.62 * em,
                    width=1.7 * em,
                    height=1.24 * em,
                    k=k,
                    band=max(0, n_bands - 3),
                    n_bands=n_bands,
                )
            )
        column.markers.append(
            Marker(x=column.left + 0.85 * em, y=middle, look=Look(k=k, radius_px=radius))
        )
        base = middle + 0.36 * em
        name = lettering.fit(text, em, column.width - 5.6 * em)
        ink: Ink = "ink" if wins else "soft"
        column.texts += [
            Text(x=column.left + 2.3 * em, y=base, text=name, size_px=em, ink=ink),
            Text(
                x=column.right,
                y=base,
                text=_percent(shares[k]) if wins else "–",
                size_px=em,
                ink="soft",
                anchor="end",
            ),
        ]
        column.y += 1.7 * em
    if subject.decisions.kept is not None:
        _add_undecided(column, lettering, max(0.0, 1.0 - float(shares.sum())), n_bands)
    if subject.partition.absent:
        column.y += 0.2 * em
        column.note(f"– {lettering.words.nowhere}")
        column.y += 1.2 * em
    column.y += 1.1 * em


def _add_undecided(column: _Column, lettering: Lettering, share: float, n_bands: int) -> None:
    em, middle = column.em, column.y + 0.75 * column.em
    column.swatches.append(
        Swatch(
            x=column.left,
            y=middle - 0.62 * em,
            width=1.7 * em,
            height=1.24 * em,
            k=None,
            band=0,
            n_bands=n_bands,
            is_hatched=True,
        )
    )
    base = middle + 0.36 * em
    name = lettering.fit(lettering.words.undecided, em, column.width - 5.6 * em)
    column.texts += [
        Text(x=column.left + 2.3 * em, y=base, text=name, size_px=em),
        Text(x=column.right, y=base, text=_percent(share), size_px=em, ink="soft", anchor="end"),
    ]
    column.y += 1.7 * em


def _count_wrong(column: _Column, points: Points, lettering: Lettering) -> None:
    words = lettering.words
    em, y = column.em, column.y + 0.6 * column.em
    wrong, total = int(points.is_wrong.sum()), len(points.y)
    column.markers.append(
        Marker(
            x=column.left + 0.85 * em,
            y=y,
            look=Look(k=None, radius_px=round(0.36 * em, 2), is_ringed=True),
        )
    )
    column.texts.append(
        Text(x=column.left + 2.3 * em, y=y + 0.36 * em, text=words.misclassified, size_px=em)
    )
    column.y += 1.35 * em
    column.note(words.of_points.format(count=wrong, total=total), indent=2.3 * em)
    column.y += 1.2 * em
    for text in explain_looks(points, words):
        column.note(lettering.fit(text, 0.86 * em, column.width))
        column.y += 1.2 * em
    column.y += 1.2 * em


def _explain_tints(column: _Column, subject: Subject, words: Words, n_bands: int) -> None:
    em = column.em
    for text in (words.probability, words.winner):
        column.note(text)
        column.y += 1.12 * em
    column.y += 0.5 * em
    present = subject.partition.present
    columns: list[int | None] = [*present] if len(present) <= COLUMNS_MAX else [None]
    height = 1.05 * em * (len(LEVELS) + 1)
    wide = max(1.0, min(1.5 * em, (column.width - 3.0 * em) / len(columns)))
    edges = [column.y + height * i / n_bands for i in range(n_bands + 1)]
    for place, k in enumerate(columns):
        column.swatches.extend(
            Swatch(
                x=column.left + place * wide,
                y=edges[i],
                width=wide,
                height=edges[i + 1] - edges[i],
                k=k,
                band=n_bands - 1 - i,
                n_bands=n_bands,
            )
            for i in range(n_bands)
        )
    for i, level in enumerate(reversed(LEVELS)):
        y = column.y + height * (i + 1) / (len(LEVELS) + 1)
        column.texts.append(
            Text(
                x=column.left + wide * len(columns) + 0.6 * em,
                y=y + 0.31 * em,
                text=f"{level:g}",
                size_px=0.86 * em,
                ink="soft",
            )
        )
    column.y += height


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %" if share >= 0.005 else "< 1 %"  # noqa: PLR2004 - it would say 0
