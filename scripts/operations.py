"""What the templates say about an operation: the document's own words, and Python code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.strings import PythonIdentifier, in_double_quote_literal

from scripts.docstrings import prose, section
from scripts.properties import UnsupportedError, attributes_of, consumes, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openapi_python_client.parser.openapi import Endpoint
    from openapi_python_client.parser.properties.protocol import PropertyProtocol

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
QUERY_TYPES: Final = frozenset({"str", "int", "bool"})
FIELD_PREFIX: Final = "field_"


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument of `build`."""

    name: str
    parameter: str
    annotation: str
    required: bool
    description: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """An operation as the document has it."""

    route: str
    method: str
    id: str
    node: dict[str, Any]
    parameters: dict[tuple[str, str], str]
    """The description of each parameter, by its place and name."""

    @property
    def name(self) -> str:
        """The name of the module that the generator writes for it."""
        return PythonIdentifier(self.id, prefix=FIELD_PREFIX)


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
    body: Argument | None
    answer: str
    answer_consumes: bool

    @property
    def arguments(self) -> list[Argument]:
        """All arguments of `build`, in its order."""
        return [*self.path, *([self.body] if self.body else []), *self.query]

    @property
    def build_text(self) -> str:
        """The docstring of `build`."""
        arguments = {each.name: each.description for each in self.arguments}
        raises = {"ValueError": f"{self.path[0].name} is empty, `.` or `..`."} if self.path else {}
        parts = [
            self.summary,
            self.description,
            section("Args", arguments) if arguments else "",
            section("Raises", raises) if raises else "",
            f"Spec: {self.id} ({self.provenance}).",
        ]
        return "\n\n".join(part for part in parts if part)

    @property
    def decode_text(self) -> str:
        """The docstring of `decode`."""
        taken = "; it is taken over, so do not use it afterwards" if self.answer_consumes else ""
        arguments = {
            "data": f"the body, as a JSON parser returns it{taken}.",
            "strict": "refuse what breaks the document, instead of reading it leniently.",
        }
        raises = {
            "MismatchError": "`strict`, and the answer breaks the document. It says where, and"
            " never what was sent."
        }
        parts = [
            "Read a successful answer.",
            section("Args", arguments),
            section("Raises", raises),
            f"Spec: {self.id} ({self.provenance}).",
        ]
        return "\n\n".join(parts)

    @property
    def path_expression(self) -> str:
        """Python code that makes the path."""
        code = in_double_quote_literal(self.route)
        if not self.path:
            return f'"{code}"'
        for argument in self.path:
            name = argument.parameter
            segment = f"{{path_segment('{argument.name}', {argument.name})}}"
            code = code.replace(f"{{{name}}}", segment)
        return f'f"{code}"'

    @property
    def json_expression(self) -> str:
        """Python code that makes the body."""
        if self.body is None:
            return "None"
        if self.body.required:
            return "body.to_dict()"
        return "None if isinstance(body, Unset) else body.to_dict()"


def sources(document: dict[str, Any]) -> list[Source]:
    """List the operations of a document.

    Raises:
        UnsupportedError: an operation has no operationId, or one that another has too.
    """
    found: dict[str, Source] = {}
    for source in _sources(document):
        place = f"{source.method.upper()} {source.route}"
        if not source.id:
            raise UnsupportedError(f"{place} has no operationId; give it one")
        twin = found.setdefault(source.name, source)
        if twin is not source:
            raise UnsupportedError(
                f"{place} and {twin.method.upper()} {twin.route} have the same operationId for"
                f" Python, {source.name}; rename one"
            )
    return list(found.values())


def operation_of(endpoint: Endpoint, source: Source) -> Operation:
    """Describe an operation to the template.

    Raises:
        UnsupportedError: the operation has what the template does not cover.
    """
    if endpoint.header_parameters or endpoint.cookie_parameters:
        raise UnsupportedError(
            f"{source.id} has a header or cookie parameter; only path and query work"
        )
    node = source.node
    answer, answer_consumes = _answer(endpoint, source)
    return Operation(
        id=source.id,
        route=source.route,
        summary=prose(node.get("summary") or source.id).rstrip(".") + ".",
        description=prose(node.get("description")),
        provenance=node.get("x-provenance", {}).get("status", "unknown"),
        path=[_argument(prop, "path", source) for prop in endpoint.path_parameters],
        query=[_argument(prop, "query", source) for prop in endpoint.query_parameters],
        body=_body(endpoint, source),
        answer=answer,
        answer_consumes=answer_consumes,
    )


def _sources(document: dict[str, Any]) -> Iterator[Source]:
    for route, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                node = item[method]
                parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
                yield Source(
                    route=route,
                    method=method,
                    id=node.get("operationId", ""),
                    node=node,
                    parameters={
                        (each["in"], each["name"]): each.get("description", "")
                        for each in parameters
                        if "$ref" not in each
                    },
                )


def _argument(prop: PropertyProtocol, place: str, source: Source) -> Argument:
    name = prop.name.get_untrusted_value()
    types = set(kind_of(prop).annotation.split(" | "))
    if not types <= (QUERY_TYPES if place == "query" else {"str"}):
        raise UnsupportedError(
            f"the {place} parameter {name} of {source.id} is {' | '.join(sorted(types))}, which"
            " scripts/operations.py does not cover; extend it"
        )
    return Argument(
        name=prop.python_name,
        parameter=name,
        annotation=kind_of(prop).annotation + ("" if prop.required else " | Unset"),
        required=prop.required,
        description=prose(source.parameters.get((place, name), "")),
    )


def _body(endpoint: Endpoint, source: Source) -> Argument | None:
    if not endpoint.bodies:
        return None
    body = endpoint.bodies[0]
    if (
        len(endpoint.bodies) > 1
        or not isinstance(body.prop, ModelProperty)
        or body.body_type != "json"
    ):
        raise UnsupportedError(f"the body of {source.id} is not one JSON object; make it one")
    return Argument(
        name="body",
        parameter="body",
        annotation=kind_of(body.prop).annotation,
        required=body.prop.required,
        description=prose(source.node["requestBody"].get("description", "")),
    )


def _answer(endpoint: Endpoint, source: Source) -> tuple[str, bool]:
    for response in endpoint.responses.patterns:
        prop = response.prop
        if response.status_code.pattern.startswith("2") and isinstance(prop, ModelProperty):
            return str(prop.class_info.name), consumes(attributes_of(prop))
    raise UnsupportedError(
        f"{source.id} has no successful answer that is a JSON object; give it one"
    )
