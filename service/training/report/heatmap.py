"""What each column adds to each class's score."""

from collections.abc import Iterator, Sequence

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.training.report.drawing import box, label, picture, text_width
from service.training.report.markup import brief

MOST_COLUMNS, MOST_CLASSES = 80, 30
"""What is drawn; of more, the columns and classes with the largest effects."""

_NAMES_PX, _HEADS_PX, _ROW_PX = 160.0, 120.0, 19.0


def coefficient_map(classes: Sequence[str], columns: Sequence[str], effects: Floats) -> str:
    """Draw coefficients as coloured cells, columns down and classes across.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes.
    columns : sequence of str
        Names of the encoded columns.
    effects : ndarray of shape (n_classes, n_columns)
        Change of score in nats per standard deviation of a numeric column, or for being of
        a category.

    Returns
    -------
    str
        An SVG element. Two classes need one column: the score of the second against the
        first.
    """
    is_pair = len(classes) == 2  # noqa: PLR2004 - then the first has coefficients 0
    shown_classes = (
        np.array([1]) if is_pair else _largest(np.abs(effects).max(axis=1), MOST_CLASSES)
    )
    shown = _largest(np.abs(effects).max(axis=0), MOST_COLUMNS)
    heads = (
        [f"{classes[1]} against {classes[0]}"] if is_pair else [classes[k] for k in shown_classes]
    )
    strongest = float(np.abs(effects).max()) or 1.0
    heads_px = min(2 * _HEADS_PX if is_pair else _HEADS_PX, max(map(text_width, heads)))
    cell = float(np.interp(len(heads), [3, 6, 10, 30], [56, 46, 34, 30]))
    cell = max(cell, heads_px + 6) if is_pair else cell
    names_px = min(_NAMES_PX, max(text_width(columns[j]) for j in shown))
    is_turned = heads_px > cell - 4
    left, top = names_px + 8, (0.75 * heads_px + 14 if is_turned else 20.0)
    width = left + cell * len(heads) + (0.75 * heads_px - cell / 2 if is_turned else 2)

    def marks() -> Iterator[str]:
        for i, head in enumerate(heads):
            x = left + (i + 0.5) * cell
            if is_turned:
                yield label(x - 2, top - 6, head, room_px=heads_px, turn=-45)
            else:
                yield label(x, top - 7, head, anchor="middle", room_px=cell)
        for row, j in enumerate(shown):
            y = top + row * _ROW_PX
            place = (left - 6, y + _ROW_PX - 6)
            yield label(*place, columns[j], anchor="end", room_px=names_px)
            for i, k in enumerate(shown_classes):
                effect = float(effects[k, j])
                x = left + i * cell
                tip = f"{columns[j]}, {heads[i]}: {effect:+.4g}"
                style = f"fill-opacity:{0.75 * abs(effect) / strongest:.3f}"
                yield box(x, y, cell - 1, _ROW_PX - 1, css="cell")
                css = "cell plus" if effect > 0 else "cell minus"
                yield box(x, y, cell - 1, _ROW_PX - 1, css=css, style=style, tip=tip)
                at = (x + (cell - 1) / 2, y + _ROW_PX - 6)
                yield label(*at, brief(effect), anchor="middle", css="ink figure", size_px=10.5)

    k, j = divmod(int(np.abs(effects).argmax()), len(columns))
    description = (
        f"{len(columns)} columns by {len(classes)} classes; the largest effect is that of"
        f" {columns[j]} on {classes[k]}, {brief(float(effects[k, j]))}."
    )
    height = top + _ROW_PX * len(shown) + 2
    return picture("Coefficients", description, width, height, marks())


def _largest(sizes: Floats, most: int) -> Integers:
    return np.sort(np.argsort(-sizes, kind="stable")[:most])
