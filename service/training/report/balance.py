"""How many rows each class has."""

from collections.abc import Iterator, Sequence

import numpy as np

from service.regions.palette import class_colours
from service.training.report.drawing import box, label, picture, text_width
from service.training.report.markup import count

MOST = 40
"""Classes that are drawn; of more, the largest."""

_ROW_PX, _BAR_PX, _WIDTH_PX, _NAMES_PX = 24.0, 15.0, 360.0, 120.0


def class_balance(classes: Sequence[str], train: Sequence[int], test: Sequence[int]) -> str:
    """Draw the numbers of rows as bars.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes.
    train, test : sequence of int
        Numbers of training and of held-out rows of each.

    Returns
    -------
    str
        An SVG element.
    """
    sums = np.array(train) + np.array(test)
    shown = np.sort(np.argsort(-sums, kind="stable")[:MOST])
    most, total = max(1, int(sums.max())), max(1, int(sums.sum()))
    notes = [f"{sums[k]:,} · {sums[k] / total:.1%}" for k in shown]
    names_px = min(_NAMES_PX, max(text_width(classes[k]) for k in shown))
    left = names_px + 10
    room = _WIDTH_PX - left - max(map(text_width, notes)) - 8
    colours = class_colours(len(classes))

    def marks() -> Iterator[str]:
        for row, (k, note) in enumerate(zip(shown, notes, strict=True)):
            y = row * _ROW_PX + 3
            base = y + _BAR_PX - 3
            yield label(names_px, base, classes[k], anchor="end", room_px=names_px)
            x, colour = left, "#" + bytes(np.rint(colours[k]).astype(np.uint8).tolist()).hex()
            for part, n, opacity in (("training", train[k], 1.0), ("held-out", test[k], 0.45)):
                width = room * n / most
                tip = f"{classes[k]}: {count(n, f'{part} row')}"
                style = f"fill:{colour};fill-opacity:{opacity}"
                yield box(x, y, width, _BAR_PX, style=style, tip=tip)
                x += width
            yield label(x + 8, base, note, css="soft")

    smallest = int(sums.argmin())
    description = (
        f"{count(len(classes), 'class').replace('classs', 'classes')}; the smallest,"
        f" {classes[smallest]}, has {count(int(sums[smallest]), 'row')} of {total:,}."
    )
    height = len(shown) * _ROW_PX + 4
    return picture("Class balance", description, _WIDTH_PX, height, marks())
