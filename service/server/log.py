"""The log: one JSON object a line, on standard error."""

import logging

import structlog

from service.api.keys import Keyring
from service.artifacts.loading import Loading
from service.server.lines import LineWriter

STANDARD_ERROR = 2

log = structlog.get_logger()


class _Lines:
    """What structlog writes to."""

    def __init__(self, writer: LineWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = writer.write


class _Libraries(logging.Handler):
    """Turns what libraries log into lines like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record.

        Parameters
        ----------
        record : LogRecord
            The record.
        """
        log.log(
            record.levelno,
            "library_message",
            logger=record.name,
            message=record.getMessage(),
            exc_info=record.exc_info,
        )


def log_as_json() -> LineWriter:
    """Set the log up for this process and those that it forks.

    Returns
    -------
    LineWriter
        Where the lines go.
    """
    writer = LineWriter(
        STANDARD_ERROR, lambda n_lines: log.warning("log_lines_dropped", lines=n_lines)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        logger_factory=lambda *_: _Lines(writer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    return writer


def took_up_keys(keyring: Keyring) -> bool:
    """Take up the keys of clients that have changed, and tell of it.

    Parameters
    ----------
    keyring : Keyring
        The keys.

    Returns
    -------
    bool
        Whether they have changed.
    """
    outcome = keyring.look_again()
    if outcome == "changed":
        log.info("keys_changed", names=[key.name for key in keyring.keys])
    elif outcome == "refused":
        log.error("keys_refused", reason=keyring.fault)
    return outcome == "changed"


def log_loading(loading: Loading) -> None:
    """Tell what a look at the store has changed.

    Parameters
    ----------
    loading : Loading
        What became of it.
    """
    for one in loading.loaded:
        log.info("model_loaded", model=one.name, version=one.version, digest=one.artifact.digest)
    for one in loading.activated:
        log.info("model_activated", model=one.name, version=one.version)
    for model, policy in loading.policies:
        log.info("policy_loaded", model=model, policy=policy.name, version=policy.number)
    if loading.refused and loading.catalogue.fault:  # one reason, however many models
        log.error("reload_failed", reason=loading.catalogue.fault)
        return
    for fault in loading.refused:
        log.error("model_refused", model=fault.name, version=fault.version, reason=fault.reason)
