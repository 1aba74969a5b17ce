"""`softmax regions`."""

from pathlib import Path

import click

from service.cli.files import write_whole


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("model")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def regions(model: str, out: Path, options: tuple[str, ...]) -> None:
    """Draw the decision regions of MODEL into OUT, a .png, .svg or .geojson file.

    Options are the parameters of the URL, such as --width 900 --theme dark --at.age 40;
    --policy may name a JSON file too.
    """
    from service.api.pictures import PAINTERS, picture_of
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.cli.policies import asked_decider
    from service.cli.reference import parse_reference
    from service.regions import PictureOptions
    from service.settings import Settings

    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in PAINTERS:
        msg = f"OUT must end in {', '.join(f'.{known}' for known in PAINTERS)}"
        raise click.UsageError(msg)
    texts = _parameters(options)
    policy = texts.get("policy")
    if policy is not None:  # here it may be a file too
        texts["policy"] = Path(policy).name
    parameters = PictureOptions.from_texts(texts)
    store = open_store(Settings.read())
    published = load_version(store, *parse_reference(model))
    decider = None if policy is None else asked_decider(store.root, published, policy)
    picture = picture_of(published, parameters, decider)
    _, painter, _ = PAINTERS[suffix]
    write_whole(out, painter(picture))
    for line in picture.lacks if suffix == "png" else ():
        click.echo(line, err=True)
    click.echo(f"{published.name}@{published.version} is drawn in {out}")


def _parameters(options: tuple[str, ...]) -> dict[str, str]:
    """Read ``--name value`` and ``--name=value``.

    Examples
    --------
    >>> _parameters(("--width", "300", "--theme=dark"))
    {'width': '300', 'theme': 'dark'}
    """
    parameters: dict[str, str] = {}
    rest = list(options)
    while rest:
        flag, equals, text = rest.pop(0).partition("=")
        if not flag.startswith("--") or not (equals or rest):
            msg = f"expected --name value, got {flag}"
            raise click.UsageError(msg)
        parameters[flag.removeprefix("--")] = text if equals else rest.pop(0)
    return parameters
