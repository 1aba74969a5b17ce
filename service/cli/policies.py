"""`softmax models policy`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.report import print_json, print_table
from service.errors import InputError, ServiceError

if TYPE_CHECKING:
    from service.artifacts.artifact import Artifact
    from service.artifacts.catalogue import Published
    from service.artifacts.policies import StoredPolicy
    from service.artifacts.policy_store import PolicyStore
    from service.softmax.decisions import Decider
    from service.softmax.policies import Policy

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def policy() -> None:
    """Keep policies beside a model, so that a request can ask for one by its name."""


@policy.command()
@click.argument("model")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--activate/--no-activate", default=True, help="Let it answer to NAME at once.")
@_AS_JSON
def add(model: str, name: str, file: Path, *, activate: bool, as_json: bool) -> None:
    """Add the policy in FILE to MODEL under the next number of NAME.

    It is validated against MODEL, such as iris or iris@3, first.
    """
    from service.artifacts.policy_files import pack_policy

    store, artifact = _opened(model)
    try:
        content = pack_policy(read_policy(file), artifact)
    except InputError as error:
        raise placed(error, file.name) from None
    number = store.add(name, content, activate=activate)
    _tell(store.model, store.load(name, number), "is added", as_json=as_json)


@policy.command(name="list")
@click.argument("model")
@_AS_JSON
def list_policies(model: str, *, as_json: bool) -> None:
    """List the policies of MODEL with their numbers and the active one."""
    store, _ = _opened(model)
    listing: list[dict[str, Any]] = []
    for name in store.names():
        active = store.active(name)
        found = store.load(name, active)
        row = {"name": name, "versions": store.numbers(name), "active": active}
        listing.append({**row, "type": found.policy.type, "digest": found.digest})
    if as_json:
        print_json(listing)
        return
    rows = [
        (row["name"], row["type"], ", ".join(map(str, row["versions"])), row["active"])
        for row in listing
    ]
    print_table(f"Policies of {store.model}", ("policy", "type", "versions", "active"), rows)


@policy.command()
@click.argument("model")
@click.argument("name")
@_AS_JSON
def show(model: str, name: str, *, as_json: bool) -> None:
    """Print a policy of MODEL, such as strict or strict@2, and whether it fits."""
    store, artifact = _opened(model)
    found = store.load(*_reference(name))
    decider = _bound(found, artifact, store.model)
    content = store.read(found.name, found.number)[0]
    if as_json:
        identity = {"name": found.name, "version": found.number, "digest": found.digest}
        words = {"actions": decider.actions, "guarantee": decider.guarantee}
        print_json({**identity, "classes": found.classes, "policy": found.policy, **words})
        return
    click.echo(content.decode(), nl=False)
    if decider.guarantee:
        click.echo(decider.guarantee, err=True)


@policy.command()
@click.argument("model")
@click.argument("name")
@_AS_JSON
def activate(model: str, name: str, *, as_json: bool) -> None:
    """Let a policy of MODEL, such as strict@2, answer to its name; it is verified first."""
    store, artifact = _opened(model)
    found = store.load(*_numbered(name))
    _bound(found, artifact, store.model)
    store.activate(found.name, found.number)
    _tell(store.model, found, "is active", as_json=as_json)


@policy.command()
@click.argument("model")
@click.argument("name")
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A private key that keygen made.",
)
@_AS_JSON
def sign(model: str, name: str, key: Path, *, as_json: bool) -> None:
    """Vouch for a policy of MODEL, such as strict or strict@2, which is verified first."""
    from service.artifacts.policy_files import signed_name
    from service.artifacts.signing import sign_manifest

    store, _ = _opened(model)
    found = store.load(*_reference(name))
    content, _, earlier = store.read(found.name, found.number)
    line = sign_manifest(signed_name(store.model, found.name), content, key.read_bytes())
    if line not in (earlier or b""):
        store.attach_signature(found.name, found.number, (earlier or b"") + line)
    _tell(store.model, found, "is signed", as_json=as_json)


def read_policy(file: Path) -> "Policy":
    """Read a policy from a JSON file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    Policy
        The policy.
    """
    from service.artifacts.policy_files import parse_policy

    try:
        return parse_policy(file.read_bytes())
    except OSError as error:
        msg = f"{file}: {error.strerror}"
        raise ServiceError(msg) from error


def asked_decider(root: Path, published: "Published", policy: str | None) -> "Decider":
    """Bind the policy that an option names to a model.

    Parameters
    ----------
    root : Path
        The store.
    published : Published
        The model.
    policy : str or None
        A policy of the model by its name, perhaps with a number, or a JSON file; None for
        the most probable class.

    Returns
    -------
    Decider
        What decides.
    """
    from service.artifacts.policies import fit_policy
    from service.artifacts.policy_reader import PolicyReader
    from service.softmax.policies import ArgmaxPolicy

    artifact = published.artifact
    if policy is None:
        return fit_policy(ArgmaxPolicy(), artifact)
    try:
        if Path(policy).suffix == ".json":
            return fit_policy(read_policy(Path(policy)), artifact)
        reader = PolicyReader(root=root, model=published.name)
        return reader.load(*_reference(policy)).decider(artifact)
    except InputError as error:
        raise placed(error, policy) from None


def placed(error: InputError, what: str) -> ServiceError:
    """Say in one line what is wrong with a policy, and where.

    Parameters
    ----------
    error : InputError
        What was found.
    what : str
        Which policy.

    Returns
    -------
    ServiceError
        To be raised.
    """
    first, *more = error.faults
    where = f" at {first.pointer.removeprefix('/policy')}" if first.pointer != "/policy" else ""
    rest = f" (and {len(more)} more)" if more else ""
    return ServiceError(f"{what}: {first.detail}{where}{rest}")


def _opened(model: str) -> "tuple[PolicyStore, Artifact]":
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_policies, open_store
    from service.cli.reference import parse_reference
    from service.settings import Settings

    store = open_store(Settings.read())
    found = load_version(store, *parse_reference(model))
    return open_policies(store, found.name), found.artifact


def _bound(found: "StoredPolicy", artifact: "Artifact", model: str) -> "Decider":
    try:
        return found.decider(artifact)
    except InputError as error:
        raise placed(error, f"{model}/{found.name}@{found.number}") from None


def _reference(name: str) -> tuple[str, int | None]:
    from service.cli.reference import parse_reference

    return parse_reference(name)


def _numbered(name: str) -> tuple[str, int]:
    found, number = _reference(name)
    if number is None:
        msg = f"expected a version to activate, such as {name}@1"
        raise click.UsageError(msg)
    return found, number


def _tell(model: str, found: "StoredPolicy", what: str, *, as_json: bool) -> None:
    if as_json:
        identity = {"name": found.name, "version": found.number, "digest": found.digest}
        print_json({"model": model, "policy": identity})
        return
    click.echo(f"{model}: policy {found.name}@{found.number} {what} {found.digest}")
