"""Samples to a fitted model; the one user of scikit-learn and SciPy."""
