"""A LitServe server over a scikit-learn pipeline."""

import os

import joblib
import litserve
import numpy as np


class Proba(litserve.LitAPI):
    """One worker, one process for HTTP."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - its interface
        """Load the model."""
        self.model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request) -> np.ndarray:
        """Take rows."""
        return np.array(request["instances"])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Give probabilities."""
        return self.model.predict_proba(X)

    def encode_response(self, proba: np.ndarray) -> dict[str, list[list[float]]]:
        """Answer lists."""
        return {"probabilities": proba.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(
        Proba(), accelerator="cpu", workers_per_device=1, timeout=120, max_payload_size=2**26
    )
    server.run(
        host="127.0.0.1", port=int(os.environ["PORT"]), num_api_servers=1,
        generate_client_file=False, log_level="warning", access_log=False,
    )  # fmt: skip
