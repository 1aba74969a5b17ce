"""Policies at rest: numbered, verified, signed, reloaded, and held against classes."""

import hashlib
import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from service.artifacts.artifact import Artifact
from service.artifacts.loading import Loading, load_catalogue, load_version
from service.artifacts.policies import fit_policy
from service.artifacts.policy_files import (
    pack_policy,
    parse_policy,
    signed_name,
    sums_line,
    unpack_policy,
)
from service.artifacts.policy_store import PolicyStore
from service.artifacts.signing import generate_key_pair, read_trusted_keys, sign_manifest
from service.artifacts.store import Store
from service.errors import (
    ArtifactError,
    InputError,
    ModelUnavailableError,
    UnknownModelError,
    UnknownPolicyError,
)
from service.softmax.policies import ArgmaxPolicy, SetPolicy, ThresholdPolicy
from tests.artifacts.test_artifact import files

STRICT = ThresholdPolicy(threshold=0.9)
LOOSE = ThresholdPolicy(threshold=0.5)


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Store:
    """A copy of the store, free to change."""
    shutil.copytree(store, tmp_path / "models")
    return Store(root=tmp_path / "models")


@pytest.fixture
def policies(copy: Store) -> PolicyStore:
    """The policies of iris in it; there are none yet."""
    return PolicyStore(root=copy.root, model="iris")


@pytest.fixture
def iris(copy: Store) -> Artifact:
    return load_version(copy, "iris").artifact


def test_equal_policies_give_equal_files_whose_hash_is_the_digest(iris: Artifact) -> None:
    content = pack_policy(STRICT, iris)

    found = unpack_policy("strict", 3, content, sums_line(3, content))

    assert content == pack_policy(parse_policy(b'{"threshold": 0.9, "type": "threshold"}'), iris)
    assert found.digest == "sha256:" + hashlib.sha256(content).hexdigest()
    assert (found.name, found.number, found.policy) == ("strict", 3, STRICT)
    assert found.classes == ("setosa", "versicolor", "virginica")


def test_actions_keep_their_order_at_rest(iris: Artifact) -> None:
    row = {"wait": 0.3, "setosa": 1.0, "ask": 0.2}
    costs = {
        "virginica": {**row, "wait": 0.1},
        "setosa": {**row, "setosa": 0.0},
        "versicolor": row,
    }
    policy = parse_policy(json.dumps({"type": "cost", "costs": costs}).encode())

    content = pack_policy(policy, iris)

    found = unpack_policy("p", 1, content, sums_line(1, content))
    assert found.decider(iris).actions == ("setosa", "wait", "ask")


