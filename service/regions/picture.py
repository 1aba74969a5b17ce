"""The way in: a model to a picture."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from service.regions.geojson import write_geojson
from service.regions.options import PictureOptions
from service.regions.points import points_in_view
from service.regions.polygons import Partition
from service.regions.principal import principal_plane
from service.regions.rules import Rule, decide_view
from service.regions.slices import slice_plane
from service.regions.subject import Subject
from service.regions.traced import PolicyRule, trace_view
from service.regions.words import WORDS
from service.softmax.arrays import Label, label_text

if TYPE_CHECKING:
    from service.regions.scene import Scene
    from service.softmax.contract import FeatureContract
    from service.softmax.model import SoftmaxModel
    from service.softmax.sample import Sample


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """The decision regions of a model in one plane, ready to be painted.

    Parameters
    ----------
    classes : tuple of str, int or bool
        Class labels of the model.
    subject : Subject
        What is shown.
    options : PictureOptions
        How it is shown.
    """

    classes: tuple[Label, ...]
    subject: Subject
    options: PictureOptions

    @property
    def partition(self) -> Partition:
        """The regions, as polygons in the unit square."""
        return self.subject.partition

    @cached_property
    def scene(self) -> "Scene":
        """The layout, which all painters share."""
        from service.regions.layout import compose  # noqa: PLC0415 - Pillow, only when drawing

        return compose(self.subject, self.options, WORDS[self.options.lang])

    @property
    def lacks(self) -> list[str]:
        """What this machine needs to draw every letter of the PNG; each a line for a user."""
        from service.regions.fonts import remedies  # noqa: PLC0415 - Pillow, only when drawing

        return remedies(text.text for text in self.scene.texts)

    def png(self) -> bytes:
        """Paint pixels.

        Returns
        -------
        bytes
            A PNG file; the same bytes every time.
        """
        from service.regions.png import paint_png  # noqa: PLC0415 - Pillow, only when drawing

        return paint_png(self.scene, self.options.scale)

    def svg(self) -> bytes:
        """Paint outlines.

        Returns
        -------
        bytes
            An SVG file in UTF-8; the same bytes every time.
        """
        from service.regions.svg import paint_svg  # noqa: PLC0415 - only when drawing

        return paint_svg(self.scene)

    def geojson(self) -> bytes:
        """Write the regions themselves.

        Returns
        -------
        bytes
            A GeoJSON FeatureCollection in the features' units.
        """
        return write_geojson(self.subject.plane, self.subject.decisions, self.classes)

    def _repr_svg_(self) -> str:
        """Show the picture in a notebook."""
        return self.svg().decode()


def draw(
    model: "SoftmaxModel",
    contract: "FeatureContract",
    sample: "Sample | None" = None,
    options: PictureOptions | None = None,
    *,
    name: str = "",
    default_pair: tuple[str, str] | None = None,
    rule: Rule | PolicyRule | None = None,
) -> Picture:
    """Draw the decision regions of a model.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    contract : FeatureContract
        Its features.
    sample : Sample, optional
        Stored training rows: the points of the picture, and its default view.
    options : PictureOptions, optional
        The caller's choices.
    name : str
        The model's name, for the title.
    default_pair : tuple of (str, str), optional
        Numeric features to show where the caller names none; without it the first two.
    rule : Rule or PolicyRule, optional
        How decisions follow from probabilities, such as `rule_of` gives it for a policy; the
        options' threshold and ratio are put into a `Rule`.

    Returns
    -------
    Picture
        The regions, found; nothing is painted yet.

    Raises
    ------
    PlaneError
        If the model has no plane to draw in.
    InputError
        With a fault for every option that does not fit this model.
    """
    chosen = options if options is not None else PictureOptions()
    if chosen.plane == "pca":
        plane = principal_plane(contract, sample, chosen)
    else:
        plane = slice_plane(contract, sample, chosen, default_pair=default_pair)
    rule = rule if rule is not None else Rule()
    if isinstance(rule, Rule) and chosen.threshold is not None:
        rule = replace(rule, threshold=chosen.threshold)
    if isinstance(rule, Rule) and chosen.ratio is not None:
        rule = replace(rule, ratio=chosen.ratio)
    field = plane.field(model)
    shows_points = chosen.points and sample is not None and len(sample.y) > 0
    subject = Subject(
        name=name,
        class_texts=[label_text(label) for label in model.classes_],
        plane=plane,
        decisions=decide_view(field, rule) if isinstance(rule, Rule) else trace_view(field, rule),
        points=points_in_view(model, sample, plane, rule) if shows_points and sample else None,
    )
    return Picture(classes=model.classes_, subject=subject, options=chosen)
