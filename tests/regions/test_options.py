"""What may be asked of a picture."""

import pytest

from service.errors import InputError
from service.regions.options import PictureOptions


def places(error: InputError) -> list[object]:
    assert {fault.code for fault in error.faults} == {"invalid_parameter"}
    return [fault.location for fault in error.faults]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 99),
        ("width", 2001),
        ("height", 0),
        ("height", 600.0),
        ("scale", 5),
        ("scale", True),
        ("theme", "blue"),
        ("shade", "dots"),
        ("title", "a" * 201),
        ("xlabel", "two\nlines"),
        ("ylabel", "\x00"),
        ("xmin", float("nan")),
        ("ymax", float("inf")),
    ],
)
def test_a_value_out_of_bounds_is_refused_at_its_name(name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        PictureOptions(**{name: value})  # type: ignore[arg-type] # wrong on purpose

    assert places(caught.value) == [(name,)]


def test_all_violations_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        PictureOptions(width=1, scale=9, theme="blue", xmin=2.0, xmax=1.0)  # type: ignore[arg-type] # wrong on purpose

    assert places(caught.value) == [("xmax",), ("width",), ("scale",), ("theme",)]


def test_a_poster_is_bounded_in_all_its_pixels() -> None:
    PictureOptions(width=2000, height=2000, scale=2)

    with pytest.raises(InputError) as caught:
        PictureOptions(width=2000, height=2000, scale=4)

    assert places(caught.value) == [("scale",)]


def test_one_feature_cannot_be_both_axes() -> None:
    with pytest.raises(InputError) as caught:
        PictureOptions(x="age", y="age")

    assert places(caught.value) == [("y",)]


def test_texts_of_a_url_become_values() -> None:
    texts = {
        "x": "a",
        "at.b": "1.5",
        "xmin": "-1e3",
        "width": "300",
        "points": "0",
        "theme": "dark",
        "title": "Ω < ∞",
    }

    options = PictureOptions.from_texts(texts)

    expected = PictureOptions(
        x="a", at={"b": "1.5"}, xmin=-1000.0, width=300, points=False, theme="dark", title="Ω < ∞"
    )
    assert options == expected


def test_unknown_and_unreadable_parameters_are_told_together_with_bounds() -> None:
    texts = {"colour": "1", "width": "wide", "points": "yes", "xmin": "", "scale": "7"}

    with pytest.raises(InputError) as caught:
        PictureOptions.from_texts(texts)

    assert places(caught.value) == [("colour",), ("width",), ("points",), ("xmin",), ("scale",)]


def test_a_message_never_repeats_the_value() -> None:
    with pytest.raises(InputError) as caught:
        PictureOptions.from_texts({"width": "secret", "theme": "secret", "secret": "1"})

    assert "secret" not in str(caught.value)


def test_options_that_say_the_same_are_equal_and_hash_alike() -> None:
    one, other = (PictureOptions(at=at) for at in ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}))

    assert one == other
    assert hash(one) == hash(other)
