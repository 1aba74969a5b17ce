"""A prediction set: the digits that an image may be, with a promise how often it is among them.

Run it with ``python examples/prediction_set.py``; it takes some seconds.
"""

import tempfile
from collections import Counter
from pathlib import Path

from own_service import asked, served, two_files
from sklearn.datasets import load_digits


def main() -> None:
    """Ask for sets of 95 % coverage, and count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rest = two_files(load_digits(as_frame=True), folder, label="digit")
        pixels, digits = rest.drop(columns="digit"), rest["digit"].astype(int).tolist()
        # Sets stand on rows that the fit has not seen: 30 % of them are kept aside.
        with served(folder, "--target", "digit", "--calibration-size", "0.3") as client:
            for coverage in (0.9, 0.99):
                policy = {"type": "set", "coverage": coverage, "method": "lac"}
                answer = asked(client, "/decide", pixels, policy=policy)
                held = [
                    digit in map(int, s) for digit, s in zip(digits, answer["sets"], strict=True)
                ]
                print(f"promised {coverage}: held {sum(held) / len(held):.3f}")
                sizes = sorted(Counter(map(len, answer["sets"])).items())
                print("  sets by size:", ", ".join(f"{n} of {size}" for size, n in sizes))
                print("  the promise:", answer["policy"]["guarantee"])


if __name__ == "__main__":
    main()
