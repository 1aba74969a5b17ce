"""A service of one's own: train a model on some rows, answer for others over HTTP, stop."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

SOFTMAX = [sys.executable, "-m", "service"]


def two_files(data, folder: Path, *, label: str) -> pd.DataFrame:
    """Write two thirds of a data set of scikit-learn to ``fit.csv``; give the rest."""
    frame = data.frame.drop(columns="target").rename(columns=lambda name: name.replace(" ", "_"))
    frame[label] = np.array([str(name) for name in data.target_names])[data.target]
    fit, rest = train_test_split(frame, test_size=1 / 3, random_state=0, stratify=frame[label])
    fit.to_csv(folder / "fit.csv", index=False)
    return rest


@contextmanager
def served(folder: Path, *options: str) -> Iterator[httpx.Client]:
    """Train on ``fit.csv`` with some options, serve the model, and give a client of it."""
    settings = {"MODELS": str(folder / "models"), "PORT": "0", "DRAIN_SECONDS": "0"}
    environment = os.environ | {f"SOFTMAX_{name}": text for name, text in settings.items()}
    train = [*SOFTMAX, "train", str(folder / "fit.csv"), "--test-size", "0", *options]
    subprocess.run(train, env=environment, check=True, stdout=subprocess.DEVNULL)
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(
            [*SOFTMAX, "serve"], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        try:
            url = re.search(r"http://\S+:\d+", server.stdout.readline())[0]
            with httpx.Client(base_url=url, timeout=30) as client:
                yield client
        finally:
            server.terminate()


def asked(client: httpx.Client, path: str, rows: pd.DataFrame, **options: object) -> dict:
    """Send rows and options to a path; give the answer."""
    body = {"columns": rows.to_dict(orient="list"), **options}
    answer = client.post(path, json=body)
    answer.raise_for_status()
    return answer.json()
