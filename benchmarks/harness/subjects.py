"""Who is measured: how each is started, asked and understood."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import orjson
from harness.cases import Case, Floats, as_json, run
from harness.environments import PEERS, interpreter, our_interpreter, version
from harness.machine import CACHE
from harness.servers import Question, Reply


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a server is started."""

    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A service that answers rows with probabilities.

    Parameters
    ----------
    name : str
        What tables call it.
    start : callable
        From a case and a port to the way it is started; raises UnavailableError.
    path : callable
        From a case to where it takes rows.
    body : callable
        From rows to the request's body.
    read : callable
        From an answer's JSON to the flat list of probabilities.
    version : callable
        Names what was measured.
    """

    name: str
    start: Callable[[Case, int], Start]
    path: Callable[[Case], str]
    body: Callable[[Floats], bytes]
    read: Callable[[dict[str, object]], object]
    version: Callable[[], str]

    def question(self, case: Case, rows: Floats) -> Question:
        """Make the request for some rows."""
        return Question(path=self.path(case), body=self.body(rows))

    def error(self, case: Case, rows: Floats, reply: Reply) -> float:
        """Give the largest difference of its probabilities from scikit-learn's."""
        given = np.array(self.read(orjson.loads(reply.body)), dtype=np.float64)
        expected = case.pipeline.predict_proba(rows)
        return float(np.abs(given.reshape(expected.shape) - expected).max())


def our_settings() -> dict[str, str]:
    """Give the settings we are measured with: a user's defaults, but no log line a request."""
    from service.settings import Settings

    quiet = {"request_log": "false", "access_log": "false"}
    found = {name: value for name, value in quiet.items() if name in Settings.model_fields}
    return {f"SOFTMAX_{name.upper()}": value for name, value in found.items()}


def _ours(case: Case, port: int, workers: int = 1) -> Start:
    case.publish()
    return Start(
        command=[
            str(our_interpreter().with_name("softmax")),
            "serve",
            "--port",
            str(port),
            "--workers",
            str(workers),
        ],
        env={"SOFTMAX_MODELS": str(case.store), "SOFTMAX_DEFAULT_MODEL": case.name}
        | our_settings(),
    )


def _script(peer: str, *arguments: str) -> Callable[[Case, int], Start]:
    """Start a peer with its Python and our few lines for it."""

    def start(case: Case, port: int) -> Start:
        python = interpreter(peer)
        words = {"bin": str(python.parent), "peer": str(PEERS / peer), "port": str(port)}
        return Start(
            command=[str(python), *(word.format(**words) for word in arguments)],
            env={"MODEL": str(case.saved(peer, python)), "PORT": str(port)},
        )

    return start


def _mlserver(case: Case, port: int) -> Start:
    """Its best configuration: no second process, no debug log (see docs/benchmarks.md)."""
    python = interpreter("mlserver")
    folder = CACHE / "models" / f"mlserver-{case.name}"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "debug": False, "parallel_workers": 0, "host": "127.0.0.1", "http_port": port,
        "grpc_port": port + 1, "metrics_endpoint": None,
    }  # fmt: skip
    model = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(case.saved("mlserver", python))},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    return Start(command=[str(python), str(python.with_name("mlserver")), "start", str(folder)])


def _mlflow(case: Case, port: int) -> Start:
    python = interpreter("mlflow")
    folder = CACHE / "models" / f"mlflow-{case.name}"
    if not folder.exists():
        run(
            [
                str(python),
                str(PEERS / "mlflow/save.py"),
                str(case.saved("mlflow", python)),
                str(folder),
            ]
        )
    return Start(
        command=[
            str(python), str(python.with_name("mlflow")), "models", "serve", "-m", str(folder),
            "--env-manager", "local", "-w", "1", "-h", "127.0.0.1", "-p", str(port),
        ],
        env={
            "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
            "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": "120",
        },
    )  # fmt: skip


def _installed(peer: str, package: str) -> Callable[[], str]:
    return lambda: version(interpreter(peer), package)


OURS = Subject(
    name="softmax-service",
    start=_ours,
    path=lambda _: "/predict_proba",
    body=lambda rows: as_json(instances=rows),
    read=lambda answer: answer["probabilities"],
    version=lambda: version(our_interpreter(), "softmax-service"),
)
TUTORIAL = Subject(
    name="tutorial app",
    start=_script(
        "tutorial", "-m", "uvicorn", "--app-dir", "{peer}", "--port", "{port}", "--no-access-log",
        "--log-level", "warning", "app:app",
    ),
    path=lambda _: "/predict_proba",
    body=lambda rows: as_json(instances=rows),
    read=lambda answer: answer["probabilities"],
    version=lambda: "FastAPI " + _installed("tutorial", "fastapi")(),
)  # fmt: skip
PEER_SUBJECTS = (
    Subject(
        name="MLServer",
        start=_mlserver,
        path=lambda _: "/v2/models/model/infer",
        body=lambda rows: as_json(
            inputs=[
                {"name": "x", "shape": rows.shape, "datatype": "FP64", "data": rows.ravel()}
            ],
            outputs=[{"name": "predict_proba"}],
        ),
        read=lambda answer: answer["outputs"][0]["data"],
        version=_installed("mlserver", "mlserver"),
    ),
    Subject(
        name="vetiver",
        start=_script(
            "vetiver", "-m", "uvicorn", "--app-dir", "{peer}", "--port", "{port}",
            "--no-access-log", "--log-level", "warning", "app:app",
        ),
        path=lambda _: "/predict",
        body=lambda rows: orjson.dumps(
            [dict(zip(map(str, range(rows.shape[1])), row, strict=True)) for row in rows.tolist()]
        ),
        read=lambda answer: answer["predict"],
        version=_installed("vetiver", "vetiver"),
    ),
    Subject(
        name="BentoML",
        start=_script(
            "bentoml", "{bin}/bentoml", "serve", "--working-dir", "{peer}", "--host", "127.0.0.1",
            "--port", "{port}", "app:Proba",
        ),
        path=lambda _: "/predict_proba",
        body=lambda rows: as_json(x=rows),
        read=lambda answer: answer,
        version=_installed("bentoml", "bentoml"),
    ),
    Subject(
        name="LitServe",
        start=_script("litserve", "{peer}/app.py"),
        path=lambda _: "/predict",
        body=lambda rows: as_json(instances=rows),
        read=lambda answer: answer["probabilities"],
        version=_installed("litserve", "litserve"),
    ),
    Subject(
        name="MLflow",
        start=_mlflow,
        path=lambda _: "/invocations",
        body=lambda rows: as_json(inputs=rows),
        read=lambda answer: answer["predictions"],
        version=_installed("mlflow", "mlflow"),
    ),
)  # fmt: skip
