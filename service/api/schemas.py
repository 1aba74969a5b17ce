"""What OpenAPI says of predictions: of any model, or of one model and its features."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.api.answer_schemas import ANSWERS, Problem, answer_headers
from service.api.media import Format
from service.api.options import Options
from service.api.problems import MEDIA_TYPE
from service.api.tasks import TASKS, Task
from service.softmax.contract import CategoricalFeature, Cell, Feature, FeatureContract

Schema = dict[str, Any]

_CELL: Schema = {"type": ["number", "string", "boolean", "null"]}
_EXAMPLE = [0.4, -1.9]


def _documented(task: Task) -> dict[str, Any]:
    return {
        "responses": {
            200: {
                "model": ANSWERS[task.name],
                "description": "The answer, in row order.",
                "headers": answer_headers(task),
            },
            "default": {
                "description": "A problem.",
                "content": {MEDIA_TYPE: {"schema": inlined(Problem.model_json_schema())}},
            },
        },
        "openapi_extra": {
            "requestBody": request_body(task),
            "parameters": _parameters(task.options),
        },
    }


def request_body(
    task: Task, contract: FeatureContract | None = None, row: Sequence[Cell] | None = None
) -> Schema:
    """Describe the body of a request.

    Parameters
    ----------
    task : Task
        What is asked.
    contract : FeatureContract, optional
        The features of the model; by default those of any model.
    row : sequence, optional
        One row that the model answers.

    Returns
    -------
    dict
        OpenAPI's request body, by media type.
    """
    options = inlined(task.options.model_json_schema())["properties"]
    bound: Schema = {"minItems": 1}
    if task.most_rows is not None:
        bound["maxItems"] = task.most_rows
    list_row: Schema = {"type": "array", "items": _CELL}
    object_row: Schema = {"type": "object", "additionalProperties": _CELL}
    columns: Schema = {"type": "object", "additionalProperties": list_row | bound}
    if contract is not None:
        cells = {feature.name: _cell(feature) for feature in contract.features}
        width = len(cells)
        list_row = {
            "type": "array",
            "prefixItems": list(cells.values()),
            "minItems": width,
            "maxItems": width,
        }
        object_row = _closed(cells)
        lists = {name: {"type": "array", "items": cell} for name, cell in cells.items()}
        columns = _closed({name: column | bound for name, column in lists.items()})
    rows = {
        "instances": {
            "description": "Rows: lists in the order of the features, or objects by name.",
            "type": "array",
            "items": {"anyOf": [list_row, object_row]},
        }
        | bound,
        "columns": {"description": "For each feature the list of its values."} | columns,
    }
    schema: Schema = {
        "oneOf": [
            {
                "type": "object",
                "properties": {name: rows[name], **options},
                "required": [name],
                "additionalProperties": False,
            }
            for name in rows
        ]
    }
    text: Schema = {"schema": {"type": "string"}}
    content: Schema = {Format.JSON.value: {"schema": schema}}
    content |= {one.value: text for one in (Format.NDJSON, Format.CSV)}
    content |= {one.value: {} for one in (Format.ARROW, Format.NPY)}
    content[Format.JSON.value]["example"] = {"instances": [_EXAMPLE if row is None else row]}
    return {"required": True, "content": content}


def inlined(schema: Schema) -> Schema:
    """Put the parts of a JSON schema in the places that refer to them.

    Parameters
    ----------
    schema : dict
        A schema with its parts under ``$defs``; none refers to itself.

    Returns
    -------
    dict
        The same without references.
    """
    parts = schema.get("$defs", {})

    def follow(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return follow(parts[node["$ref"].rsplit("/", 1)[1]])
            return {
                key: follow(value)
                for key, value in node.items()
                if key not in ("$defs", "discriminator")
            }
        return [follow(one) for one in node] if isinstance(node, list) else node

    found: Schema = follow(schema)
    return found


def _parameters(options: type[Options]) -> list[Schema]:
    """Describe the options as query parameters, for bodies that have no room for them."""
    kinds: dict[str, Schema] = {
        "on_error": {"type": "string", "enum": ["fail", "reject_rows"]},
        "top_k": {"type": "integer", "minimum": 1},
        "policy": {"type": "string", "description": "the name of a published policy"},
        "against": {"type": "string", "description": "the text of a class"},
        "centred": {"type": "boolean"},
    }
    if "fields" in options.model_fields:
        kinds["fields"] = _names_in_a_row(options)
    return [
        {"name": name, "in": "query", "required": False, "schema": kinds[name]}
        for name in options.model_fields
    ]


def _names_in_a_row(options: type[Options]) -> Schema:
    """Describe the names of parts of the answer, with commas between them."""
    choices = inlined(options.model_json_schema())["properties"]["fields"]["anyOf"][0]["items"]
    one = "|".join(choices.get("enum", [choices.get("const")]))
    return {
        "type": "string",
        "pattern": f"^({one})(,({one}))*$",
        "description": "names with commas between them",
    }


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _cell(feature: Feature) -> Schema:
    may_lack = feature.fill is not None
    if isinstance(feature, CategoricalFeature):
        may_lack |= None in feature.codes
        levels = [level for level in feature.categories if level is not None]
        kind = {str: "string", int: "integer", bool: "boolean"}[feature.level_type]
        cell: Schema = {"type": [kind, "null"] if may_lack else kind}
        if feature.unknown == "error":
            cell["enum"] = [*levels, None] if may_lack else levels
        return cell
    return {
        "type": ["number", "null"] if may_lack else "number",
        "description": f"in training from {feature.low:g} to {feature.high:g}",
    }


DOCUMENTED: Mapping[str, dict[str, Any]] = {name: _documented(task) for name, task in TASKS.items()}
"""What the route of each task says of itself."""
