"""What a certificate claims is what it shows."""

import math

import pytest

from service.errors import ValueRefusedError
from service.softmax.certificate import Certificate, Separation


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": math.inf},
        {"relative_gap": 1e-3},
        {"relative_gap": None},
        {"separation": Separation(kind="complete", classes=("a", "b"), columns=("x",))},
    ],
    ids=str,
)
def test_a_certificate_cannot_claim_what_it_does_not_show(changes: dict[str, object]) -> None:
    sound = {
        "engine": "e",
        "iterations": 1,
        "tol": 1e-10,
        "objective": 2.0,
        "duality_gap": 1e-12,
        "relative_gap": 5e-13,
        "converged": True,
    }
    assert Certificate(**sound).reason == ""  # type: ignore[arg-type]  # by name

    with pytest.raises(ValueRefusedError):
        Certificate(**sound | changes)  # type: ignore[arg-type]  # by name
