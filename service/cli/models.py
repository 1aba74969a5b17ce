"""`softmax models`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.exchange import export_model, import_model
from service.cli.policies import policy
from service.cli.report import print_json, print_table
from service.errors import ServiceError

if TYPE_CHECKING:
    from service.artifacts.catalogue import Published
    from service.artifacts.store import Store
    from service.settings import Settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def models() -> None:
    """Look at the models of the store, and choose which version answers."""


for _command in (import_model, export_model, policy):
    models.add_command(_command)


@models.command(name="list")
@json_option
def list_models(*, as_json: bool) -> None:
    """List models with their versions and the active one."""
    from service.artifacts.loading import load_catalogue
    from service.settings import Settings

    settings = Settings.read()
    catalogue = load_catalogue(_store(settings), settings.default_model).catalogue
    listing: list[dict[str, Any]] = [
        {
            "name": name,
            "versions": sorted(entry.versions),
            "active": entry.active,
            "is_ready": entry.is_ready,
            "is_default": name == catalogue.default,
        }
        for name, entry in catalogue.models.items()
    ]
    if as_json:
        print_json(listing)
        return
    rows = [
        (
            row["name"] + (" (default)" if row["is_default"] else ""),
            _numbers(row["versions"]),
            row["active"] or "none",
            "yes" if row["is_ready"] else "no",
        )
        for row in listing
    ]
    print_table(f"Models in {settings.models}", ("model", "versions", "active", "ready"), rows)


@models.command()
@click.argument("model")
@click.option("--json", is_flag=True, expose_value=False, help="Change nothing: it is JSON.")
def show(model: str) -> None:
    """Print the manifest of a MODEL, such as iris or iris@3."""
    from service.artifacts.artifact import MANIFEST_FILE
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = _store(Settings.read())
    name, version = parse_reference(model)
    files = store.read(name, store.active(name) if version is None else version)
    click.echo(files[MANIFEST_FILE].decode("utf-8", "replace"), nl=False)


@models.command()
@click.argument("model")
@json_option
def verify(model: str, *, as_json: bool) -> None:
    """Check every file of a MODEL as the service would before it answers."""
    from service.settings import Settings

    settings = Settings.read()
    found = _verified(_store(settings), model, settings)
    if as_json:
        print_json(_identity(found))
        return
    click.echo(f"{found.name}@{found.version} is sound: {found.artifact.digest}")


@models.command()
@click.argument("model")
@json_option
def activate(model: str, *, as_json: bool) -> None:
    """Let this version of a MODEL answer when none is asked for; it is verified first."""
    from service.settings import Settings

    settings = Settings.read()
    store = _store(settings)
    found = _verified(store, model, settings)
    store.activate(found.name, found.version)
    if as_json:
        print_json(_identity(found))
        return
    click.echo(f"{found.name}@{found.version} is active")


@models.command()
@click.argument("model")
@json_option
def delete(model: str, *, as_json: bool) -> None:
    """Delete a version, such as iris@3; its number is not given again."""
    from service.cli.reference import parse_reference
    from service.settings import Settings

    name, version = parse_reference(model)
    if version is None:
        msg = f"expected a version to delete, such as {name}@1"
        raise click.UsageError(msg)
    _store(Settings.read()).delete(name, version)
    if as_json:
        print_json({"name": name, "deleted": [version]})
        return
    click.echo(f"{name}@{version} is deleted")


@models.command()
@click.argument("name")
@click.option(
    "--keep",
    required=True,
    type=click.IntRange(min=1),
    help="How many of the newest versions stay, besides the active one.",
)
@json_option
def prune(name: str, keep: int, *, as_json: bool) -> None:
    """Delete old versions of the model NAME, never the active one."""
    from service.settings import Settings

    store = _store(Settings.read())
    deleted = store.prune(name, keep)
    kept = store.versions(name)
    if as_json:
        print_json({"name": name, "deleted": deleted, "kept": kept})
        return
    click.echo(f"{name}: deleted {_numbers(deleted)}, kept {_numbers(kept)}")


@models.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def keygen(out: Path, *, as_json: bool) -> None:
    """Make a key pair: OUT signs models, OUT.pub is for SOFTMAX_TRUSTED_KEYS."""
    from service.artifacts.signing import generate_key_pair
    from service.cli.files import write_whole

    public = out.with_name(f"{out.name}.pub")
    if out.exists() or public.exists():
        msg = f"{out} is there already: a key is not overwritten"
        raise ServiceError(msg)
    pair = generate_key_pair()
    write_whole(out, pair.private_pem, mode=0o600)
    write_whole(public, pair.public_pem)
    if as_json:
        print_json({"signs": str(out), "is_to_be_trusted": str(public)})
        return
    click.echo(f"{out} signs, {public} is to be trusted")


@models.command()
@click.argument("model")
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A private key that keygen made.",
)
@json_option
def sign(model: str, key: Path, *, as_json: bool) -> None:
    """Vouch for a MODEL, whose files are verified first."""
    from service.artifacts.artifact import MANIFEST_FILE
    from service.artifacts.signing import SIGNATURE_FILE, sign_manifest
    from service.settings import Settings

    store = _store(Settings.read())
    found = _verified(store, model, None)
    line = sign_manifest(found.name, found.files[MANIFEST_FILE], key.read_bytes())
    earlier = found.files.get(SIGNATURE_FILE, b"")
    if line not in earlier:
        store.attach(found.name, found.version, SIGNATURE_FILE, earlier + line)
    if as_json:
        print_json(_identity(found))
        return
    click.echo(f"{found.name}@{found.version} is signed by {key}")


def _store(settings: "Settings") -> "Store":
    """Open the store, and say so where everybody may write into it."""
    from service.artifacts.opening import open_store
    from service.artifacts.permissions import writable_by_all

    store = open_store(settings)
    if places := writable_by_all(store):
        more = f" and {len(places) - 1} more" if places[1:] else ""
        click.echo(
            f"softmax: warning: anybody on this machine may change {places[0]}{more} of"
            f" {settings.models}, and so what is answered: chmod -R o-w takes that right away",
            err=True,
        )
    return store


def _verified(store: "Store", model: str, settings: "Settings | None") -> "Published":
    """Verify a model; with settings, against the keys that they trust."""
    from service.artifacts.loading import load_version
    from service.artifacts.signing import read_trusted_keys
    from service.cli.reference import parse_reference

    keys = settings.trusted_keys if settings else None
    trusted = read_trusted_keys(keys) if keys else None
    return load_version(store, *parse_reference(model), trusted=trusted)


def _identity(found: "Published") -> dict[str, str | int]:
    return {"name": found.name, "version": found.version, "digest": found.artifact.digest}


def _numbers(versions: list[int]) -> str:
    """Give version numbers as text.

    Examples
    --------
    >>> _numbers([1, 2])
    '1, 2'
    >>> _numbers([])
    'none'
    """
    return ", ".join(map(str, versions)) or "none"
