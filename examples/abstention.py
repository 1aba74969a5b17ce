"""A decision with abstention: read hand-written digits, and leave the doubtful ones to a person.

Run it with ``python examples/abstention.py``; it takes some seconds.
"""

import tempfile
from pathlib import Path

import numpy as np
from own_service import asked, served, two_files
from sklearn.datasets import load_digits


def main() -> None:
    """Decide with three thresholds, and see what each costs in work and saves in mistakes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rest = two_files(load_digits(as_frame=True), folder, label="digit")
        pixels, digits = rest.drop(columns="digit"), rest["digit"].astype(int).to_numpy()
        with served(folder, "--target", "digit") as client:
            print("threshold  left to a person  mistakes among the decided")
            for threshold in (0.0, 0.7, 0.95):
                policy = {"type": "threshold", "threshold": threshold}
                answer = asked(client, "/decide", pixels, policy=policy)
                decisions = np.array([str(one) for one in answer["decisions"]])
                is_decided = decisions != "abstain"
                is_wrong = decisions[is_decided] != digits[is_decided].astype(str)
                print(f"{threshold:<9}  {1 - is_decided.mean():<16.3f}  {is_wrong.mean():.3f}")


if __name__ == "__main__":
    main()
