"""The words that a picture adds by itself."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Words:
    """Words in one language; a place in braces is filled in.

    Parameters
    ----------
    title, title_of : str
        The title of a picture, without and with the name of its model.
    slice_at : str
        Before the list of fixed features.
    others : str
        Stands for fixed features that are not listed one by one.
    projected : str
        Says that the drawn rows do not lie on the slice.
    share : str
        Head of the column of area shares.
    nowhere : str
        Explains the mark of classes that win nowhere.
    misclassified, of_points : str
        Beside the ring, and how many of how many.
    probability, winner : str
        Head of the key of tints, in two lines.
    axes : str
        For readers of the description: which features the axes show.
    """

    title: str
    title_of: str
    slice_at: str
    others: str
    projected: str
    share: str
    nowhere: str
    misclassified: str
    of_points: str
    probability: str
    winner: str
    axes: str


ENGLISH = Words(
    title="Decision regions",
    title_of="Decision regions of {name}",
    slice_at="Slice at ",
    others="{count} more at their medians or modes",
    projected="; points are projected onto it",
    share="in view",
    nowhere="wins nowhere in view",
    misclassified="misclassified",
    of_points="{count} of {total}",
    probability="Probability of",
    winner="the winning class",
    axes="{x} across, {y} up",
)
