"""The policy of a request: one that stands in it, or one that is published with the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from service.artifacts.artifact import Artifact
from service.artifacts.catalogue import Published
from service.artifacts.policies import StoredPolicy, fit_policy
from service.softmax.decisions import Decider
from service.softmax.policies import Policy

_POLICY: TypeAdapter[Policy] = TypeAdapter(Policy)


@dataclass(frozen=True, kw_only=True, eq=False)
class AskedPolicy:
    """A policy that fits the model, and what the answer tells of it.

    Parameters
    ----------
    decider : Decider
        What decides.
    told : mapping
        The policy as a JSON value, with name, version and digest where it is published.
    stored : StoredPolicy or None
        The published one; None where it stands in the request.
    """

    decider: Decider
    told: Mapping[str, Any]
    stored: StoredPolicy | None = None

    def decider_for(self, artifact: Artifact) -> Decider:
        """Bind the policy to another version: a published one only once.

        Parameters
        ----------
        artifact : Artifact
            A version.

        Returns
        -------
        Decider
            What decides.

        Raises
        ------
        InputError
            If they do not fit.
        """
        if self.stored is None:
            return fit_policy(self.decider.policy, artifact)
        return self.stored.decider(artifact)


def asked_policy(published: Published, policy: Policy | str) -> AskedPolicy:
    """Hold a policy against the model that is asked.

    Parameters
    ----------
    published : Published
        The model.
    policy : Policy or str
        The policy, or the name of a published one.

    Returns
    -------
    AskedPolicy
        Ready to decide.

    Raises
    ------
    InputError
        If it does not fit the model, or none of that name is published.
    ModelUnavailableError
        If the files of the one that is published were refused.
    """
    told: dict[str, Any] = {}
    stored = None
    if isinstance(policy, str):
        stored = published.policy(policy)
        policy, decider = stored.policy, stored.decider(published.artifact)
        told = {"name": stored.name, "version": stored.number, "digest": stored.digest}
    else:
        decider = fit_policy(policy, published.artifact)
    told |= _POLICY.dump_python(policy, exclude_none=True)
    if decider.guarantee is not None:
        told["guarantee"] = decider.guarantee
    return AskedPolicy(decider=decider, told=told, stored=stored)


def policy_headers(published: Published, policy: Policy | str) -> dict[str, str]:
    """Say in headers which published policy decides.

    Parameters
    ----------
    published : Published
        The model.
    policy : Policy or str
        The policy, or the name of a published one.

    Returns
    -------
    dict of str to str
        None for a policy that stands in the request.

    Raises
    ------
    InputError
        If none of that name is published.
    ModelUnavailableError
        If the files of the one that is published were refused.
    """
    if not isinstance(policy, str):
        return {}
    stored = published.policy(policy)
    return {
        "X-Policy-Name": stored.name,
        "X-Policy-Version": str(stored.number),
        "X-Policy-Digest": stored.digest,
    }
