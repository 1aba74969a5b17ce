"""Which classes are taken for which."""

from collections.abc import Iterator, Sequence

import numpy as np

from service.training.report.drawing import box, label, picture, text_width

MOST = 30
"""Classes that are drawn; of more, those with the most mistakes."""

_NAMES_PX = 130.0
_SLANT = 0.75
"""Sine and cosine of the turn of the column names, and a little more."""


def confusion_matrix(classes: Sequence[str], counts: Sequence[Sequence[int]], rows: str) -> str:
    """Draw a confusion matrix, true class down, predicted class across.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes.
    counts : sequence of sequences of int
        Numbers of rows by true class, then by predicted class.
    rows : str
        Which rows they are.

    Returns
    -------
    str
        An SVG element. How full a cell is painted tells its share of the row.
    """
    table = np.array(counts)
    mistakes = table.sum(axis=0) + table.sum(axis=1) - 2 * table.diagonal()
    shown = np.sort(np.argsort(-mistakes, kind="stable")[:MOST])
    cell = float(np.interp(len(shown), [2, 6, 12, MOST], [64, 50, 30, 24]))
    names_px = min(_NAMES_PX, max(text_width(classes[k]) for k in shown))
    is_turned = max(text_width(classes[k]) for k in shown) > cell - 4
    left = names_px + 28
    top = (_SLANT * names_px + 30) if is_turned else 38.0
    width = left + cell * len(shown) + (_SLANT * names_px - cell / 2 if is_turned else 6)
    totals = np.maximum(table.sum(axis=1), 1)

    def marks() -> Iterator[str]:
        middle = cell * len(shown) / 2
        yield label(left + middle, 12, "predicted", anchor="middle", css="soft")
        yield label(12, top + middle, "true", anchor="middle", css="soft", turn=-90)
        for j, k in enumerate(shown):
            y = top + j * cell
            base = y + cell / 2 + 4
            yield label(left - 6, base, classes[k], anchor="end", room_px=names_px)
            x = left + (j + 0.5) * cell
            if is_turned:
                yield label(x - 2, top - 6, classes[k], room_px=names_px, turn=-45)
            else:
                yield label(x, top - 8, classes[k], anchor="middle")
            for i, predicted in enumerate(shown):
                yield from _cell(j, i, k, predicted)

    def _cell(j: int, i: int, true: int, predicted: int) -> Iterator[str]:
        n = int(table[true, predicted])
        x, y = left + i * cell, top + j * cell
        share = n / totals[true]
        tip = f"true {classes[true]}, predicted {classes[predicted]}: {n:,} ({share:.1%})"
        yield box(x, y, cell - 1, cell - 1, css="cell")
        # Of the mistakes even a few shall be seen, hence the root.
        strength = 0.75 * (share if true == predicted else np.sqrt(share))
        css = "cell plus" if true == predicted else "cell minus"
        yield box(x, y, cell - 1, cell - 1, css=css, style=f"fill-opacity:{strength:.3f}", tip=tip)
        small = min(12.0, 1.55 * cell / max(1, len(str(n))))
        style = "ink figure" if n else "soft figure"
        at = (x + (cell - 1) / 2, y + cell / 2 + 4)
        yield label(*at, n, anchor="middle", css=style, size_px=round(small, 1))

    right, total = int(table.diagonal().sum()), int(table.sum())
    description = (
        f"Of {total:,} {rows} rows {right:,} are predicted right and {total - right:,} wrong."
    )
    return picture("Confusion matrix", description, width, top + cell * len(shown) + 4, marks())
