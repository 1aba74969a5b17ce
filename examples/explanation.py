"""An explanation: why a wine is taken for one cultivar and not another, and what would change it.

Run it with ``python examples/explanation.py``; it takes some seconds.
"""

import tempfile
from pathlib import Path

import numpy as np
from own_service import asked, served, two_files
from sklearn.datasets import load_wine


def main() -> None:
    """Explain the least certain wine, and try what the explanation says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rest = two_files(load_wine(as_frame=True), folder, label="cultivar")
        wines = rest.drop(columns="cultivar")
        with served(folder, "--target", "cultivar", "--C", "0.1") as client:
            proba = np.array(asked(client, "/predict_proba", wines)["probabilities"])
            doubtful = wines.iloc[[int(proba.max(axis=1).argmin())]]
            (why,) = asked(client, "/explain", doubtful)["explanations"]
            print(f"{why['label']} rather than {why['against']}: {why['log_odds']:+.2f} nats")
            print(f"  {why['baseline']:+.2f}  at the mean wine")
            parts = sorted(why["contributions"].items(), key=lambda part: -abs(part[1]))
            for feature, nats in parts[:4]:
                print(f"  {nats:+.2f}  {feature} = {doubtful[feature].item():g}")
            rest_of_them = sum(nats for _, nats in parts[4:])
            print(f"  {rest_of_them:+.2f}  all other measurements")
            flips = {feature: flip for feature, flip in why["flips"].items() if flip}
            feature, flip = min(
                flips.items(), key=lambda one: abs(one[1]["delta"]) / wines[one[0]].std()
            )
            changed = doubtful.assign(**{feature: flip["value"]})
            (label,) = asked(client, "/predict", changed)["labels"]
            print(f"with {feature} at {flip['value']:.4g} instead it is taken for {label}")
            print(f"  the explanation said {flip['label']}")


if __name__ == "__main__":
    main()
