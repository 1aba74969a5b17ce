"""`softmax models policy`, as a user types it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.errors import ServiceError

Softmax = Callable[..., Result]

REVIEW = {
    "type": "cost",
    "costs": {
        "setosa": {"setosa": 0, "versicolor": 5, "virginica": 5, "review": 1},
        "versicolor": {"setosa": 5, "versicolor": 0, "virginica": 5, "review": 1},
        "virginica": {"setosa": 5, "versicolor": 10, "virginica": 0, "review": 1},
    },
}


@pytest.fixture
def softmax(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Softmax:
    """Give a function that runs the command on a copy of the store."""
    shutil.copytree(store, tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOFTMAX_MODELS", str(tmp_path / "models"))

    def run(*arguments: str, refused: str | None = None) -> Result:
        done = CliRunner().invoke(commands, ["models", "policy", *arguments])
        if refused is not None:
            assert isinstance(done.exception, ServiceError), done.output
            assert refused in str(done.exception)
        else:
            assert done.exit_code == 0, done.output
        return done

    return run


def written(policy: object, name: str = "policy.json") -> str:
    Path(name).write_text(json.dumps(policy))
    return name


def test_policies_are_added_listed_shown_and_activated(softmax: Softmax) -> None:
    added = softmax("add", "iris", "review", written(REVIEW), "--json")
    softmax("add", "iris", "review", written({"type": "argmax"}), "--no-activate")
    softmax("add", "iris", "strict", written({"type": "threshold", "threshold": 0.9}))

    listed = json.loads(softmax("list", "iris", "--json").stdout)
    shown = json.loads(softmax("show", "iris", "review", "--json").stdout)
    softmax("activate", "iris", "review@2")

    assert json.loads(added.stdout)["policy"].items() <= shown.items()
    assert [(row["name"], row["versions"], row["active"]) for row in listed] == [
        ("review", [1, 2], 1),
        ("strict", [1], 1),
    ]
    assert shown["actions"] == ["setosa", "versicolor", "virginica", "review"]
    assert shown["guarantee"] is None
    assert json.loads(softmax("show", "iris", "review").stdout)["policy"] == {"type": "argmax"}
    table = softmax("list", "iris").stdout.splitlines()
    assert [cell.strip() for cell in table[4].strip("│").split("│")] == [
        *("review", "argmax", "1, 2", "2"),
    ]


def test_a_published_file_can_be_added_again(softmax: Softmax) -> None:
    softmax("add", "iris", "review", written(REVIEW))
    published = "models/iris/policies/review/1.json"

    softmax("add", "iris", "copy", published)

    copied = Path("models/iris/policies/copy/1.json")
    assert copied.read_bytes() == Path(published).read_bytes()


def test_a_refusal_names_the_place_in_the_file(softmax: Softmax) -> None:
    bad = written({"type": "threshold", "thresholds": {"setosa": 0.5, "Virginica": 0.5}})

    softmax("add", "iris", "bad", bad, refused="policy.json: expected a number for every class")
    softmax("add", "iris", "bad", bad, refused="at /thresholds/versicolor (and 2 more)")
    softmax("add", "iris", "bad", "missing.json", refused="missing.json: No such file")
    softmax("add", "iris", "Bad", written(REVIEW), refused="expected a policy name")
    softmax("show", "iris", "bad", refused="no policy 'bad' of model 'iris' (policies: none)")
    softmax("add", "nowhere", "bad", bad, refused="no model 'nowhere'")


def test_a_policy_is_signed_and_only_its_own_name_is_vouched_for(softmax: Softmax) -> None:
    softmax("add", "iris", "review", written(REVIEW))
    CliRunner().invoke(commands, ["models", "keygen", "key"], catch_exceptions=False)

    softmax("sign", "iris", "review", "--key", "key")
    softmax("sign", "iris", "review@1", "--key", "key")

    signatures = Path("models/iris/policies/review/1.sig").read_text().splitlines()
    assert len(signatures) == 1
    assert signatures[0].startswith("ed25519 ")


def test_activating_needs_a_number(softmax: Softmax) -> None:
    softmax("add", "iris", "review", written(REVIEW))

    done = CliRunner().invoke(commands, ["models", "policy", "activate", "iris", "review"])

    assert done.exit_code == 2
    assert "such as review@1" in done.output
    softmax("activate", "iris", "review@7", refused="no policy review@7")


def test_a_set_says_what_it_guarantees(softmax: Softmax) -> None:
    CliRunner().invoke(commands, ["train", "iris", "--calibration-size", "0.3"])
    softmax("add", "iris", "sets", written({"type": "set", "coverage": 0.9}))

    done = softmax("show", "iris", "sets")

    assert "at least 90 % of rows get a set that holds their class" in done.stderr


def test_regions_of_a_policy_are_drawn_by_its_name_and_from_its_file(
    softmax: Softmax, tmp_path: Path
) -> None:
    softmax("add", "iris", "review", written(REVIEW))

    for policy in ("review", "policy.json", "review@1"):
        arguments = ["regions", "iris", f"{policy}.geojson", "--policy", policy]
        done = CliRunner().invoke(commands, arguments)
        assert done.exit_code == 0, done.output

    by_name = (tmp_path / "review.geojson").read_bytes()
    assert (tmp_path / "policy.json.geojson").read_bytes() == by_name
    assert (tmp_path / "review@1.geojson").read_bytes() == by_name
    assert json.loads(by_name)["undecided_share"] > 0
