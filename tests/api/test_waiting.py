"""A request that has waited too long among many is refused; among few it is not."""

from time import monotonic

import pytest

from service.api.admission import QUEUE_S, Admission
from service.api.head import Head
from service.api.metrics.note import Note
from service.errors import OverloadedError

HEAD = Head({"method": "POST", "path": "/predict", "query_string": b"", "headers": []})


@pytest.fixture
def admission() -> Admission:
    return Admission(memoryview(bytearray(80)).cast("d"), 4, 1_000_000)


def test_who_has_waited_too_long_is_refused(admission: Admission) -> None:
    with pytest.raises(OverloadedError):
        admission.enter(Note(b"", HEAD, admission), monotonic() - 2 * QUEUE_S)


def test_who_has_waited_among_few_is_let_in(admission: Admission) -> None:
    admission.enter(Note(b"", HEAD, admission), None)

    assert admission.in_flight == 1
