"""The data of an operation for the templates: the words of the document, and Python code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.nodes import Document
from openapi_python_client.parser.properties import AnyProperty, EnumProperty, ModelProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.strings import in_double_quote_literal

from scripts.generator.docstrings import deprecation, paragraphs, prose, section
from scripts.generator.facts import python_name
from scripts.generator.properties import (
    UnsupportedError,
    attributes_of,
    consumes,
    identifiers,
    kind_of,
    properties_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openapi_python_client.parser.openapi import Endpoint
    from openapi_python_client.parser.properties.protocol import PropertyProtocol
    from openapi_python_client.parser.responses import Response

SCALARS: Final = (
    *(BooleanProperty, ConstProperty, DateProperty, DateTimeProperty, EnumProperty),
    *(FloatProperty, IntProperty, StringProperty, UuidProperty),
)
"""The kinds of parameter that are one value."""

SEPARATORS: Final = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
"""The separator of the items of an array without `explode`, by its style."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument of `build`."""

    name: str
    parameter: str
    annotation: str
    required: bool
    description: str
    expression: str
    """Python code that sends it: a string for a path, items of a dict for a query or headers."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """An operation as the document has it."""

    route: str
    method: str
    id: str
    node: dict[str, Any]
    parameters: dict[tuple[str, str], dict[str, Any]]
    """Each parameter, by its place and name."""

    @property
    def name(self) -> str:
        """The name of the module that the generator writes for it."""
        return python_name(self.id)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation as the template shows it."""

    id: str
    route: str
    summary: str
    description: str
    provenance: str
    path: list[Argument]
    query: list[Argument]
    headers: list[Argument]
    body: Argument | None
    response: str
    """The model of a successful response, or nothing where none has a body."""

    consumes: bool
    """Whether reading a response changes the arrays of its argument in place."""

    empty: bool
    """Whether a successful response may have no body."""

    @property
    def keywords(self) -> list[Argument]:
        """The arguments of `build` after those of the path, in its order."""
        return [*([self.body] if self.body else []), *self.query, *self.headers]

    @property
    def arguments(self) -> list[Argument]:
        """All arguments of `build`, in its order."""
        return [*self.path, *self.keywords]

    @property
    def build_text(self) -> str:
        """The docstring of `build`."""
        arguments = {each.name: each.description for each in self.arguments}
        raises = {"ValueError": f"{self.path[0].name} is empty, `.` or `..`."} if self.path else {}
        return paragraphs(
            self.summary,
            self.description,
            section("Args", arguments),
            section("Raises", raises),
            f"Spec: {self.id} ({self.provenance}).",
        )

    @property
    def decode_text(self) -> str:
        """The docstring of `decode`."""
        spec = f"Spec: {self.id} ({self.provenance})."
        if not self.response:
            return paragraphs("Read a successful response, which has no body.", spec)
        changed = "; it is changed in place, so do not use it afterwards" if self.consumes else ""
        none = ", or None if there is none" if self.empty else ""
        arguments = {
            "data": f"the body, as a JSON parser returns it{none}{changed}.",
            "strict": "refuse what breaks the document, instead of reading it leniently.",
        }
        raises = {
            "MismatchError": "`strict`, and the response breaks the document. The message names"
            " the place and never a value."
        }
        return paragraphs(
            "Read a successful response.",
            section("Args", arguments),
            section("Raises", raises),
            spec,
        )

    @property
    def path_expression(self) -> str:
        """Python code that makes the path."""
        expressions = {f"{{{each.parameter}}}": each.expression for each in self.path}
        parts = [
            f"{{{expressions[part]}}}" if part in expressions else _in_f_string(part)
            for part in re.split(r"(\{[^{}]*\})", self.route)
        ]
        return ('f"' if self.path else '"') + "".join(parts) + '"'

    @property
    def json_expression(self) -> str:
        """Python code that makes the body."""
        if self.body is None:
            return "None"
        name = self.body.name
        if self.body.required:
            return f"{name}.to_dict()"
        return f"None if isinstance({name}, Unset) else {name}.to_dict()"


