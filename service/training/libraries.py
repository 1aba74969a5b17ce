"""The libraries that decide a fit's last digits."""

from importlib.metadata import version

LIBRARIES = ("numpy", "scipy", "scikit-learn", "joblib")


def library_versions() -> dict[str, str]:
    """Give the installed versions of the libraries a fit depends on.

    Returns
    -------
    dict of str to str
        Versions by name.
    """
    return {library: version(library) for library in LIBRARIES}
