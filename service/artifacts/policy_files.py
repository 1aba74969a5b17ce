"""Policies to bytes and back."""

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from service.artifacts.artifact import Artifact
from service.artifacts.manifest import sha256
from service.artifacts.policies import StoredPolicy, fit_policy
from service.artifacts.signing import TrustedKeys
from service.errors import ArtifactError, Fault, InputError
from service.softmax.arrays import Label
from service.softmax.policies import Policy, refusal

FORMAT: Literal[1] = 1

_CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

TaggedPolicy = Annotated[Policy, Field(discriminator="type")]
"""A policy as pydantic reads it: its ``type`` says which it is."""

_POLICY: TypeAdapter[Policy] = TypeAdapter(TaggedPolicy, config=_CONFIG)

TYPES = ("argmax", "threshold", "cost", "set")


class PolicyFile(BaseModel):
    """The contents of ``policies/<policy>/<n>.json``; its SHA-256 is the policy's digest."""

    model_config = _CONFIG

    format: Literal[1]
    classes: tuple[Label, ...]
    policy: TaggedPolicy

    def to_bytes(self) -> bytes:
        """Write the policy as JSON: two spaces, UTF-8, in the order that names actions."""
        fields = self.model_dump(mode="json", exclude_none=True)
        return f"{json.dumps(fields, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()


def parse_policy(content: bytes) -> Policy:
    """Read a policy that somebody wrote.

    Parameters
    ----------
    content : bytes
        JSON: a policy, or a published file, which holds one.

    Returns
    -------
    Policy
        The policy, bound to no model yet.

    Raises
    ------
    InputError
        If it is none; faults are located below ``policy``.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError([refusal("expected JSON")]) from None
    if isinstance(document, dict) and isinstance(document.get("policy"), dict):
        document = document["policy"]
    try:
        return _POLICY.validate_json(json.dumps(document))
    except ValidationError as error:
        raise InputError(policy_faults(error)) from None


def pack_policy(policy: Policy, artifact: Artifact) -> bytes:
    """Write a policy for the classes of a model that it fits.

    Parameters
    ----------
    policy : Policy
        The policy.
    artifact : Artifact
        A version of the model.

    Returns
    -------
    bytes
        The file; equal arguments give equal bytes.

    Raises
    ------
    InputError
        If the policy does not fit the model.
    """
    fit_policy(policy, artifact)
    file = PolicyFile(format=FORMAT, classes=artifact.manifest.classes, policy=policy)
    return file.to_bytes()


def sums_line(number: int, content: bytes) -> bytes:
    """Give the line by which ``sha256sum -c`` checks a policy's file."""
    return f"{sha256(content)}  {number}.json\n".encode()


def signed_name(model: str, policy: str) -> str:
    """Give the name under which a policy is signed; no model can have it."""
    return f"{model}/policies/{policy}"


def unpack_policy(
    name: str,
    number: int,
    content: bytes,
    sums: bytes,
    *,
    model: str = "",
    signature: bytes | None = None,
    trusted: TrustedKeys | None = None,
) -> StoredPolicy:
    """Verify the files of a policy and decode those same bytes.

    Parameters
    ----------
    name : str
        What it is called.
    number : int
        Which of that name it is.
    content, sums : bytes
        Its file, and the line with its SHA-256.
    model : str
        The model that a signature covers.
    signature : bytes or None
        Its signatures, if there are any.
    trusted : TrustedKeys, optional
        Who has to vouch for it; by default nobody.

    Returns
    -------
    StoredPolicy
        The policy.

    Raises
    ------
    ArtifactError
        At the first thing that does not hold.
    """
    if sums != sums_line(number, content):
        msg = f"{number}.json differs from what {number}.sha256 says of it"
        raise ArtifactError(msg)
    if trusted is not None:
        try:
            trusted.verify(signed_name(model, name), content, signature)
        except ArtifactError:
            msg = f"{number}.sig holds no signature of a trusted key, and only signed are accepted"
            raise ArtifactError(msg) from None
    try:
        file = PolicyFile.model_validate_json(content)
    except (ValidationError, InputError) as error:
        faults = error.faults if isinstance(error, InputError) else policy_faults(error)
        msg = f"{number}.json: {faults[0].detail} at {faults[0].pointer}"
        raise ArtifactError(msg) from None
    digest = f"sha256:{sha256(content)}"
    return StoredPolicy(
        name=name, number=number, digest=digest, classes=file.classes, policy=file.policy
    )


def policy_faults(error: ValidationError) -> list[Fault]:
    """Say what pydantic found wrong with a policy, without the value.

    Parameters
    ----------
    error : ValidationError
        What validating a `TaggedPolicy`, or a `PolicyFile`, raised.

    Returns
    -------
    list of Fault
        Located below ``policy``.
    """
    found = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        place = [str(part) for part in one["loc"]]
        for steps in (("policy",), TYPES):  # the field of the file, and the tag of the union
            if place[:1] and place[0] in steps:
                place = place[1:]
        expected = _EXPECTED.get(one["type"], "expected a policy as it is documented")
        found.append(refusal(expected, *place))
    return found


_EXPECTED = {
    "union_tag_not_found": "expected 'type' of a policy: argmax, threshold, cost or set",
    "union_tag_invalid": "expected 'type' of a policy: argmax, threshold, cost or set",
    "missing": "expected a value here",
    "unexpected_keyword_argument": "expected no such field",
    "extra_forbidden": "expected no such field",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "literal_error": "expected another word",
    "mapping_type": "expected an object",
    "dict_type": "expected an object",
    "dataclass_type": "expected an object",
    "model_attributes_type": "expected an object",
}