def sources(document: dict[str, Any]) -> list[Source]:
    """List the operations of a document.

    Raises:
        UnsupportedError: an operation has no operationId, or that of another.
    """
    found: dict[str, Source] = {}
    for source in _sources(document):
        place = f"{source.method.upper()} {source.route}"
        if not source.id:
            raise UnsupportedError(f"{place} has no operationId; write one")
        twin = found.setdefault(source.name, source)
        if twin is not source:
            raise UnsupportedError(
                f"{place} and {twin.method.upper()} {twin.route} have the same operationId in"
                f" Python, {source.name}; rename one"
            )
    return list(found.values())


def operation_of(endpoint: Endpoint, source: Source) -> Operation:
    """Describe an operation to the template.

    Raises:
        UnsupportedError: the template does not support the operation.
    """
    node = source.node
    properties = [
        *(("path", prop) for prop in endpoint.path_parameters),
        *(("query", prop) for prop in endpoint.query_parameters),
        *(("header", prop) for prop in endpoint.header_parameters),
    ]
    names = _names([(place, _name(prop)) for place, prop in properties], source)
    arguments = dict[str, list[Argument]](path=[], query=[], header=[])
    for place, prop in properties:
        name = names[place, _name(prop)]
        arguments[place].append(_argument(prop, name, place, source))
    response, changed, empty = _response(endpoint, source)
    return Operation(
        id=source.id,
        route=source.route,
        summary=prose(node.get("summary") or source.id).rstrip(".") + ".",
        description=paragraphs(deprecation(node), prose(node.get("description"))),
        provenance=node.get("x-provenance", {}).get("status", "unknown"),
        path=arguments["path"],
        query=arguments["query"],
        headers=arguments["header"],
        body=_body(endpoint, source),
        response=response,
        consumes=changed,
        empty=empty,
    )


def _sources(root: dict[str, Any]) -> Iterator[Source]:
    document = Document(root)
    parameters = document.of("parameter")
    for node in document.of("operation"):
        if len(node.pointer) != 3 or node.pointer[0] != "paths":  # of a webhook or a callback
            continue
        scopes = (node.pointer[:-1], node.pointer)
        found = [[*document.chain(each)][-1] for each in parameters if each.pointer[:-2] in scopes]
        yield Source(
            route=str(node.pointer[1]),
            method=str(node.pointer[2]),
            id=str(node.value.get("operationId", "")),
            node=node.value,
            parameters={
                (str(each.value["in"]), str(each.value["name"])): each.value for each in found
            },
        )


def _names(parameters: list[tuple[str, str]], source: Source) -> dict[tuple[str, str], str]:
    """Name the argument of each parameter; one whose name two places have is named for its own."""
    reserved = {"body"} if "requestBody" in source.node else set[str]()
    wanted = [name for _, name in parameters]
    labels = {
        (place, name): f"{name}_{place}" if wanted.count(name) > 1 else name
        for place, name in parameters
    }
    found = identifiers(list(labels.values()), reserved)
    return {parameter: found[label] for parameter, label in labels.items()}


def _name(prop: PropertyProtocol) -> str:
    return prop.name.get_untrusted_value()


def _argument(prop: PropertyProtocol, name: str, place: str, source: Source) -> Argument:
    parameter = _name(prop)
    node = source.parameters.get((place, parameter), {})
    what = f"{source.method.upper()} {source.route}: the {place} parameter {parameter}"
    annotation = kind_of(prop).annotation
    if isinstance(prop, ListProperty):
        annotation = annotation.replace("list[", "Sequence[", 1)
    said = prose(node.get("description") or node.get("schema", {}).get("description", ""))
    return Argument(
        name=name,
        parameter=parameter,
        annotation=annotation + ("" if prop.required else " | Unset"),
        required=prop.required,
        description=" ".join(filter(None, (deprecation(node), said))),
        expression=_EXPRESSIONS[place](prop, name, node, what),
    )


def _in_path(prop: PropertyProtocol, name: str, node: Mapping[str, Any], what: str) -> str:
    _demand_scalar(prop, node, "simple", what)
    value = name if isinstance(prop, StringProperty) else f"_text('{name}', {name})"
    return f"_path_segment('{name}', {value})"


def _in_headers(prop: PropertyProtocol, name: str, node: Mapping[str, Any], what: str) -> str:
    _demand_scalar(prop, node, "simple", what)
    return f"{_literal(_name(prop).lower())}: {name}"


