"""What a caller may choose about a picture, checked at birth."""

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from service.errors import Fault, InputError
from service.regions.words import Language
from service.softmax.contract import Category

PlaneKind = Literal["axes", "pca"]
Theme = Literal["light", "dark", "auto"]
Shade = Literal["none", "bands", "smooth"]

SIDE_PX = (100, 2000)
"""Least and greatest width or height of a picture, in CSS pixels."""

SCALES = (1, 4)
"""Least and greatest number of device pixels along one CSS pixel."""

PIXELS_MAX = 16_000_000
"""Greatest number of device pixels in a picture: a 700 by 600 poster at scale 4 is 6,720,000."""

TEXT_MAX = 200
"""Greatest number of characters in a title or an axis name."""

RATIO_MAX = 1e300
"""Greatest ratio; its logarithm is all that counts."""

AT = "at."
"""What stands before a feature's name in the parameter that fixes its value."""


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """Everything about a picture that is the caller's choice.

    Parameters
    ----------
    x, y : str, optional
        Numeric features along the axes; by default the model's default pair.
    at : mapping of str to float, str, int, bool or None
        Values of the other features; by default their medians and modes. A value may be
        given as text, as it stands in a URL.
    plane : {"axes", "pca"}
        The plane of two features, or of two principal components of the sample.
    xmin, xmax, ymin, ymax : float, optional
        The view, in the features' units; by default the sample and one unit around it.
    width, height : int
        Size of the picture in CSS pixels, 100 to 2000.
    scale : int
        Device pixels along one CSS pixel, 1 to 4.
    theme : {"light", "dark", "auto"}
        Colours; ``auto`` is light in a PNG and follows the reader's own choice in an SVG.
    shade : {"none", "bands", "smooth"}
        How the probability of the winning class is shown: not at all, in bands, or smoothly.
    points : bool
        Whether the stored training rows are drawn.
    threshold : float, optional
        Below this probability of the winner nothing is decided; 0 to 1.
    ratio : float, optional
        Unless the winner is so many times as probable as every rival, nothing is decided;
        1 to 1e300.
    policy : str, optional
        A policy of the model by its name: its decisions are drawn. Nothing beside it says
        what is decided, so `threshold` and `ratio` are refused.
    lang : {"en", "es", "ja", "zh", "ar", "ru"}
        Language of the words that the picture adds.
    title, xlabel, ylabel : str, optional
        Texts of up to 200 characters; by default a title in words and the features' names.

    Raises
    ------
    InputError
        With one fault for every parameter that is out of its bounds.

    Examples
    --------
    >>> PictureOptions(width=300, height=250, theme="dark").scale
    1
    """

    x: str | None = None
    y: str | None = None
    at: Mapping[str, Category | float] = field(default_factory=dict, hash=False)
    plane: PlaneKind = "axes"
    xmin: float | None = None
    xmax: float | None = None
    ymin: float | None = None
    ymax: float | None = None
    width: int = 700
    height: int = 600
    scale: int = 1
    theme: Theme = "auto"
    shade: Shade = "bands"
    points: bool = True
    threshold: float | None = None
    ratio: float | None = None
    policy: str | None = None
    lang: Language = "en"
    title: str | None = None
    xlabel: str | None = None
    ylabel: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", MappingProxyType(dict(sorted(self.at.items()))))
        faults = [*self._axis_faults(), *self._size_faults(), *self._look_faults()]
        if faults:
            raise InputError(faults)

    @classmethod
    def from_texts(cls, parameters: Mapping[str, str]) -> Self:
        """Read options as a URL or a command line writes them.

        Parameters
        ----------
        parameters : mapping of str to str
            Parameter names and their texts; ``at.<feature>`` fixes the value of a feature.

        Returns
        -------
        PictureOptions
            The options.

        Raises
        ------
        InputError
            With one fault for every parameter that is unknown, unreadable or out of bounds.

        Examples
        --------
        >>> PictureOptions.from_texts({"at.age": "40", "points": "0", "xmax": "2.5"}).xmax
        2.5
        """
        values: dict[str, Any] = {}
        at = {name[len(AT) :]: text for name, text in parameters.items() if name.startswith(AT)}
        faults = []
        for name, text in parameters.items():
            reader = _READERS.get(name)
            if reader is not None:
                try:
                    values[name] = reader(text)
                except (ValueError, KeyError):
                    faults.append(_fault(name, f"expected {_EXPECTED[reader]} for {name}"))
            elif not name.startswith(AT):
                known = f"{', '.join(_READERS)} and {AT}<feature>"
                faults.append(_fault(name, f"expected only the parameters {known}"))
        try:
            options = cls(at=at, **values)
        except InputError as error:
            raise InputError([*faults, *error.faults]) from None
        if faults:
            raise InputError(faults)
        return options

    def _axis_faults(self) -> list[Fault]:
        faults = []
        for axis in ("x", "y"):
            low, high = getattr(self, f"{axis}min"), getattr(self, f"{axis}max")
            for end, value in (("min", low), ("max", high)):
                if value is not None and not math.isfinite(value):
                    name = f"{axis}{end}"
                    faults.append(_fault(name, f"expected a finite number for {name}"))
            if low is not None and high is not None and low >= high:
                faults.append(_fault(f"{axis}max", f"expected {axis}max above {axis}min"))
        if self.x is not None and self.x == self.y:
            faults.append(_fault("y", "expected two different features for x and y"))
        return faults

    def _size_faults(self) -> list[Fault]:
        bounds = {"width": SIDE_PX, "height": SIDE_PX, "scale": SCALES}
        faults = [
            _fault(name, f"expected a whole number from {low} to {high} for {name}")
            for name, (low, high) in bounds.items()
            if type(value := getattr(self, name)) is not int or not low <= value <= high
        ]
        if not faults and self.width * self.height * self.scale**2 > PIXELS_MAX:
            faults.append(_fault("scale", f"expected at most {PIXELS_MAX:,} pixels in all"))
        return faults

    def _look_faults(self) -> list[Fault]:
        faults = [
            _fault(name, f"expected one of {', '.join(known)} for {name}")
            for name, known in _CHOICES.items()
            if getattr(self, name) not in known
        ]
        faults += [
            _fault(name, f"expected a number from {low:g} to {high:g} for {name}")
            for name, (low, high) in (("threshold", (0.0, 1.0)), ("ratio", (1.0, RATIO_MAX)))
            if (value := getattr(self, name)) is not None and not low <= value <= high
        ]
        if self.policy is not None and not (self.threshold is None and self.ratio is None):
            faults.append(_fault("policy", "expected no threshold or ratio beside a policy"))
        for name in ("policy", "title", "xlabel", "ylabel"):
            text = getattr(self, name)
            if text is not None and not (len(text) <= TEXT_MAX and _is_printable(text)):
                detail = f"expected at most {TEXT_MAX} printable characters for {name}"
                faults.append(_fault(name, detail))
        return faults


_CHOICES = {
    "plane": get_args(PlaneKind),
    "theme": get_args(Theme),
    "shade": get_args(Shade),
    "lang": get_args(Language),
}


def _is_printable(text: str) -> bool:
    # Controls (Cc), lone surrogates (Cs) and non-characters (Cn) have no place in an SVG.
    return not any(unicodedata.category(character) in {"Cc", "Cs", "Cn"} for character in text)


def _fault(name: str, detail: str) -> Fault:
    return Fault(code="invalid_parameter", detail=detail, location=(name,))


def _switch(text: str) -> bool:
    return {"0": False, "1": True, "false": False, "true": True}[text]


def _reader(annotation: object) -> Callable[[str], object]:
    """Choose how the text of a parameter is read, by the type of its field."""
    if annotation is bool:
        return _switch
    for kind in (int, float):
        if annotation in (kind, kind | None):
            return kind
    return str


_READERS = {
    option.name: _reader(option.type) for option in fields(PictureOptions) if option.name != "at"
}
_EXPECTED = {_switch: "0 or 1", int: "a whole number", float: "a number", str: "a text"}
