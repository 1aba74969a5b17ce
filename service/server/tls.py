"""TLS: the certificate, if one is set."""

import ssl

from service.errors import SettingsError
from service.settings import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Read the certificate and its key.

    Parameters
    ----------
    settings : Settings
        Where they are.

    Returns
    -------
    ssl.SSLContext or None
        None if connections are not encrypted here.

    Raises
    ------
    SettingsError
        If a file cannot be read, or the two do not belong together.
    """
    if settings.tls_certificate is None:
        if settings.tls_key is not None:
            msg = "SOFTMAX_TLS_KEY: expected SOFTMAX_TLS_CERTIFICATE with it"
            raise SettingsError(msg)
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A password would be asked for on a terminal that a service does not have.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except OSError as error:  # which ssl.SSLError is, too
        reason = getattr(error, "reason", None) or error.strerror or "no PEM file"
        msg = f"SOFTMAX_TLS_CERTIFICATE: the certificate or its key cannot be used: {reason}"
        raise SettingsError(msg) from error
    return context
