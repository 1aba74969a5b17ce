"""The log: one JSON object a line, on standard error."""

import logging
import sys

import structlog

from service.artifacts.loading import Loading

log = structlog.get_logger()


def log_as_json() -> None:
    """Set the log up for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


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
    for fault in loading.refused:
        log.error("model_refused", model=fault.name, version=fault.version, reason=fault.reason)
