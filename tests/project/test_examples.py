"""The examples, run as a reader runs them: what they print must show what they are for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem != "own_service")

PRINTED: dict[str, str] = {}


def printed(script: str, environment: dict[str, str]) -> str:
    """Run an example from somewhere else; give what it prints."""
    if script not in PRINTED:
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / f"{script}.py")],
            env=environment,
            cwd=EXAMPLES.root,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        PRINTED[script] = done.stdout
    return PRINTED[script]


def test_every_example_is_looked_at_here() -> None:
    tests = Path(__file__).read_text()

    for script in SCRIPTS:
        assert f'printed("{script}"' in tests


def test_abstaining_on_more_digits_leaves_fewer_mistakes(environment: dict[str, str]) -> None:
    _, *lines = printed("abstention", environment).splitlines()
    rows = [[float(number) for number in line.split()] for line in lines]

    assert [threshold for threshold, _, _ in rows] == [0.0, 0.7, 0.95]
    left, mistakes = [row[1] for row in rows], [row[2] for row in rows]
    assert left == sorted(left)
    assert left[0] == 0.0
    assert mistakes == sorted(mistakes, reverse=True)
    assert mistakes[-1] < mistakes[0]


def test_the_cost_rule_pays_least(environment: dict[str, str]) -> None:
    lines = printed("cost_rule", environment).splitlines()
    paid = [int(found) for line in lines for found in re.findall(r"paid (\d+)", line)]

    assert len(paid) == 3
    assert paid[0] < min(paid[1:])
    assert "cancers missed" in lines[0]
    assert "'biopsy': 1.0" in lines[3]


def test_sets_hold_the_digit_about_as_often_as_promised(environment: dict[str, str]) -> None:
    text = printed("prediction_set", environment)
    pairs = re.findall(r"promised (\S+): held (\S+)", text)

    assert [promised for promised, _ in pairs] == ["0.9", "0.99"]
    for promised, held in pairs:
        # 599 calibration rows and as many others leave about 0.02 to chance at 0.9.
        assert float(held) > float(promised) - 0.06
    assert "at least 99 % of rows get a set that holds their class" in text


def test_sets_made_for_the_mix_where_they_are_needed_are_smaller_there(
    environment: dict[str, str],
) -> None:
    text = printed("prediction_set", environment)
    pairs = re.findall(r"every second a 1, .*: (\S+) digits, held (\S+)", text)

    (size, held), (own_size, own_held) = [tuple(map(float, pair)) for pair in pairs]
    assert own_size < size
    # Half of the weight lies on 60 ones, whose share varies by 0.03, as do their quantiles.
    assert min(held, own_held) > 0.95 - 0.06


def test_the_explanation_adds_up_and_its_flip_happens(environment: dict[str, str]) -> None:
    first, *lines = printed("explanation", environment).splitlines()
    found = re.search(r"(\S+) rather than \S+: (\S+) nats", first)
    assert found is not None
    parts = [float(line.split()[0]) for line in lines if re.match(r"  [+-]\d", line)]

    assert len(parts) == 6
    assert float(found[2]) == pytest.approx(sum(parts), abs=0.04)  # seven roundings to 0.01
    label = re.search(r"it is taken for (\S+)", lines[-2])
    assert label is not None
    assert lines[-1].split()[-1] == label[1] != found[1]
