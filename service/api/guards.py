"""What guards the requests of one process; parts of it are shared with other processes."""

from dataclasses import dataclass

from service.api.gate import Gate
from service.api.keys import Keyring
from service.api.metrics.recorder import Recorder
from service.api.metrics.shared import SharedCounters
from service.api.rates import RateLimit
from service.settings import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Guards:
    """What guards the requests of one process.

    Parameters
    ----------
    recorder : Recorder
        Counts them.
    gate : Gate
        Says who may ask.
    """

    recorder: Recorder
    gate: Gate


def gate_of(settings: Settings) -> Gate:
    """Make the gate that the settings ask for; all workers inherit it.

    Parameters
    ----------
    settings : Settings
        Where keys are, what is open, how often one may ask.

    Returns
    -------
    Gate
        Ready.

    Raises
    ------
    SettingsError
        If the keys cannot be read, or do not fit.
    """
    keyring = None if settings.keys is None else Keyring(settings.keys)
    rate_limit = None if settings.rate_limit is None else RateLimit(settings.rate_limit)
    return Gate(keyring, settings.open_paths, rate_limit)


def lone_guards(settings: Settings) -> Guards:
    """Make the guards of a process that shares nothing."""
    return Guards(recorder=Recorder(SharedCounters(1)), gate=gate_of(settings))
