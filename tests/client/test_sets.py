"""Prediction sets of a table are columns of a table."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_iris

from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.cli.main import commands
from service.client import AsyncClient
from service.client.calls import ARROW_CELLS
from service.settings import Settings

FLOWERS: Any = load_iris()
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
POLICY = {"type": "set", "coverage": 0.8}


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with iris, whose sets are often of two classes."""
    root = tmp_path_factory.mktemp("calibrated") / "models"
    options = ["--C", "0.01", "--calibration-size", "0.5", "--test-size", "0"]
    done = CliRunner().invoke(
        commands, ["train", "iris", *options], env={"SOFTMAX_MODELS": str(root)}
    )
    assert done.exit_code == 0, done.output
    return root


def test_sets_of_a_table_are_columns_however_it_travels(calibrated: Path) -> None:
    app = create_app(
        Models(load_catalogue(Store(root=calibrated)).catalogue), Settings(models=calibrated)
    )
    rows = FLOWERS.data.copy()
    rows[1, 2] = np.nan
    lengths = (1, ARROW_CELLS // rows.size + 1)
    tables = [pd.DataFrame(np.tile(rows, (n, 1)), columns=NAMES) for n in lengths]

    async def asked() -> list[Any]:
        transport = httpx.ASGITransport(app)
        async with AsyncClient("http://here", transport=transport) as client:
            plain = await client.decide(FLOWERS.data, POLICY)
            return [
                plain["sets"],
                *[await client.decide(t, POLICY, on_error="reject_rows") for t in tables],
            ]

    sets, as_json, as_arrow = asyncio.run(asked())

    classes = FLOWERS.target_names.tolist()
    columns = [f"in_set_{name}" for name in classes]
    assert list(as_json) == list(as_arrow)
    assert list(as_json)[-4:] == [*columns, "error_code"]
    expected: list[list[bool | None]] = [[name in one for name in classes] for one in sets]
    expected[1] = [None] * 3
    assert as_json[columns].to_numpy().tolist() == expected
    assert as_arrow[columns][: len(rows)].to_numpy().tolist() == expected
