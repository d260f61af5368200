"""The data of an operation for the templates: the words of the document, and how it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.nodes import operations_of
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

from scripts.generator.docstrings import deprecation, paragraphs, prose
from scripts.generator.facts import python_name, semantics
from scripts.generator.methods import OPTIONS, WALK_ARGUMENTS
from scripts.generator.properties import (
    UnsupportedError,
    attributes_of,
    consumes,
    identifiers,
    kind_of,
    properties_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heidi_spec_tools.nodes import Operation as Source
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
    """A parameter, as an argument of the client's method."""

    name: str
    parameter: str
    """Its name in the document."""

    sent_as: str
    prop: PropertyProtocol
    required: bool
    description: str
    separator: str
    """Between the items of an array that is one value of the query."""

    @property
    def shape(self) -> str:
        """Python code for what it may be."""
        return kind_of(self.prop).shape


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation as the template shows it."""

    id: str
    route: str
    summary: str
    description: str
    provenance: str
    arguments: dict[str, list[Argument]]
    """Those of `path`, `query` and `headers`."""

    body: ModelProperty | None
    response: str
    """The model of a successful response, or nothing where none has a body."""

    consumes: bool
    """Whether reading a response changes the arrays of its argument in place."""

    empty: bool
    """Whether a successful response may have no body."""


def sources(document: dict[str, Any]) -> dict[str, Source]:
    """Return the operations of a document by the name of the module that is written for each.

    Raises:
        UnsupportedError: an operation has no operationId, or that of another.
    """
    found: dict[str, Source] = {}
    for source in operations_of(document):
        if not source.value.get("operationId"):
            raise UnsupportedError(f"{source.request} has no operationId; write one")
        name = python_name(source.id)
        twin = found.setdefault(name, source)
        if twin is not source:
            raise UnsupportedError(
                f"{source.request} and {twin.request} have the same operationId in"
                f" Python, {name}; rename one"
            )
    return found


def operation_of(endpoint: Endpoint, source: Source) -> Operation:
    """Describe an operation to the template.

    Raises:
        UnsupportedError: the template does not support the operation.
    """
    node, body = source.value, _body(endpoint, source)
    places = {
        "path": endpoint.path_parameters,
        "query": endpoint.query_parameters,
        "headers": endpoint.header_parameters,
    }
    names = _names({place: [*map(_name, props)] for place, props in places.items()}, source, body)
    response, changed, empty = _response(endpoint, source)
    return Operation(
        id=source.id,
        route=source.path,
        summary=prose(node.get("summary") or source.id).rstrip(".") + ".",
        description=paragraphs(deprecation(node), prose(node.get("description"))),
        provenance=node.get("x-provenance", {}).get("status", "unknown"),
        arguments={
            place: [_argument(prop, names[place, _name(prop)], place, source) for prop in props]
            for place, props in places.items()
        },
        body=body,
        response=response,
        consumes=changed,
        empty=empty,
    )


def _names(
    places: Mapping[str, Sequence[str]], source: Source, body: ModelProperty | None
) -> dict[tuple[str, str], str]:
    """Name the argument of each parameter; one whose name two places have is named for its own."""
    reserved = {"self", *OPTIONS, *(each.name for each in (attributes_of(body) if body else ()))}
    if "page" in semantics(source.value):
        reserved |= {*WALK_ARGUMENTS}
    wanted = [name for names in places.values() for name in names]
    labels = {
        (place, name): f"{name}_{_IN[place]}" if wanted.count(name) > 1 else name
        for place, names in places.items()
        for name in names
    }
    found = identifiers(list(labels.values()), reserved)
    return {parameter: found[label] for parameter, label in labels.items()}


_IN: Final = {"path": "path", "query": "query", "headers": "header"}
"""What a document calls the place of a parameter."""


def _name(prop: PropertyProtocol) -> str:
    return prop.name.get_untrusted_value()


def _argument(prop: PropertyProtocol, name: str, place: str, source: Source) -> Argument:
    parameter = _name(prop)
    named = (each for each in source.parameters_in(_IN[place]) if each["name"] == parameter)
    node = next(named, dict[str, Any]())
    what = f"{source.request}: the {_IN[place]} parameter {parameter}"
    said = prose(node.get("description") or node.get("schema", {}).get("description", ""))
    return Argument(
        name=name,
        parameter=parameter,
        sent_as=parameter.lower() if place == "headers" else parameter,
        prop=prop,
        required=prop.required,
        description=" ".join(filter(None, (deprecation(node), said))),
        separator=_separator(prop, node, place, what),
    )


def _separator(prop: PropertyProtocol, node: Mapping[str, Any], place: str, what: str) -> str:
    """Return what separates the items of an array that is one value, nothing for all else."""
    if place != "query" or not isinstance(prop, (ListProperty, ModelProperty)):
        _demand_scalar(prop, node, "form" if place == "query" else "simple", what)
        return ""
    style = node.get("style", "form")
    if isinstance(prop, ModelProperty):
        _demand_flat(prop, style, what)
        return ""
    if not _is_scalar(prop.inner_property):
        raise UnsupportedError(
            f"{what} must be an array of strings, numbers, booleans or dates; change its items"
        )
    if style not in SEPARATORS:
        styles = ", ".join(SEPARATORS)
        raise UnsupportedError(f"{what} has style {style}; write one of {styles}")
    return "" if node.get("explode", style == "form") else SEPARATORS[style]


def _demand_flat(prop: ModelProperty, style: str, what: str) -> None:
    if style != "deepObject":
        raise UnsupportedError(f"{what} is an object; write `style: deepObject`")
    for name, each in properties_of(prop).items():
        if not _is_scalar(each.inner_property if isinstance(each, ListProperty) else each):
            raise UnsupportedError(f"{what} has an object in {name}; leave it out")


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


def _body(endpoint: Endpoint, source: Source) -> ModelProperty | None:
    if not endpoint.bodies:
        return None
    body = endpoint.bodies[0].prop
    if not isinstance(body, ModelProperty):
        raise UnsupportedError(
            f"{source.request}: the request body must be one object; write"
            " `type: object` with the value as a property"
        )
    return body


def _response(endpoint: Endpoint, source: Source) -> tuple[str, bool, bool]:
    """Read the model of successful responses, whether it consumes, whether one has no body."""
    place = source.request
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
