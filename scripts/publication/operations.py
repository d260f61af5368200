"""The operations of a document without references, as the publication reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_spec_tools import nodes
from heidi_spec_tools.nodes import as_list, as_object, find, operations_of, pointer_of
from heidi_spec_tools.values import Values

from scripts.library.semantics import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heidi_spec_tools.documents import Json
    from heidi_spec_tools.nodes import Pointer

JSON: Final = "application/json"


class Response(NamedTuple):
    """A response of an operation; `example` is None if the document shows none."""

    status: int
    description: str
    has_body: bool
    example: Json


class Operation(nodes.Operation):
    """One operation; `value` is what the document says of it."""

    @property
    def title(self) -> str:
        """The summary, or what identifies the operation."""
        return str(self.value.get("summary", self.id))

    @property
    def tag(self) -> str:
        """The first tag."""
        return str(next(iter(self.value.get("tags", ())), "Operations"))

    @property
    def semantics(self) -> Mapping[str, Any]:
        """What `x-semantics` says."""
        return dict(self.value.get(KEY, {}))

    @property
    def action(self) -> str:
        """What the operation does to its resource, or an empty string."""
        return str(self.semantics.get("action", ""))

    @property
    def responses(self) -> dict[int, Response]:
        """The responses with a specific status, by status."""
        return {
            int(status): _response(int(status), response)
            for status, response in sorted(self.value["responses"].items())
            if status.isdecimal()
        }

    @property
    def success(self) -> Response:
        """The first response that is not an error."""
        found = (each for each in self.responses.values() if each.status < 300)
        return next(found, Response(200, "", has_body=False, example=None))

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The media type of a JSON body."""
        found: Mapping[str, Any] | None = (
            self.value.get("requestBody", {}).get("content", {}).get(JSON)
        )
        return found


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """List the operations of a document without references, in its order."""
    return [Operation(*each) for each in operations_of(dict(document))]


def _response(status: int, response: Mapping[str, Any]) -> Response:
    media = response.get("content", {}).get(JSON)
    example = example_of(media) if media else None
    return Response(status, " ".join(response["description"].split()), bool(media), example)


def error_type(document: Mapping[str, Any]) -> tuple[Pointer, Pointer]:
    """Return where an error response has its type and its message."""
    for schema in document["components"]["schemas"].values():
        error = schema.get(KEY, {}).get("error")
        if error:
            return pointer_of(f"#{error['type']}") or (), pointer_of(f"#{error['message']}") or ()
    return (), ()


def example_of(node: Mapping[str, Any]) -> Json:
    """Return the first example of a media type, parameter or schema, None if it has none."""
    examples: Json = node.get("examples")
    named = [as_object(each).get("value") for each in as_object(examples).values()]
    listed = [*named, *as_list(examples)]
    if listed:
        return listed[0]
    if "example" in node:
        only: Json = node["example"]
        return only
    return example_of(node["schema"]) if "schema" in node else None


def value_of(node: Mapping[str, Any]) -> Json:
    """Return the example of a media type, parameter or schema, or a value of the schema."""
    example = example_of(node)
    return VALUES.of(node.get("schema", node)) if example is None else example


def whole_body_of(operation: Operation) -> Json:
    """Return the example of a body, completed with its other properties; None for no body."""
    if operation.body is None:
        return None
    return VALUES.completed(operation.body.get("schema", {}), value_of(operation.body))


VALUES: Final = Values(full=True)


def javascript(value: str, pointer: Pointer) -> str:
    """Write a JavaScript expression for the value at a pointer."""
    tokens = map(str, pointer)
    return value + "".join(
        f".{token}" if token.isidentifier() else f"[{json.dumps(token)}]" for token in tokens
    )


def type_of(response: Response, at: Pointer) -> str | None:
    """Return the type of an error that the example of a response shows."""
    try:
        found = find(response.example, at) if at else None
    except LookupError:
        return None
    return found if isinstance(found, str) else None


def error_of(
    operation: Operation, response: Response, every: Sequence[Operation], at: Pointer
) -> str | None:
    """Return the type of an error, which may be that of the operation that reads the resource."""
    resource = operation.semantics.get("resource")
    same = [
        each.responses[response.status]
        for each in every
        if each.action == "read" and each.semantics["resource"] == resource
        if response.status in each.responses
    ]
    return next(filter(None, (type_of(each, at) for each in (response, *same))), None)
