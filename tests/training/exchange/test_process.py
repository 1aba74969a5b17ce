"""A foreign file is opened in another process, whose answer is checked."""

import io
import os
import pickle
from pathlib import Path

import joblib
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from service.errors import ExchangeError
from service.training.exchange.child import answer
from service.training.exchange.foreign import Foreign
from service.training.exchange.process import is_skops, open_foreign, parse_answer, read_foreign

X, Y = load_iris(return_X_y=True)
FITTED = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


class Canary:
    """Leaves the number of the process that opens it, and what that process can see."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        lines = (
            "import os, sys",
            "print('noise')",
            "seen = [str(os.getpid()), os.getcwd(), os.environ.get('SOFTMAX_SECRET', 'nothing')]",
            f"open({str(self.trace)!r}, 'w').write('\\n'.join(seen))",
        )
        return exec, ("\n".join(lines),)


def test_a_pickle_runs_in_another_process_without_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTMAX_SECRET", "the key")
    trace = tmp_path / "trace"
    content = pickle.dumps(Canary(trace))

    with pytest.raises(ExchangeError, match=r"x: the estimator .* is no LogisticRegression"):
        open_foreign(content, "x", [])

    process, folder, seen = trace.read_text().splitlines()
    assert int(process) != os.getpid()
    assert seen == "nothing"
    assert Path(folder) != Path.cwd()
    assert not Path(folder).exists()


def test_a_skops_file_is_read_without_trust() -> None:
    content = skops.io.dumps(FITTED)

    assert is_skops(content)
    assert open_foreign(content, "x", list("abcd")).steps == (
        "StandardScaler",
        "LogisticRegression",
    )


def test_a_skops_file_with_code_of_others_is_refused_by_name() -> None:
    steps = make_pipeline(FunctionTransformer(os.system), LogisticRegression())
    content = skops.io.dumps(steps)

    with pytest.raises(ExchangeError, match="system"):
        parse_answer(answer(content, "skops", []), "x")


def test_a_pickle_is_never_taken_for_skops(tmp_path: Path) -> None:
    zipped = io.BytesIO()
    joblib.dump(FITTED, zipped, compress=3)

    assert not is_skops(zipped.getvalue())
    assert not is_skops(pickle.dumps(FITTED) + skops.io.dumps(FITTED))
    with pytest.raises(ExchangeError, match="cannot be opened: BadZipFile"):
        parse_answer(answer(pickle.dumps(Canary(tmp_path / "trace")), "skops", []), "x")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", "gave no answer and ended with code 7"),
        (b"noise", "gave no answer"),
        (b"[]", "gave no answer"),
        (b'{"foreign": {}}', "expected a model from the process that opened it: Field required"),
        (b'{"refused": "one\\u001b[2Jtwo\\nthree"}', r"x: one \[2Jtwo three$"),
    ],
)
def test_what_the_process_answers_is_checked(said: bytes, told: str) -> None:
    with pytest.raises(ExchangeError, match=told):
        parse_answer(said, "x", 7)


def test_numbers_that_are_none_are_no_model() -> None:
    sound = parse_answer(answer(skops.io.dumps(FITTED), "skops", list("abcd")), "x")
    assert isinstance(sound, Foreign)
    text = sound.model_dump_json().replace('"mean":[', '"mean":[NaN,', 1)

    with pytest.raises(ExchangeError, match="finite number"):
        parse_answer(f'{{"foreign": {text}}}'.encode(), "x")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="No such file or directory"):
        read_foreign(tmp_path / "none.joblib")
