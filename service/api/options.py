"""What a client may ask for beside its rows: options in the body or in the query."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import ErrorDetails, to_json

from service.api.media import Format
from service.errors import Fault, InputError
from service.softmax.arrays import Label
from service.softmax.policies import ArgmaxPolicy, CostPolicy, SetPolicy, ThresholdPolicy

MAX_KEY = 128
"""Characters of a client's own key that a pointer repeats."""

MAX_DIGITS = 9

_KINDS = "argmax, threshold, cost and set"
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _kind(policy: object) -> str:
    """Tell which kind of policy a value is; a text is the name of a published one."""
    if isinstance(policy, str):
        return "name"
    kind = policy.get("type") if isinstance(policy, dict) else getattr(policy, "type", "")
    return str(kind)[:MAX_KEY]


AskedPolicy = Annotated[
    Annotated[str, Field(max_length=64), Tag("name")]
    | Annotated[ArgmaxPolicy, Tag("argmax")]
    | Annotated[ThresholdPolicy, Tag("threshold")]
    | Annotated[CostPolicy, Tag("cost")]
    | Annotated[SetPolicy, Tag("set")],
    Discriminator(_kind),
    Field(description="a policy, or the name of one that is published with the model"),
]
TopK = Annotated[int, Field(ge=1, description="only the most probable classes of each row")]


class Options(BaseModel):
    """What holds for every kind of prediction."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    on_error: Annotated[
        Literal["fail", "reject_rows"],
        Field(description="refuse the whole request for one bad row, or only that row"),
    ] = "fail"

    @property
    def is_isolating(self) -> bool:
        """Whether one bad row leaves the others answered."""
        return self.on_error == "reject_rows"

    @property
    def kept(self) -> frozenset[str] | None:
        """The parts of the answer that are wanted; None for all."""
        fields: tuple[str, ...] | None = getattr(self, "fields", None)
        return None if fields is None else frozenset(fields)

    def wants(self, name: str) -> bool:
        """Whether a part of the answer is wanted."""
        return self.kept is None or name in self.kept

    @classmethod
    def read(cls, body: Mapping[str, Any], query: Mapping[str, str]) -> Self:
        """Read the options of one request.

        Parameters
        ----------
        body : mapping
            What stands beside the rows in a JSON body.
        query : mapping of str to str
            Query parameters.

        Returns
        -------
        Options
            The options.

        Raises
        ------
        InputError
            If one does not fit, or the query contradicts the body.
        """
        asked = cls._validated(body)
        if not query:
            return asked
        given = cls._validated({name: _value(name, text) for name, text in query.items()})
        for name in query.keys() & body.keys():
            if str(getattr(given, name)) != str(getattr(asked, name)):
                _refuse(name, f"expected the same {name!r} in the query as in the body")
        return given.model_copy(update={name: getattr(asked, name) for name in body})

    @classmethod
    def _validated(cls, values: Mapping[str, Any]) -> Self:
        try:
            return cls.model_validate_json(to_json(values))
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False, include_context=False)
            raise InputError(map(_fault, details)) from None


class PredictOptions(Options):
    """The options of ``predict``."""

    fields: tuple[Literal["labels"], ...] | None = None


class ProbaOptions(Options):
    """The options of ``predict_proba``."""

    top_k: TopK | None = None
    fields: tuple[Literal["classes", "probabilities", "labels"], ...] | None = None


class DecideOptions(Options):
    """The options of ``decide``."""

    policy: AskedPolicy = ArgmaxPolicy()
    top_k: TopK | None = None
    fields: (
        tuple[
            Literal[
                "classes",
                "policy",
                "actions",
                "decisions",
                "margins",
                "expected_costs",
                "sets",
                "probabilities",
            ],
            ...,
        ]
        | None
    ) = None


class ExplainOptions(Options):
    """The options of ``explain``."""

    against: Annotated[
        Label | None, Field(description="the class to compare with; the runner-up if left out")
    ] = None
    centred: Annotated[
        bool, Field(description="add what each feature gives each class, beside the mean class")
    ] = False
    fields: tuple[Literal["explanations"], ...] | None = None


NOTHING: dict[type[Options], Options] = {
    kind: kind() for kind in (PredictOptions, ProbaOptions, DecideOptions, ExplainOptions)
}
"""What holds where a client asks for nothing in particular."""


def fitting(options: Options, wanted: Format) -> Options:
    """Hold options against the format of the answer, which may have no room for a trimmed one.

    Parameters
    ----------
    options : Options
        What was asked for.
    wanted : Format
        The format of the answer.

    Returns
    -------
    Options
        The same; of ``.npy``, which holds nothing else, with probabilities as the only part.

    Raises
    ------
    InputError
        If the answer cannot be trimmed so.
    """
    if wanted in (Format.JSON, Format.NDJSON):
        return options
    if getattr(options, "top_k", None) is not None:
        detail = "expected no top_k where answers are tables: a class is a column there"
        _refuse("top_k", detail)
    if wanted is not Format.NPY:
        return options
    if not options.wants("probabilities"):
        _refuse("fields", "expected 'probabilities' among the fields: .npy holds nothing else")
    return options.model_copy(update={"fields": ("probabilities",)})


def _refuse(name: str, detail: str) -> NoReturn:
    raise InputError([Fault(code="invalid_parameter", detail=detail, location=(name,))])


def _value(name: str, text: str) -> object:
    """Give a query parameter the type that JSON would give it."""
    if name == "fields":
        return text.split(",")
    if name == "top_k" and text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text)
    if name == "centred" and text in _BOOLEANS:
        return _BOOLEANS[text]
    return text


def _fault(details: ErrorDetails) -> Fault:
    name, *rest = details["loc"] or ("",)
    if name == "policy":
        rest = rest[1:]  # behind the kind of policy, which is no part of the body
    location = (name, *rest)
    return Fault(
        code="invalid_policy" if name == "policy" else "invalid_parameter",
        detail=_in_our_words(details),
        location=tuple(one[:MAX_KEY] if isinstance(one, str) else one for one in location),
    )


def _in_our_words(details: ErrorDetails) -> str:
    """Say what Pydantic says as the service says everything else."""
    said: str = details["msg"]
    for theirs, ours in _WORDS.items():
        if said.startswith(theirs):
            return ours + said.removeprefix(theirs)
    return _SENTENCES.get(details["type"], said)


_WORDS = {
    "Input should be greater": "expected a number greater",
    "Input should be": "expected",
    "String should have": "expected a text of",
}
_SENTENCES = {
    "missing": "expected a value, got none",
    "extra_forbidden": "expected no option or field of that name",
    "unexpected_keyword_argument": "expected no option or field of that name",
    "union_tag_invalid": f"expected a type out of {_KINDS}",  # theirs would repeat the value
    "union_tag_not_found": f"expected a type out of {_KINDS}",
}
