"""Save a pipeline as MLflow wants it: `MODEL.joblib FOLDER`."""

import sys

import joblib
import mlflow.sklearn


def main() -> None:
    """Save it so that `predict` gives probabilities."""
    mlflow.sklearn.save_model(
        joblib.load(sys.argv[1]), sys.argv[2], pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )  # fmt: skip


if __name__ == "__main__":
    main()
