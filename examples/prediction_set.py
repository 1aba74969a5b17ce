"""A prediction set: the digits that an image may be, with a promise how often it is among them.

Run it with ``python examples/prediction_set.py``; it takes some seconds.
"""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from own_service import asked, served, two_files
from sklearn.datasets import load_digits

# Where the sets are needed, every second image is a 1; in training all digits came alike.
MIX = {str(digit): 9 if digit == 1 else 1 for digit in range(10)}


def main() -> None:
    """Ask for sets, count, and ask again for another mix of digits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rest = two_files(load_digits(as_frame=True), folder, label="digit")
        pixels, digits = rest.drop(columns="digit"), rest["digit"].astype(int).to_numpy()
        # Sets stand on rows that the fit has not seen: half of them are kept aside.
        with served(folder, "--target", "digit", "--calibration-size", "0.5") as client:
            for coverage in (0.9, 0.99):
                policy = {"type": "set", "coverage": coverage, "method": "lac"}
                answer = asked(client, "/decide", pixels, policy=policy)
                print(f"promised {coverage}: held {held(answer['sets'], digits).mean():.3f}")
                sizes = sorted(Counter(map(len, answer["sets"])).items())
                print("  sets by size:", ", ".join(f"{n} of {size}" for size, n in sizes))
                print("  the promise:", answer["policy"]["guarantee"])
            by_class = {"type": "set", "coverage": 0.95, "per_class": True}
            weight = np.array([MIX[str(digit)] for digit in digits]) / np.bincount(digits)[digits]
            for made_for, policy in (
                ("the mix of the training", by_class),
                ("the mix where they are needed", by_class | {"priors": MIX}),
            ):
                sets = asked(client, "/decide", pixels, policy=policy)["sets"]
                size = np.average([len(one) for one in sets], weights=weight)
                share = np.average(held(sets, digits), weights=weight)
                print(f"every second a 1, made for {made_for}: {size:.3f} digits, held {share:.3f}")


def held(sets: list, digits: np.ndarray) -> np.ndarray:
    """Tell which sets hold the digit that the image shows."""
    return np.array([digit in map(int, one) for digit, one in zip(digits, sets, strict=True)])


if __name__ == "__main__":
    main()
