"""Policies that are kept beside a model: what they are, and whether they fit a version."""

from dataclasses import dataclass, field
from typing import Any

from service.artifacts.artifact import Artifact
from service.artifacts.manifest import Manifest
from service.errors import InputError
from service.softmax.arrays import Label
from service.softmax.decisions import Decider, bind
from service.softmax.policies import Policy, refusal


@dataclass(frozen=True, kw_only=True)
class StoredPolicy:
    """A verified policy, as it was added to a model.

    Parameters
    ----------
    name : str
        What it is called.
    number : int
        Which of that name it is.
    digest : str
        ``sha256:`` and the hexadecimal SHA-256 of its file; equal ones are equal policies.
    classes : tuple of str, int or bool
        The classes it was validated for, in their order.
    policy : Policy
        What to do.
    """

    name: str
    number: int
    digest: str
    classes: tuple[Label, ...] = field(compare=False)
    policy: Policy = field(compare=False)
    _deciders: dict[str, Decider] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def decider(self, artifact: Artifact) -> Decider:
        """Bind the policy to a version of its model, once for each version.

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
            If the version has other classes, or not what the policy needs.
        """
        if artifact.digest not in self._deciders:
            if not same_classes(self.classes, artifact.manifest.classes):
                detail = "expected a version with the classes that the policy was validated for"
                raise InputError([refusal(detail)])
            self._deciders[artifact.digest] = fit_policy(self.policy, artifact)
        return self._deciders[artifact.digest]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what another process makes for itself."""
        return {**self.__dict__, "_deciders": {}}


def fit_policy(policy: Policy, artifact: Artifact) -> Decider:
    """Hold a policy against everything that is known of a model.

    Parameters
    ----------
    policy : Policy
        The policy.
    artifact : Artifact
        The model and its surroundings.

    Returns
    -------
    Decider
        What decides.

    Raises
    ------
    InputError
        If they do not fit; faults are located below ``policy``.
    """
    return bind(
        policy,
        artifact.model,
        artifact.set_scores,
        fit_intercept=artifact.manifest.recipe.get("fit_intercept", True) is not False,
        knows_shares=_knows_shares(artifact.manifest),
    )


def same_classes(ours: tuple[Label, ...], theirs: tuple[Label, ...]) -> bool:
    """Tell whether classes are the same, in the same order and of the same type.

    Parameters
    ----------
    ours, theirs : tuple of str, int or bool
        Class labels.

    Returns
    -------
    bool
        Whether they are.

    Examples
    --------
    >>> same_classes((False, True), (0, 1)), same_classes((0, 1), (0, 1))
    (False, True)
    """
    return ours == theirs and [*map(type, ours)] == [*map(type, theirs)]


def _knows_shares(manifest: Manifest) -> bool:
    """Tell whether the shares of the classes are those of the fit.

    Of a model that was fitted elsewhere they are only known from labelled rows, which leave
    figures, and only if the fit did not weigh the classes.
    """
    if "imported" not in manifest.recipe:
        return True
    return manifest.train_metrics is not None and not manifest.recipe.get("class_weight")
