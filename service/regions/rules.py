"""From probabilities to decisions: which of several rules a picture shows."""

import math
from dataclasses import dataclass, replace

import numpy as np

from service.errors import ValueRefusedError
from service.regions.bands import band_outlines
from service.regions.clipping import clip, partition
from service.regions.field import ScoreField
from service.regions.polygons import Partition, Region
from service.softmax.arrays import Booleans, Floats, Integers

GRID = 64
"""Cells a side in which the smooth border of a threshold is followed."""

PIECES = 4
"""Straight pieces for each of its curves."""

DISTINCT = 1e-9
"""Corners closer than this, as a share of the view, are one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """How a decision follows from the probabilities p of a row.

    Parameters
    ----------
    prior_ratios : ndarray of shape (n_classes,), optional
        New class shares over those of the training rows: decisions read p', which is
        p times these, normalised.
    mistake_costs : ndarray of shape (n_classes,), optional
        What a mistake costs on a row of each class, whatever the mistake: the class with the
        greatest p' times its cost has the least expected cost.
    threshold : float
        Below this p' the winner is not decided; from 0 to 1.
    ratio : float
        If p' is not so many times that of every rival, the winner is not decided; from 1 on.

    Raises
    ------
    ValueRefusedError
        If a number is out of its bounds.
    """

    prior_ratios: Floats | None = None
    mistake_costs: Floats | None = None
    threshold: float = 0.0
    ratio: float = 1.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.threshold <= 1.0 and 1.0 <= self.ratio < math.inf):
            msg = f"expected a threshold from 0 to 1 and a ratio from 1 on, got {self}"
            raise ValueRefusedError(msg)
        for name in ("prior_ratios", "mistake_costs"):
            numbers: Floats | None = getattr(self, name)
            if numbers is not None and not ((numbers > 0.0) & np.isfinite(numbers)).all():
                msg = f"expected {name} above zero"
                raise ValueRefusedError(msg)

    @property
    def abstains(self) -> bool:
        """Whether some rows may stay undecided."""
        return self.threshold > 0.0 or self.ratio > 1.0

    def posterior(self, scores: Floats) -> Floats:
        """Turn scores into those of p'.

        Parameters
        ----------
        scores : ndarray of shape (..., n_classes)
            Scores in nats, divided by the temperature.

        Returns
        -------
        ndarray of shape (..., n_classes)
            Scores in nats.
        """
        return scores if self.prior_ratios is None else scores + np.log(self.prior_ratios)

    def weighed(self, scores: Floats) -> Floats:
        """Turn scores of p' into those whose greatest wins.

        Parameters
        ----------
        scores : ndarray of shape (..., n_classes)
            Scores in nats.

        Returns
        -------
        ndarray of shape (..., n_classes)
            Scores in nats.
        """
        return scores if self.mistake_costs is None else scores + np.log(self.mistake_costs)

    def decide(self, scores: Floats) -> tuple[Integers, Booleans]:
        """Decide rows.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_classes)
            Scores in nats, divided by the temperature.

        Returns
        -------
        winners : ndarray of shape (n_samples,)
            Index of the winning class; ties go to the first.
        is_decided : ndarray of shape (n_samples,)
            Whether the winner is decided.
        """
        posterior = self.posterior(scores)
        winners = self.weighed(posterior).argmax(axis=1)
        if not self.abstains:
            return winners, np.ones(len(winners), dtype=np.bool_)
        leads = posterior - posterior[np.arange(len(winners)), winners][:, None]
        proba = 1.0 / np.exp(np.minimum(leads, 700.0)).sum(axis=1)
        leads[np.arange(len(winners)), winners] = -np.inf
        is_clear = leads.max(axis=1, initial=-np.inf) <= -math.log(self.ratio)
        return winners, np.asarray((proba >= self.threshold) & is_clear)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decisions:
    """What a rule makes of a view.

    Parameters
    ----------
    field : ScoreField
        Scores of p'.
    partition : Partition
        Who wins where.
    kept : tuple of Region or None
        The parts of the regions where the winner is decided; None where that is everywhere.
    """

    field: ScoreField
    partition: Partition
    kept: tuple[Region, ...] | None

    @property
    def decided(self) -> tuple[Region, ...]:
        """The regions, as far as they are decided."""
        return self.partition.regions if self.kept is None else self.kept

    @property
    def area_shares(self) -> Floats:
        """Share of the view that is decided for each class; shape (n_classes,)."""
        if self.kept is None:
            return self.partition.area_shares
        return Partition(n_classes=self.field.n_classes, regions=self.kept).area_shares


def decide_view(field: ScoreField, rule: Rule) -> Decisions:
    """Apply a rule to a view.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    rule : Rule
        The rule.

    Returns
    -------
    Decisions
        Polygons; only the border of a threshold is curved, and followed closely.

    References
    ----------
    .. [1] C. K. Chow, "On optimum recognition error and reject tradeoff", IEEE Transactions
       on Information Theory 16 (1970), 41-46.
    """
    posterior = weighed = field
    if rule.prior_ratios is not None:
        posterior = weighed = replace(field, offsets=rule.posterior(field.offsets))
    if rule.mistake_costs is not None:
        weighed = replace(field, offsets=rule.weighed(posterior.offsets))
    regions = replace(partition(weighed), leads=rule.mistake_costs is None)
    kept = regions.regions if rule.abstains else None
    if rule.ratio > 1.0:
        kept = tuple(_clear(region, posterior, math.log(rule.ratio)) for region in kept or ())
    if rule.threshold > 0.0:
        kept = _sure(kept or (), posterior, regions, rule.threshold)
    return Decisions(
        field=posterior,
        partition=regions,
        kept=None if kept is None else tuple(region for region in kept if len(region.vertices)),
    )


def _clear(region: Region, field: ScoreField, margin: float) -> Region:
    """Cut a region to where its class leads every rival by a margin."""
    rivals = [k for k in range(field.n_classes) if k != region.winner]
    slopes = field.slopes[region.winner] - field.slopes[rivals]
    offsets = field.offsets[region.winner] - field.offsets[rivals] - margin
    return clip(region, np.column_stack([slopes, offsets]))


def _sure(
    regions: tuple[Region, ...], field: ScoreField, whole: Partition, threshold: float
) -> tuple[Region, ...]:
    """Cut regions to where their classes reach a probability."""
    edges = {
        outlines.winner: outlines.flattened(place, PIECES)
        for outlines in band_outlines(field, whole, (min(threshold, 1.0 - 1e-15),), grid=GRID)
        for _, place in outlines.slices()
    }
    cut = []
    for region in regions:
        if region.winner in edges:
            start = edges[region.winner]
            start = start[np.hypot(*(np.roll(start, -1, axis=0) - start).T) > DISTINCT]
            side = np.roll(start, -1, axis=0) - start
            normals = np.column_stack([-side[:, 1], side[:, 0]])
            offsets = -np.einsum("ij,ij->i", normals, start)
            cut.append(clip(region, np.column_stack([normals, offsets])))
        elif field.n_classes == 1:
            cut.append(region)
    return tuple(cut)
