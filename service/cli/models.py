"""`softmax models`."""

from typing import Any

import click

from service.cli.report import print_json, print_table


@click.group()
def models() -> None:
    """Look at the models of the store, and choose which version answers."""


@models.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(*, as_json: bool) -> None:
    """List models with their versions and the active one."""
    from service.artifacts.catalogue import load_catalogue
    from service.artifacts.store import Store
    from service.settings import Settings

    settings = Settings.read()
    catalogue = load_catalogue(Store(root=settings.models), settings.default_model)
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
    from service.artifacts.store import Store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = Store(root=Settings.read().models)
    name, version = parse_reference(model)
    files = store.read(name, store.active(name) if version is None else version)
    click.echo(files[MANIFEST_FILE].decode("utf-8", "replace"), nl=False)


@models.command()
@click.argument("model")
def verify(model: str) -> None:
    """Check every file of a MODEL as the service would before it answers."""
    from service.artifacts.catalogue import load_version
    from service.artifacts.store import Store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    found = load_version(Store(root=Settings.read().models), *parse_reference(model))
    click.echo(f"{found.name}@{found.version} is sound: {found.artifact.digest}")


@models.command()
@click.argument("model")
def activate(model: str) -> None:
    """Let this version of a MODEL answer when none is asked for; it is verified first."""
    from service.artifacts.catalogue import load_version
    from service.artifacts.store import Store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = Store(root=Settings.read().models)
    found = load_version(store, *parse_reference(model))
    store.activate(found.name, found.version)
    click.echo(f"{found.name}@{found.version} is active")
