"""Whatever bytes come in, the service answers, and goes on answering."""

from pathlib import Path

import httpx

from benchmarks.drills.mutants import NO_ANSWER, mutants, statuses
from tests.conftest import serving
from tests.system.processes import children

NUMBER = 3_000


def test_requests_with_changed_bytes_do_no_harm(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    pids: list[int] = []
    with serving(store, environment, tmp_path, pids) as url:
        before = children(pids[0])

        found = statuses(int(url.rpartition(":")[2]), mutants(7, NUMBER))

        assert children(pids[0]) == before
        assert httpx.get(url + "/readyz").status_code == 200
    assert {status for status in found if status >= 500} == set()
    assert found.total() == NUMBER
    # If hardly any were answered, or all were refused alike, little would have been tried.
    assert found[NO_ANSWER] < NUMBER / 2
    assert {200, 400, 404, 415, 422} <= found.keys()
    assert "request_failed" not in (tmp_path / "server.log").read_text()
