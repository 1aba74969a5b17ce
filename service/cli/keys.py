"""`softmax keys`."""

from pathlib import Path

import click

from service.cli.report import print_json, print_table

file_option = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    help="File of keys.  [default: SOFTMAX_KEYS]",
)


@click.group()
def keys() -> None:
    """Make keys for the clients of a service, and see which there are."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["predict", "admin"]),
    default=("predict",),
    help="What the key is for; may be given twice.",
)
@file_option
def add(name: str, scopes: tuple[str, ...], path: Path | None) -> None:
    """Make a key for NAME and print it, this once; the file of keys gets its SHA-256 only.

    A service that runs lets it in within a second or so. The key before it keeps its line,
    and works, until it is removed.
    """
    import secrets
    from hashlib import sha256

    from service.api.keys import Key, parse_keys
    from service.errors import SettingsError

    place = _place(path)
    secret = f"softmax_{secrets.token_urlsafe(32)}"
    key = Key(name=name, scopes=frozenset(scopes), digest=sha256(secret.encode()).digest())
    text = _read(place)
    if name in {known.name for known in parse_keys(text)}:
        msg = f"{place} has a key named {name!r}; a successor needs a name of its own"
        raise SettingsError(msg)
    _write(place, [*text.splitlines(), key.line])
    click.echo(secret)


@keys.command()
@click.argument("name")
@file_option
def remove(name: str, path: Path | None) -> None:
    """Remove the key of NAME; a service that runs stops letting it in."""
    from service.api.keys import parse_keys
    from service.errors import SettingsError

    place = _place(path)
    text = _read(place)
    kept = [line for line in text.splitlines() if line.split()[:1] != [name]]
    if name not in {known.name for known in parse_keys(text)}:
        msg = f"{place} has no key named {name!r}"
        raise SettingsError(msg)
    _write(place, kept)
    click.echo(f"{name} is removed")


@keys.command(name="list")
@file_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(path: Path | None, *, as_json: bool) -> None:
    """List the names of keys and what they are for."""
    from service.api.keys import Keyring

    place = _place(path, may_be_folder=True)
    known = Keyring(place).keys
    if as_json:
        print_json([{"name": key.name, "scopes": sorted(key.scopes)} for key in known])
        return
    rows = [(key.name, ", ".join(sorted(key.scopes))) for key in known]
    print_table(f"Keys in {place}", ("name", "scopes"), rows)


def _place(path: Path | None, *, may_be_folder: bool = False) -> Path:
    from service.errors import SettingsError
    from service.settings import Settings

    place = path or Settings.read().keys
    if place is None:
        msg = "expected a file of keys: --file, or SOFTMAX_KEYS"
        raise SettingsError(msg)
    if place.is_dir() and not may_be_folder:
        msg = f"{place} is a folder: --file names the file in it"
        raise SettingsError(msg)
    return place


def _read(place: Path) -> str:
    from service.errors import SettingsError

    try:
        return place.read_text() if place.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{place} cannot be read: {getattr(error, 'strerror', 'expected text in UTF-8')}"
        raise SettingsError(msg) from None


def _write(place: Path, lines: list[str]) -> None:
    from service.artifacts.atomic import replace_file
    from service.errors import SettingsError

    try:
        replace_file(place, "".join(f"{line}\n" for line in lines).encode(), 0o600)
    except OSError as error:
        msg = f"{place} cannot be written: {error.strerror}"
        raise SettingsError(msg) from None
