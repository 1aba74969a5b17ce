"""A cost rule: a missed cancer is worse than a needless operation, and a biopsy settles it.

Run it with ``python examples/cost_rule.py``; it takes some seconds.
"""

import tempfile
from pathlib import Path

import numpy as np
from own_service import asked, served, two_files
from sklearn.datasets import load_breast_cancer

# What each action costs, by what the tumour is: in any unit, here that of one biopsy.
COSTS = {
    "malignant": {"malignant": 0, "benign": 50, "biopsy": 1},
    "benign": {"malignant": 10, "benign": 0, "biopsy": 1},
}


def main() -> None:
    """Let expected costs choose, and count what was paid."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rest = two_files(load_breast_cancer(as_frame=True), folder, label="tumour")
        measured, truth = rest.drop(columns="tumour"), rest["tumour"].to_numpy()
        with served(folder, "--target", "tumour") as client:
            rule = {"type": "cost", "costs": COSTS}
            by_cost = asked(client, "/decide", measured, policy=rule)
            most_probable = asked(client, "/decide", measured)  # argmax, without a policy
        for how, decisions in (
            ("least expected cost", by_cost["decisions"]),
            ("most probable class", most_probable["decisions"]),
            ("always a biopsy", ["biopsy"] * len(truth)),
        ):
            paid = sum(COSTS[true][chosen] for true, chosen in zip(truth, decisions, strict=True))
            missed = sum((truth == "malignant") & (np.array(decisions) == "benign"))
            biopsies = decisions.count("biopsy")
            print(f"{how}: paid {paid}, {missed} cancers missed, {biopsies} biopsies")
        unsure = int(np.argmin(by_cost["margins"]))
        expected = dict(zip(by_cost["actions"], by_cost["expected_costs"][unsure], strict=True))
        print("the closest call:", {action: round(cost, 2) for action, cost in expected.items()})


if __name__ == "__main__":
    main()
