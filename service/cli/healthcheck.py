"""`softmax healthcheck`."""

import ssl
import sys
import urllib.request

import click

ANY_IPV4 = "0.0.0.0"  # noqa: S104 - compared with, never bound
TIMEOUT_S = 3.0


@click.command()
def healthcheck() -> None:
    """Ask the service of this machine whether it is ready; exit code 0 if it is."""
    from service.settings import Settings

    settings = Settings.read()
    host = {ANY_IPV4: "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    address = f"[{host}]" if ":" in host else host
    scheme = "http" if settings.tls_certificate is None else "https"
    url = f"{scheme}://{address}:{settings.port}/readyz"
    # A certificate is for the name that clients use, which is not the one used here.
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing leaves this machine
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=context) as answer:  # noqa: S310 - the scheme is ours
            click.echo(f"ready: {url} answered {answer.status}")
    except OSError as error:  # refused, timed out, or an answer that is not 200
        click.echo(f"not ready: {url}: {error}", err=True)
        sys.exit(1)
