"""`softmax models`."""

from pathlib import Path
from typing import Any

import click

from service.cli.report import print_json, print_table
from service.errors import ServiceError


@click.group()
def models() -> None:
    """Look at the models of the store, and choose which version answers."""


@models.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(*, as_json: bool) -> None:
    """List models with their versions and the active one."""
    from service.artifacts.loading import load_catalogue
    from service.artifacts.opening import open_store
    from service.settings import Settings

    settings = Settings.read()
    catalogue = load_catalogue(open_store(settings), settings.default_model).catalogue
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
            ", ".join(map(str, row["versions"])),
            row["active"] or "none",
            "yes" if row["is_ready"] else "no",
        )
        for row in listing
    ]
    print_table(f"Models in {settings.models}", ("model", "versions", "active", "ready"), rows)


@models.command()
@click.argument("model")
def show(model: str) -> None:
    """Print the manifest of a MODEL, such as iris or iris@3."""
    from service.artifacts.artifact import MANIFEST_FILE
    from service.artifacts.opening import open_store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = open_store(Settings.read())
    name, version = parse_reference(model)
    files = store.read(name, store.active(name) if version is None else version)
    click.echo(files[MANIFEST_FILE].decode("utf-8", "replace"), nl=False)


@models.command()
@click.argument("model")
def delete(model: str) -> None:
    """Delete a version, such as iris@3; its number is not given again."""
    from service.artifacts.opening import open_store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    name, version = parse_reference(model)
    if version is None:
        msg = f"expected a version to delete, such as {name}@1"
        raise click.UsageError(msg)
    open_store(Settings.read()).delete(name, version)
    click.echo(f"{name}@{version} is deleted")


@models.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def keygen(out: Path) -> None:
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
    click.echo(f"{out} signs, {public} is to be trusted")


@models.command()
@click.argument("model")
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A private key that keygen made.",
)
def sign(model: str, key: Path) -> None:
    """Vouch for a MODEL, whose files are verified first."""
    from service.artifacts.artifact import MANIFEST_FILE
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.artifacts.signing import SIGNATURE_FILE, sign_manifest
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = open_store(Settings.read())
    found = load_version(store, *parse_reference(model))
    line = sign_manifest(found.name, found.files[MANIFEST_FILE], key.read_bytes())
    earlier = found.files.get(SIGNATURE_FILE, b"")
    if line not in earlier:
        store.attach(found.name, found.version, SIGNATURE_FILE, earlier + line)
    click.echo(f"{found.name}@{found.version} is signed by {key}")


@models.command()
@click.argument("model")
def verify(model: str) -> None:
    """Check every file of a MODEL as the service would before it answers."""
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.artifacts.signing import read_trusted_keys
    from service.cli.reference import parse_reference
    from service.settings import Settings

    settings = Settings.read()
    keys = settings.trusted_keys
    found = load_version(
        open_store(settings),
        *parse_reference(model),
        trusted=None if keys is None else read_trusted_keys(keys),
    )
    click.echo(f"{found.name}@{found.version} is sound: {found.artifact.digest}")


@models.command()
@click.argument("model")
def activate(model: str) -> None:
    """Let this version of a MODEL answer when none is asked for; it is verified first."""
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = open_store(Settings.read())
    found = load_version(store, *parse_reference(model))
    store.activate(found.name, found.version)
    click.echo(f"{found.name}@{found.version} is active")
