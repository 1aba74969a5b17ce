"""Policies as values: what cannot exist, and that JSON gives exactly them."""

import json
import math
from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from service.errors import InputError
from service.softmax.policies import (
    ArgmaxPolicy,
    CostPolicy,
    Policy,
    SetPolicy,
    ThresholdPolicy,
    refusal,
)

POLICY: TypeAdapter[Policy] = TypeAdapter(
    Annotated[Policy, Field(discriminator="type")],
    config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False),
)


@pytest.mark.parametrize(
    ("policy", "fields", "pointers"),
    [
        (ArgmaxPolicy, {"priors": {"a": 0.0, "b": 1.0}}, ["/policy/priors/a"]),
        (ArgmaxPolicy, {"priors": {"a": math.inf}}, ["/policy/priors/a"]),
        (ArgmaxPolicy, {"priors": {"a": math.nan}}, ["/policy/priors/a"]),
        (ThresholdPolicy, {}, ["/policy"]),
        (ThresholdPolicy, {"threshold": 0.5, "thresholds": {"a": 0.5}}, ["/policy"]),
        (ThresholdPolicy, {"threshold": 1.01}, ["/policy/threshold"]),
        (ThresholdPolicy, {"threshold": math.nan}, ["/policy/threshold"]),
        (
            ThresholdPolicy,
            {"thresholds": {"a": -0.1, "b": 0.5, "c/d": 2.0}},
            ["/policy/thresholds/a", "/policy/thresholds/c~1d"],
        ),
        (CostPolicy, {"costs": {}}, ["/policy/costs"]),
        (CostPolicy, {"costs": {"a": {"a": 0.0}, "b": {"a": 1.0}}}, ["/policy/costs"]),
        (
            CostPolicy,
            {"costs": {"a": {"a": 0.0, "b": 1.0}, "b": {"b": 0.0}}},
            ["/policy/costs/b/a"],
        ),
        (
            CostPolicy,
            {"costs": {"a": {"a": -1.0, "b": 1.0}, "b": {"a": math.nan, "b": 1e301}}},
            ["/policy/costs/a/a", "/policy/costs/b/a", "/policy/costs/b/b"],
        ),
        (CostPolicy, {"costs": {"a": {"a": 0.0, "": 1.0}}}, ["/policy/costs"]),
        (CostPolicy, {"costs": {"a": {"a": 0.0, "x\n": 1.0}}}, ["/policy/costs"]),
        (SetPolicy, {"coverage": 1.0}, ["/policy/coverage"]),
        (SetPolicy, {"coverage": 0.0}, ["/policy/coverage"]),
        (SetPolicy, {"coverage": 0.9, "priors": {"a": 1.0}}, ["/policy/priors"]),
    ],
)
def test_a_policy_in_a_wrong_state_cannot_exist(
    policy: type[Any], fields: dict[str, Any], pointers: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        policy(**fields)

    assert [fault.pointer for fault in refused.value.faults] == pointers
    assert refused.value.common_code == "invalid_policy"


def test_no_more_than_ten_faults_are_told_of_and_none_repeats_what_was_sent() -> None:
    with pytest.raises(InputError) as refused:
        ThresholdPolicy(thresholds={f"secret-{k}": 7.25 for k in range(50)})

    assert len(refused.value.faults) == 10
    assert not any(
        "7.25" in fault.detail or "secret" in fault.detail for fault in refused.value.faults
    )
    assert len(refusal("expected less", "x" * 10_000).pointer) < 200


@pytest.mark.parametrize(
    "policy",
    [
        ArgmaxPolicy(),
        ArgmaxPolicy(priors={"a": 3.0, "b": 1.0}),
        ThresholdPolicy(threshold=0.5),
        ThresholdPolicy(thresholds={"a": 0.0, "b": 1.0}),
        CostPolicy(costs={"a": {"a": 0.0, "review": 1.0}, "b": {"a": 5.0, "review": 1.0}}),
        SetPolicy(coverage=0.9, method="aps", per_class=True, priors={"a": 1.0, "b": 2.0}),
    ],
    ids=str,
)
def test_a_policy_survives_json(policy: Policy) -> None:
    assert POLICY.validate_json(POLICY.dump_json(policy)) == policy


@pytest.mark.parametrize(
    "document",
    [
        {"type": "argmax", "prior": {}},
        {"type": "threshold", "threshold": "0.5"},
        {"type": "set", "coverage": 0.9, "per_class": 1},
        {"type": "set", "coverage": 0.9, "method": "raps"},
        {"type": "cost", "costs": {"a": [0, 1]}},
        {"threshold": 0.5},
        {"type": "vote"},
    ],
    ids=str,
)
def test_json_of_another_shape_is_no_policy(document: object) -> None:
    with pytest.raises(ValidationError):
        POLICY.validate_json(json.dumps(document))