@pytest.mark.parametrize(
    ("document", "pointer", "reason"),
    [
        (b"{", "/policy", "expected JSON"),
        (b"[1]", "/policy", "expected"),
        (b'{"threshold": 0.5}', "/policy", "'type'"),
        (b'{"type": "vote"}', "/policy", "'type'"),
        (b'{"type": "threshold", "threshold": "high"}', "/policy/threshold", "a number"),
        (b'{"type": "threshold", "threshold": NaN}', "/policy/threshold", "finite"),
        (b'{"type": "threshold", "threshold": 1.5}', "/policy/threshold", "from 0 to 1"),
        (b'{"type": "set"}', "/policy/coverage", "a value"),
        (b'{"type": "set", "coverage": 0.9, "per_class": "yes"}', "/policy/per_class", "true"),
        (b'{"type": "set", "coverage": 0.9, "alpha": 1}', "/policy/alpha", "no such field"),
        (
            b'{"type": "cost", "costs": {"set": {"a": "x", "b": 1}}}',
            "/policy/costs/set/a",
            "number",
        ),
        (b'{"type": "argmax", "priors": [1]}', "/policy/priors", "an object"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place(
    document: bytes, pointer: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        parse_policy(document)

    assert refused.value.faults[0].pointer == pointer
    assert refused.value.common_code == "invalid_policy"


def test_a_policy_that_does_not_fit_is_not_packed(iris: Artifact) -> None:
    with pytest.raises(InputError, match="--calibration-size"):
        pack_policy(SetPolicy(coverage=0.9), iris)


def test_every_flipped_byte_is_refused(iris: Artifact) -> None:
    content = pack_policy(STRICT, iris)
    sums = sums_line(1, content)

    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1
        with pytest.raises(ArtifactError, match="differs"):
            unpack_policy("strict", 1, bytes(flipped), sums)


@pytest.mark.parametrize(
    "content",
    [
        b'{"format": 2, "classes": ["a"], "policy": {"type": "argmax"}}',
        b'{"format": 1, "classes": ["a"], "policy": {"type": "argmax", "x": 1}}',
        b'{"format": 1, "classes": ["a"], "policy": {"type": "threshold", "threshold": 7}}',
        b"\xff",
    ],
    ids=str,
)
def test_a_file_with_a_sound_hash_that_is_no_policy_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"1\.json: expected"):
        unpack_policy("strict", 1, content, sums_line(1, content))


def test_policies_are_numbered_and_the_active_one_answers(
    policies: PolicyStore, iris: Artifact
) -> None:
    assert policies.names() == []
    assert policies.add("strict", pack_policy(STRICT, iris), activate=False) == 1
    assert policies.add("strict", pack_policy(LOOSE, iris)) == 2
    assert policies.add("strict", pack_policy(STRICT, iris), activate=False) == 3

    assert policies.names() == ["strict"]
    assert policies.numbers("strict") == [1, 2, 3]
    assert policies.load("strict").policy == LOOSE
    policies.activate("strict", 1)
    assert policies.load("strict").policy == STRICT


def test_those_who_add_at_once_get_distinct_numbers(policies: PolicyStore, iris: Artifact) -> None:
    contents = [pack_policy(ThresholdPolicy(threshold=k / 20), iris) for k in range(20)]

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda content: policies.add("strict", content), contents))

    assert sorted(numbers) == list(range(1, 21))
    for number, content in zip(numbers, contents, strict=True):
        assert policies.read("strict", number)[0] == content
    assert policies.active("strict") in numbers


def test_a_number_that_was_taken_and_never_filled_is_skipped(
    policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    (policies.root / "iris/policies/strict/2.sha256").write_bytes(b"half")  # its writer was killed

    assert policies.numbers("strict") == [1]
    assert policies.add("strict", pack_policy(LOOSE, iris)) == 3


@pytest.mark.parametrize("name", ["", "Strict", "../iris", "a/b", ".hidden", "x" * 64])
def test_a_name_never_becomes_a_path(policies: PolicyStore, name: str) -> None:
    for ask in (policies.numbers, policies.active, lambda n: policies.add(n, b"{}")):
        with pytest.raises(UnknownPolicyError, match="policy name"):
            ask(name)
    with pytest.raises(UnknownModelError):
        PolicyStore(root=policies.root, model=name)


def test_what_is_not_there_is_said_so(policies: PolicyStore, iris: Artifact) -> None:
    policies.add("strict", pack_policy(STRICT, iris))

    with pytest.raises(UnknownPolicyError, match=r"policies: strict"):
        policies.active("loose")
    with pytest.raises(UnknownPolicyError, match="strict@2"):
        policies.activate("strict", 2)
    (policies.root / "iris/policies/strict/ACTIVE").write_text("../../etc\n")
    with pytest.raises(ArtifactError, match="expected a number"):
        policies.active("strict")


def test_a_link_out_of_the_store_is_not_followed(
    policies: PolicyStore, iris: Artifact, tmp_path: Path
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    place = policies.root / "iris/policies/strict/1.json"
    place.rename(tmp_path / "outside.json")
    place.symlink_to(tmp_path / "outside.json")

    with pytest.raises(ArtifactError, match="link out of it"):
        policies.load("strict")


def again(store: Store, loading: Loading) -> Loading:
    return load_catalogue(store, previous=loading.catalogue)


def test_a_policy_that_is_added_or_activated_is_taken_up(
    copy: Store, policies: PolicyStore, iris: Artifact
) -> None:
    first = load_catalogue(copy)
    policies.add("strict", pack_policy(STRICT, iris))

    second = again(copy, first)
    third = again(copy, second)
    policies.add("strict", pack_policy(LOOSE, iris))
    fourth = again(copy, third)

    with pytest.raises(InputError, match="name of one that the model has"):
        first.catalogue.get("iris").policy("strict")
    assert [(model, one.name, one.number) for model, one in second.policies] == [
        ("iris", "strict", 1)
    ]
    assert not third.is_change
    held = third.catalogue.get("iris").policy("strict")
    assert held is second.catalogue.get("iris").policy("strict")
    assert fourth.catalogue.get("iris").policy("strict").policy == LOOSE


def test_a_damaged_policy_leaves_the_old_one_answering_and_is_told_of_once(
    copy: Store, policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    first = load_catalogue(copy)
    policies.add("strict", pack_policy(LOOSE, iris))
    damaged = policies.root / "iris/policies/strict/2.json"
    damaged.write_bytes(damaged.read_bytes().replace(b"0.5", b"0.1"))

    second = again(copy, first)
    third = again(copy, second)
    policies.activate("strict", 1)
    fourth = again(copy, third)

    assert [(r.name, r.version) for r in second.refused] == [("iris", None)]
    assert "iris/policies/strict: 2.json differs" in second.refused[0].reason
    assert not third.is_change
    for loading in (second, third, fourth):
        assert loading.catalogue.get("iris").policy("strict").policy == STRICT
    assert fourth.catalogue.models["iris"].policies["strict"].fault is None
    assert fourth.catalogue.models["iris"].is_ready


def test_a_policy_that_never_was_sound_is_not_available(
    copy: Store, policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    (policies.root / "iris/policies/strict/1.sha256").write_bytes(b"")

    catalogue = load_catalogue(copy).catalogue

    with pytest.raises(ModelUnavailableError, match="policy is not available"):
        catalogue.get("iris").policy("strict")
    assert catalogue.models["iris"].is_ready


def test_a_policy_whose_folder_goes_is_gone(
    copy: Store, policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    first = load_catalogue(copy)

    shutil.rmtree(policies.root / "iris/policies")

    assert again(copy, first).catalogue.models["iris"].policies == {}


def test_where_keys_are_trusted_only_signed_policies_answer(
    policies: PolicyStore, iris: Artifact, tmp_path: Path
) -> None:
    pair = generate_key_pair()
    (tmp_path / "trusted.pub").write_bytes(pair.public_pem)
    trusted = read_trusted_keys(tmp_path / "trusted.pub")
    content = pack_policy(STRICT, iris)
    policies.add("strict", content)
    other = sign_manifest(signed_name("iris", "loose"), content, pair.private_pem)
    policies.attach_signature("strict", 1, other)

    with pytest.raises(ArtifactError, match="no signature of a trusted key"):
        policies.load("strict", trusted=trusted)

    line = sign_manifest(signed_name("iris", "strict"), content, pair.private_pem)
    policies.attach_signature("strict", 1, other + line)
    assert policies.load("strict", trusted=trusted).policy == STRICT


def test_a_version_with_other_classes_is_not_activated_and_the_policy_is_named(
    copy: Store, policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    demo = copy.read("demo", 1)  # a model of other classes, as the next version of iris

    with pytest.raises(ArtifactError, match="'strict', validated for other classes"):
        copy.publish("iris", demo)
    assert copy.versions("iris") == [1]
    assert copy.publish("iris", demo, activate=False) == 2
    with pytest.raises(ArtifactError, match="'strict', validated for other classes"):
        copy.activate("iris", 2)
    assert copy.active("iris") == 1

    policies.add("strict", pack_policy(STRICT, load_version(copy, "iris", 2).artifact))
    copy.activate("iris", 2)
    assert copy.active("iris") == 2


def test_a_version_that_lacks_what_a_policy_needs_is_not_activated_and_both_are_named(
    copy: Store,
) -> None:
    # A training that forgot the calibration rows: requests by the name would all be refused.
    without = files(set_scores=None)
    copy.publish("sizes", files())
    content = pack_policy(SetPolicy(coverage=0.5), load_version(copy, "sizes").artifact)
    PolicyStore(root=copy.root, model="sizes").add("sets", content)

    with pytest.raises(ArtifactError, match=r"'sets', .* \(expected a model with calibration"):
        copy.publish("sizes", without)
    assert copy.publish("sizes", without, activate=False) == 2
    with pytest.raises(ArtifactError, match="'sets'"):
        copy.activate("sizes", 2)

    assert copy.active("sizes") == 1


def test_a_policy_is_bound_to_a_version_once_and_only_to_its_classes(
    copy: Store, policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    found = policies.load("strict")

    assert found.decider(iris) is found.decider(iris)
    with pytest.raises(InputError, match="validated for"):
        found.decider(load_version(copy, "demo").artifact)


def test_another_process_gets_the_policy_and_binds_it_itself(
    policies: PolicyStore, iris: Artifact
) -> None:
    policies.add("strict", pack_policy(STRICT, iris))
    found = policies.load("strict")
    decider = found.decider(iris)

    sent = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes, of just now

    assert sent == found
    assert sent.policy == STRICT
    assert sent.decider(iris) is not decider
    assert sent.decider(iris).actions == decider.actions


@pytest.mark.parametrize(
    ("recipe", "with_metrics", "is_refused"),
    [
        ({}, True, False),
        ({"fit_intercept": False}, True, True),
        ({"imported": {}}, True, False),
        ({"imported": {}}, False, True),
        ({"imported": {}, "class_weight": "given"}, True, True),
    ],
    ids=str,
)
def test_priors_are_refused_where_the_mix_of_the_fit_is_not_known(
    iris: Artifact, recipe: dict[str, object], *, with_metrics: bool, is_refused: bool
) -> None:
    manifest = iris.manifest.model_copy(
        update={"recipe": recipe, **({} if with_metrics else {"train_metrics": None})}
    )
    artifact = replace(iris, manifest=manifest)
    policy = ArgmaxPolicy(priors={"setosa": 1.0, "versicolor": 1.0, "virginica": 2.0})

    if is_refused:
        with pytest.raises(InputError, match="expected no priors"):
            fit_policy(policy, artifact)
    else:
        assert fit_policy(policy, artifact).actions == iris.manifest.classes