def _in_query(prop: PropertyProtocol, name: str, node: Mapping[str, Any], what: str) -> str:
    style, literal = node.get("style", "form"), _literal(_name(prop))
    if isinstance(prop, ModelProperty):
        return _deep(prop, name, style, what)
    if not isinstance(prop, ListProperty):
        _demand_scalar(prop, node, "form", what)
        return f"{literal}: {name}"
    if not _is_scalar(prop.inner_property):
        raise UnsupportedError(
            f"{what} must be an array of strings, numbers, booleans or dates; change its items"
        )
    if style not in SEPARATORS:
        styles = ", ".join(SEPARATORS)
        raise UnsupportedError(f"{what} has style {style}; write one of {styles}")
    if node.get("explode", style == "form"):
        return f"{literal}: {name}"
    return f"{literal}: _joined({_literal(name)}, {name}, {_literal(SEPARATORS[style])})"


def _deep(prop: ModelProperty, name: str, style: str, what: str) -> str:
    if style != "deepObject":
        raise UnsupportedError(f"{what} is an object; write `style: deepObject`")
    for name_, each in properties_of(prop).items():
        if not _is_scalar(each.inner_property if isinstance(each, ListProperty) else each):
            raise UnsupportedError(f"{what} has an object in {name_}; leave it out")
    values = f"{name}.to_dict()"
    if not prop.required:
        values = f"{name} if isinstance({name}, Unset) else {values}"
    return f"**_deep_object({_literal(_name(prop))}, {values})"


_EXPRESSIONS: Final = {"path": _in_path, "query": _in_query, "header": _in_headers}


def _demand_scalar(prop: PropertyProtocol, node: Mapping[str, Any], style: str, what: str) -> None:
    if not _is_scalar(prop):
        raise UnsupportedError(
            f"{what} must be a string, number, boolean, date or enum; change its schema"
        )
    if node.get("style", style) != style:
        raise UnsupportedError(f"{what} has style {node['style']}; write `style: {style}`")


def _is_scalar(prop: PropertyProtocol) -> bool:
    if isinstance(prop, UnionProperty):
        return all(map(_is_scalar, prop.inner_properties))
    return isinstance(prop, SCALARS)


def _literal(value: str) -> str:
    return f'"{in_double_quote_literal(value)}"'


def _in_f_string(value: str) -> str:
    return in_double_quote_literal(value).replace("{", "{{").replace("}", "}}")


def _body(endpoint: Endpoint, source: Source) -> Argument | None:
    if not endpoint.bodies:
        return None
    body = endpoint.bodies[0]
    if not isinstance(body.prop, ModelProperty):
        raise UnsupportedError(
            f"{source.method.upper()} {source.route}: the request body must be one object; write"
            " `type: object` with the value as a property"
        )
    return Argument(
        name="body",
        parameter="body",
        annotation=kind_of(body.prop).annotation + ("" if body.prop.required else " | Unset"),
        required=body.prop.required,
        description=prose(source.node["requestBody"].get("description", "")),
        expression="body",
    )


def _response(endpoint: Endpoint, source: Source) -> tuple[str, bool, bool]:
    """Read the model of successful responses, whether it consumes, whether one has no body."""
    place = f"{source.method.upper()} {source.route}"
    found = {
        each.status_code.pattern: _model_of(each, place)
        for each in endpoint.responses.patterns
        if each.status_code.pattern.startswith("2")
    }
    models = {str(each.class_info.name): each for each in found.values() if each}
    if len(models) > 1:
        raise UnsupportedError(
            f"{place}: the successful responses {', '.join(found)} have different schemas,"
            f" {', '.join(models)}; write one schema for all"
        )
    for name, model in models.items():
        return name, consumes(attributes_of(model)), None in found.values()
    return "", False, True


def _model_of(response: Response, place: str) -> ModelProperty | None:
    if isinstance(response.prop, ModelProperty):
        return response.prop
    if isinstance(response.prop, AnyProperty) and not getattr(response.data, "content", None):
        return None
    raise UnsupportedError(
        f"{place}: the body of response {response.status_code.pattern} must be one JSON object;"
        " write `type: object` with the value as a property"
    )
