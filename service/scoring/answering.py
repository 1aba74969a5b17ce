"""What is answered for a row of a file: probabilities, a label, a decision, or a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from service.softmax.arrays import Booleans, Floats, Integers, Label, label_text
from service.softmax.decisions import Decider
from service.softmax.model import SoftmaxModel
from service.softmax.probability import class_major_softmax
from service.tables.answers import AnswerColumn
from service.tables.encoding import CODES, EncodedRows


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """The answers to some rows.

    Parameters
    ----------
    values : mapping of str to ndarray of shape (n_samples,)
        For each column its numbers, or the indices of its labels, -1 for none.
    is_rejected : ndarray of shape (n_samples,), or None
        Rows without an answer, whose numbers mean nothing; None where there are none.
    rejections : ndarray of shape (n_samples,)
        Index into `CODES` of the reason, -1 where there is none.
    features : ndarray of shape (n_samples,)
        Index of the feature at fault, -1 where there is none.
    n_warnings : int
        Values of the answered rows that training did not see the like of.
    """

    values: Mapping[str, Floats | Integers]
    is_rejected: Booleans | None
    rejections: Integers
    features: Integers
    n_warnings: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Answering:
    """A model and a policy, ready to answer.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    decider : Decider or None
        The policy, bound to the model; None where no decision is asked for.
    """

    model: SoftmaxModel
    decider: Decider | None = None
    columns: tuple[AnswerColumn, ...] = field(init=False)

    def __post_init__(self) -> None:
        columns = [AnswerColumn(name=name) for name in self._proba_names]
        columns.append(AnswerColumn(name="label", levels=self.model.classes_))
        if self.decider is not None:
            columns.append(AnswerColumn(name="decision", levels=_one_type(self.decider.actions)))
            columns += [AnswerColumn(name=name) for name in self._cost_names]
            columns += [AnswerColumn(name=name, levels=(False, True)) for name in self._set_names]
        columns.append(AnswerColumn(name="error_code", levels=CODES))
        object.__setattr__(self, "columns", tuple(columns))

    def answer(self, rows: EncodedRows) -> Answers:
        """Answer rows.

        Parameters
        ----------
        rows : EncodedRows
            As the model takes them.

        Returns
        -------
        Answers
            A value for every column and row.
        """
        scores = self.model.class_major_scores(rows.X)
        rejections = rows.rejections
        if not np.isfinite(scores).all():
            outside = ~np.isfinite(scores).all(axis=0)
            code = CODES.index("outside_domain")
            rejections = np.where((rejections < 0) & outside, code, rejections)
            scores[:, outside] = 0.0
        is_rejected = rejections >= 0
        values: dict[str, Floats | Integers] = {}
        if self.decider is not None:
            decisions = self.decider.decide(np.ascontiguousarray(scores.T))
            values["decision"] = np.where(is_rejected, -1, decisions.winners)
            if decisions.expected_costs is not None:
                costs = np.ascontiguousarray(decisions.expected_costs.T)
                values |= dict(zip(self._cost_names, costs, strict=True))
            if decisions.sets is not None:
                members = np.where(is_rejected, -1, decisions.sets.T)
                values |= dict(zip(self._set_names, members, strict=True))
        class_major_softmax(scores)
        values |= dict(zip(self._proba_names, scores, strict=True))
        values["label"] = np.where(is_rejected, -1, scores.argmax(axis=0))
        values["error_code"] = rejections
        return Answers(
            values=values,
            is_rejected=is_rejected if is_rejected.any() else None,
            rejections=rejections,
            features=rows.features,
            n_warnings=int(rows.n_odd[~is_rejected].sum()),
        )

    @property
    def _proba_names(self) -> list[str]:
        return [f"proba_{label_text(label)}" for label in self.model.classes_]

    @property
    def _cost_names(self) -> list[str]:
        if self.decider is None or self.decider.costs is None:
            return []
        return [f"expected_cost_{label_text(action)}" for action in self.decider.actions]

    @property
    def _set_names(self) -> list[str]:
        if self.decider is None or self.decider.sets is None:
            return []
        return [f"in_set_{label_text(label)}" for label in self.model.classes_]


def _one_type(actions: tuple[Label, ...]) -> tuple[Label, ...]:
    """Give actions as they are if a column can hold them all, else as texts."""
    is_uniform = len({type(action) for action in actions}) == 1
    return actions if is_uniform else tuple(map(label_text, actions))
