"""A candidate beside the version that answers: how often it would have said something else."""

from dataclasses import dataclass

import numpy as np

from service.api.answers import Answer
from service.artifacts.catalogue import Catalogue, Published
from service.artifacts.policies import same_classes
from service.errors import ServiceError


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """What a candidate made of the rows of one request.

    Parameters
    ----------
    model : str
        The model.
    version : int
        The candidate.
    n_rows : int
        Rows that both answered.
    n_labels : int
        Rows of which the most probable classes differ.
    total_variation : float
        Half the sum of the differences of probabilities, added up over the rows.
    n_decided : int
        Rows for which a decision was asked.
    n_decisions : int
        Rows of which the decisions differ.
    n_failed : int
        Rows that the candidate could not answer.
    """

    model: str
    version: int
    n_rows: int = 0
    n_labels: int = 0
    total_variation: float = 0.0
    n_decided: int = 0
    n_decisions: int = 0
    n_failed: int = 0

    def plus(self, other: "Disagreement | None") -> "Disagreement":
        """Add what the same candidate made of other rows."""
        if other is None:
            return self
        return Disagreement(
            model=self.model,
            version=self.version,
            n_rows=self.n_rows + other.n_rows,
            n_labels=self.n_labels + other.n_labels,
            total_variation=self.total_variation + other.total_variation,
            n_decided=self.n_decided + other.n_decided,
            n_decisions=self.n_decisions + other.n_decisions,
            n_failed=self.n_failed + other.n_failed,
        )


def parse_shadow(reference: str | None) -> tuple[str, int] | None:
    """Read the reference of a candidate.

    Parameters
    ----------
    reference : str or None
        Such as ``iris@4``, as the settings have checked it.

    Returns
    -------
    tuple of str and int, or None
        The model and the version.
    """
    if reference is None:
        return None
    name, _, version = reference.partition("@")
    return name, int(version)


def candidate_of(
    catalogue: Catalogue, shadow: tuple[str, int] | None, published: Published
) -> Published | None:
    """Find the candidate beside a version.

    Parameters
    ----------
    catalogue : Catalogue
        The models.
    shadow : tuple of str and int, or None
        The candidate's model and version.
    published : Published
        A version that answers.

    Returns
    -------
    Published or None
        None unless it is another version of the same model, is ready, and has the same
        classes and features: other rows would have to be asked for.
    """
    if shadow is None or shadow[0] != published.name or shadow[1] == published.version:
        return None
    entry = catalogue.models[published.name]
    found = entry.versions.get(shadow[1])
    if entry.active != published.version or not isinstance(found, Published):
        return None
    ours, theirs = published.artifact, found.artifact
    is_comparable = (
        same_classes(ours.model.classes_, theirs.model.classes_)
        and ours.contract.names == theirs.contract.names
        and [getattr(one, "categories", None) for one in ours.contract.features]
        == [getattr(one, "categories", None) for one in theirs.contract.features]
    )
    return found if is_comparable else None


def compare(candidate: Published, answer: Answer) -> Disagreement:
    """Ask the candidate about the rows of an answer.

    Parameters
    ----------
    candidate : Published
        The candidate.
    answer : Answer
        What the version that answers made of them.

    Returns
    -------
    Disagreement
        How they differ; whatever the candidate does, the answer stays as it is.
    """
    model, n_rows = candidate.artifact.model, len(answer.proba)
    name, version = candidate.name, candidate.version
    n_decided = n_decisions = 0
    try:
        proba = model.predict_proba(answer.batch.X)
        if answer.decided is not None:
            asked, ours = answer.decided
            theirs = asked.decider_for(candidate.artifact).decide(
                model.finite_scores(answer.batch.X)
            )
            n_decided, n_decisions = n_rows, int((theirs.winners != ours.winners).sum())
    except ServiceError:
        return Disagreement(model=name, version=version, n_failed=n_rows)
    return Disagreement(
        model=name,
        version=version,
        n_rows=n_rows,
        n_labels=int((proba.argmax(axis=1) != answer.winners).sum()),
        total_variation=float(np.abs(proba - answer.proba).sum()) / 2,
        n_decided=n_decided,
        n_decisions=n_decisions,
    )
