"""A batch that rejects rows one by one says of each row what it is told when it is sent alone."""

from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Ask = Callable[..., httpx.Response]

ODD = [99.0, -99.0, 1.7e308, -1.7e308, None, "x"]
CELLS = st.one_of(st.just(5.1), st.just(1.4), st.sampled_from(ODD))
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=4), min_size=1, max_size=9)
OUTSIDE: list[Any] = [1.7e308, -1.7e308, 1.7e308, 1.7e308]


# The application is the same one for every example: it keeps nothing of a request.
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
@example(rows=[[5.1, 3.5, 1.4, 99.0], OUTSIDE, [5.1], [5.1, 99.0, 1.4, 0.2]])
def test_rows_of_a_batch_are_told_what_each_is_told_alone(ask: Ask, rows: list[Any]) -> None:
    path = "/models/iris/predict_proba"
    alone = [ask("POST", path, json={"instances": [row]}).json() for row in rows]

    body = ask("POST", path, json={"instances": rows, "on_error": "reject_rows"}).json()

    refused = {number: one["errors"][0] for number, one in enumerate(alone) if "errors" in one}
    told = {int(one["pointer"].split("/")[2]): one for one in body["rejected"]}
    assert {number: one["code"] for number, one in told.items()} == {
        number: one["code"] for number, one in refused.items()
    }
    for number, one in refused.items():
        assert told[number]["pointer"] == moved(one["pointer"], number)
        assert told[number]["detail"] == one["detail"].replace("instance 0", f"instance {number}")
    odd = [
        moved(warning["pointer"], number)
        for number, one in enumerate(alone)
        for warning in one.get("warnings", ())
    ]
    assert [one["pointer"] for one in body.get("warnings", ())] == odd[:10]
    assert body.get("warnings_total", 0) == len(odd)


def moved(pointer: str, number: int) -> str:
    """Point at the same place of another instance than the first."""
    return pointer.replace("/instances/0", f"/instances/{number}", 1)
