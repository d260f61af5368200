"""Whether the text of a query parameter or a header is a value of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import jsonschema_rs

from ._document import Json
from ._operations import RESOURCE_OF, Operation, Parameter
from ._schemas import kinds

INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
BOOLEANS = {"true": True, "false": False}
# Strings that some reader takes for a boolean.
LOOSE = frozenset(("", "0", "1", "f", "n", "no", "off", "on", "t", "y", "yes", *BOOLEANS))


def in_header(text: str) -> bool:
    """Whether a header carries a string unchanged: no control characters, no spaces at its ends."""
    return text.isprintable() and text == text.strip()


def fits(parameter: Parameter, texts: Sequence[str]) -> bool | None:
    """Whether texts are a value of a parameter; None if a server may read them either way."""
    if not parameter.plain or "object" in kinds(parameter.schema):
        return True
    if "array" in kinds(parameter.schema):
        items = texts if parameter.explode else [part for text in texts for part in text.split(",")]
        inner = parameter.schema.get("items", {})
        read = [next(iter(values(inner, text)), text) for text in items]
        return valid(parameter, read) or (None if "" in items else False)
    fit = any(valid(parameter, value) for value in values(parameter.schema, texts[-1]))
    if fit and len(texts) == 1:
        return True
    loosely = any(valid(parameter, value) for value in loose(texts[-1]))
    return None if loosely or len(texts) > 1 else False


def values(schema: Json, text: str) -> Iterator[Any]:
    """Yield the values of a string, by the types that a schema allows."""
    told = kinds(schema)
    if told & {"integer", "number"} and INTEGER.fullmatch(text) and len(text) < 300:
        yield int(text)
    elif "number" in told and NUMBER.fullmatch(text):
        yield float(text)
    if "boolean" in told and text in BOOLEANS:
        yield BOOLEANS[text]
    if "string" in told or not told:
        yield text


def loose(text: str) -> Iterator[Any]:
    """Yield what a lenient reader may make of a text."""
    plain = text.strip()
    yield plain
    # In a query, a plus sign is a space.
    yield text.replace(" ", "+")
    if plain.lower() in LOOSE:
        yield from (True, False)
    try:
        number = float(plain.replace("_", ""))
    except ValueError:
        return
    yield number
    if number.is_integer():
        yield int(number)


def valid(parameter: Parameter, value: Any) -> bool:
    return validator(parameter).is_valid(value)


@cache
def validator(parameter: Parameter) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(parameter.schema, validate_formats=True)


def unfit(
    operation: Operation, query: Sequence[tuple[str, str]], headers: Sequence[tuple[str, str]]
) -> Iterator[tuple[Parameter, bool]]:
    """Yield the parameters of a request that do not fit, each with whether that is sure."""
    for parameter in operation.free:
        where = query if parameter.where == "query" else headers
        texts = [text for name, text in where if parameter.is_named(name)]
        fit = fits(parameter, texts) if texts else not parameter.required
        if fit is not True:
            yield parameter, fit is False


def unfit_in_path(operation: Operation, path: Mapping[str, str]) -> Iterator[Parameter]:
    """Yield the path parameters that do not fit, but for those that name a resource."""
    for parameter in operation.parameters:
        own = parameter.where == "path" and parameter.name not in RESOURCE_OF
        if own and fits(parameter, [path[parameter.name]]) is not True:
            yield parameter
