"""The markers of other generators: an overlay that translates `x-semantics`.

Each marker is one that its generator documents; tests/publish/markers.yaml has their form. Nothing
is added that `x-semantics` does not say: no logo, no stability, no header that makes a request safe
to repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.nodes import pointer_of

from scripts.publication.operations import operations
from scripts.publication.samples import as_extension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_spec_tools.documents import Json

    from scripts.publication.operations import Operation

NAME: Final = "generators"
"""Of the overlay, and of the client document with the markers in it."""

EXTENDED: Final = "../documents/client.yaml"

REPEATABLE: Final = frozenset({"read", "list", "update", "delete"})
"""Actions that do the same when they are done twice; the vocabulary says it of an update."""

_RETRIES: Final = {"strategy": "backoff", "statusCodes": ["5XX"], "retryConnectionErrors": True}


def markers(document: Mapping[str, Any], calls: Mapping[str, Mapping[str, str]]) -> Json:
    """Return the overlay that adds the markers to each operation of a document.

    Args:
        document: one with `x-semantics`.
        calls: the samples of each method and path, as `samples` writes them.
    """
    plain = cast("dict[str, Any]", dereference(dict(document)))
    actions: list[Json] = [
        {
            "target": f"$.paths[{each.path!r}].{each.method}",
            "description": f"What `x-semantics` says of {each.id}, in the words of generators.",
            "update": {
                **_named(each),
                **_paged(each),
                **_repeated(each),
                "x-codeSamples": cast("Json", as_extension(calls[each.request])),
            },
        }
        for each in operations(plain)
    ]
    return {
        "overlay": "1.1.0",
        "info": {
            "title": "Markers of Speakeasy, Fern, Redocly and Scalar",
            "version": str(document["info"]["version"]),
        },
        "extends": EXTENDED,
        "actions": actions,
    }


def _named(operation: Operation) -> dict[str, Any]:
    """Name the method of a client, and its group."""
    group, _, name = str(operation.semantics.get("method", "")).rpartition(".")
    if not group:
        return {}
    return {
        "x-speakeasy-group": group,
        "x-speakeasy-name-override": name,
        "x-fern-sdk-group-name": group.split("."),
        "x-fern-sdk-method-name": name,
    }


def _paged(operation: Operation) -> dict[str, Any]:
    """Say how a client asks for the next page."""
    page = operation.semantics.get("page")
    if page is None:
        return {}
    return {
        "x-speakeasy-pagination": {
            "type": "cursor",
            "inputs": [{"name": page["token"], "in": "parameters", "type": "cursor"}],
            "outputs": {"nextCursor": f"$.{_dotted(page['next'])}"},
        },
        "x-fern-pagination": {
            "cursor": f"$request.{page['token']}",
            "next_cursor": f"$response.{_dotted(page['next'])}",
            "results": f"$response.{_dotted(page['items'])}",
        },
    }


def _repeated(operation: Operation) -> dict[str, Any]:
    """Say whether a client may repeat a request that failed."""
    if operation.action in REPEATABLE:
        return {"x-speakeasy-retries": _RETRIES}
    return {"x-fern-retries": {"disabled": True}} if operation.action in ("create", "act") else {}


def _dotted(pointer: str) -> str:
    return ".".join(map(str, pointer_of(f"#{pointer}") or ()))
