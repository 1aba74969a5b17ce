"""The table that a source names, read as a recipe says."""

from service.tables.files import ReadOptions, read_table
from service.tables.table import Table
from service.training.embedded import EMBEDDED, DemoOptions, demo_table, embedded_table
from service.training.recipe import Recipe


def source_table(source: str, recipe: Recipe) -> Table:
    """Give the table that a source names.

    Parameters
    ----------
    source : str
        A file, a glob, or the name of an embedded set.
    recipe : Recipe
        How to read it, and for the demo how to make it.

    Returns
    -------
    Table
        Labelled rows.

    Raises
    ------
    TableError
        If a file cannot be read.
    TrainingError
        If the demo cannot be made.
    """
    if source == "demo":
        return demo_table(DemoOptions(**(recipe.demo or {})), recipe.random_state)
    if source in EMBEDDED:
        return embedded_table(source)
    weights = () if recipe.sample_weight is None else (recipe.sample_weight,)
    options = ReadOptions(
        numeric=(*recipe.numeric, *weights),
        categorical=(*recipe.categorical, recipe.target),
        delimiter=recipe.delimiter,
        encoding=recipe.encoding,
    )
    return read_table(source, options)
