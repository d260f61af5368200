"""Apply OpenAPI Overlay documents (versions 1.0 and 1.1) to a description.

Source: https://spec.openapis.org/overlay/v1.1.0.html; targets are RFC 9535 queries.
"""

from __future__ import annotations

import functools
import operator
import re
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import unquote, urlsplit

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathNodeList, Parser
from jsonpath_rfc9535.filter_expressions import FilterContext, RelativeFilterQuery

from heidi_spec_tools.documents import (
    MAX_DEPTH,
    DocumentError,
    Json,
    json_path,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from jsonpath_rfc9535 import JSONPathQuery
    from jsonpath_rfc9535.filter_expressions import Expression
    from jsonpath_rfc9535.tokens import TokenStream

Location: TypeAlias = tuple[str | int, ...]


class OverlayError(DocumentError):
    """An overlay cannot be applied; the text is one line: which action, why, how to fix it."""


def apply(document: Json, overlay: Json, *, strict_targets: bool = False) -> Json:
    """Apply one overlay to a document. Both stay as they are.

    Keys keep their place and new ones follow in the order of the update.

    Args:
        document: the document to change; any JSON value.
        overlay: an Overlay document, version 1.0.x or 1.1.x, read by the rules of its version.
        strict_targets: refuse an action that selects nothing, unless it says `x-optional: true`, or
            has nothing to do; the specification lets both pass.

    Returns:
        The changed document; it shares no object with either argument.

    Raises:
        OverlayError: the overlay is not valid, or an action is impossible.
    """
    rules, actions = _read(overlay)
    root: list[Json] = [_clone(document)]
    for action in actions:
        with _named(action.label):
            _act(root, action, rules, strict_targets=strict_targets)
    return root[0]


def apply_files(
    spec_path: Path, overlay_paths: Sequence[Path], *, strict_targets: bool = False
) -> Json:
    """Apply overlays, in order, to the document in a file, whatever they extend.

    Raises:
        DocumentError: a file cannot be read.
        OverlayError: an overlay cannot be applied; the text starts with its file name.
    """
    *_, (_, document) = stages(spec_path, overlay_paths, strict_targets=strict_targets)
    return document


def stages(
    spec_path: Path,
    overlay_paths: Sequence[Path],
    *,
    strict_targets: bool = False,
    root: Path = Path(),
) -> Iterator[tuple[Path, Json]]:
    """Yield the document as each file leaves it, with that file; see `apply_files`.

    Args:
        root: the folder from which paths lead, and from which errors name an overlay.
    """
    document = load(root / spec_path)
    yield spec_path, document
    for path in overlay_paths:
        overlay = load(root / path)
        with _named(str(path)):
            document = apply(document, overlay, strict_targets=strict_targets)
        yield path, document


@contextmanager
def _named(name: str) -> Generator[None]:
    try:
        yield
    except OverlayError as error:
        raise OverlayError(f"{name}: {error}") from error
    except RecursionError as error:
        raise OverlayError(f"{name}: nests too deep; flatten the document") from error


# Reading an overlay


@dataclass(frozen=True)
class _Rules:
    """What the versions of the specification disagree on."""

    new_fields: frozenset[tuple[str, str]] = frozenset()
    # Updates only: the official cases of 1.0 remove primitives.
    updates_primitives: bool = True
    updates_mixed_kinds: bool = False
    # Else an array is one entry, as any other value.
    concatenates: bool = True


_VERSIONS: Final = {
    "1.0": _Rules(
        new_fields=frozenset({("action", "copy"), ("info", "description")}),
        updates_primitives=False,
        updates_mixed_kinds=True,
        concatenates=False,
    ),
    "1.1": _Rules(),
}

_FIELDS: Final[dict[str, dict[str, type]]] = {
    "overlay": {"overlay": str, "info": dict, "extends": str, "actions": list},
    "info": {"title": str, "version": str, "description": str},
    "action": {"target": str, "description": str, "update": object, "copy": str, "remove": bool},
}
_REQUIRED: Final = {
    "overlay": ("overlay", "info", "actions"),
    "info": ("title", "version"),
    "action": ("target",),
}
_TYPES: Final = {str: "a string", dict: "an object", list: "an array", bool: "true or false"}


@dataclass(frozen=True)
class _Action:
    label: str
    target: JSONPathQuery
    remove: bool
    optional: bool
    """Whether it may select nothing even where targets are strict: `x-optional: true`."""

    modifier: Callable[[Json], Json] | None
    """Takes the document, gives the value to merge into each target."""


def _read(overlay: Json) -> tuple[_Rules, list[_Action]]:
    fields = _object(overlay, "overlay", "the overlay")
    version = re.fullmatch(r"([0-9]+\.[0-9]+)\.[0-9]+", fields["overlay"])
    rules = _VERSIONS.get(version[1]) if version else None
    if rules is None:
        raise OverlayError(
            f"overlay: version {fields['overlay']!r} is not supported; write 1.0.0 or 1.1.0"
        )
    _object(fields["info"], "info", "info", rules)
    if not fields["actions"]:
        raise OverlayError("actions: is empty; write at least one action")
    return rules, [_action(number, value, rules) for number, value in enumerate(fields["actions"])]


def _action(number: int, value: Json, rules: _Rules) -> _Action:
    label = _label(number, value)
    fields = _object(value, "action", label, rules)
    with _named(label):
        target, modifier = _compile(fields["target"]), _modifier(fields)
    optional = fields.get("x-optional") is True
    return _Action(label, target, fields.get("remove", False), optional, modifier)


def _modifier(fields: dict[str, Any]) -> Callable[[Json], Json] | None:
    source = _compile(fields["copy"]) if "copy" in fields else None
    # To the letter: `update` has no impact beside `copy`, and `copy` none beside `update`.
    if ("update" in fields) == (source is not None):
        return None
    return functools.partial(_single, source) if source else lambda _: fields["update"]


def _label(number: int, value: Json) -> str:
    description = value.get("description") if isinstance(value, dict) else None
    words = f" ({shorten(description, 60)})" if isinstance(description, str) else ""
    return f"actions[{number}]{words}"


def _object(value: Json, kind: str, label: str, rules: _Rules | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise OverlayError(f"{label}: must be an object; write its fields")
    known = _FIELDS[kind]
    for name, content in value.items():
        if name.startswith("x-"):
            continue
        if name not in known:
            raise OverlayError(f"{label}: unknown field {name!r}; {_hint(name, known)}")
        if rules and (kind, name) in rules.new_fields:
            raise OverlayError(f"{label}: {name!r} is new in 1.1; write overlay: 1.1.0")
        if not isinstance(content, known[name]):
            raise OverlayError(
                f"{label}: {name!r} must be {_TYPES[known[name]]}, not {shorten(repr(content), 40)}"
            )
    for name in _REQUIRED[kind]:
        if name not in value:
            raise OverlayError(f"{label}: {name!r} is missing; add it")
    return value


def _hint(name: str, known: dict[str, type]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "remove it, or start its name with x-"


# Selecting nodes


class _ExistenceTest(RelativeFilterQuery):
    """The library takes a bare `@` on 0, "" and false for absent; RFC 9535, 2.3.5.2.1, does not."""

    def evaluate(self, context: FilterContext) -> object:
        current: Any = context.current
        return JSONPathNodeList(self.query.finditer(current))


class _Parser(Parser):
    def parse_relative_query(self, stream: TokenStream) -> Expression:
        query = cast("RelativeFilterQuery", super().parse_relative_query(stream))
        return _ExistenceTest(query.token, query.query)


class _Environment(JSONPathEnvironment):
    parser_class = _Parser
    max_recursion_depth = MAX_DEPTH + 1


_ENVIRONMENT: Final = _Environment()


@contextmanager
def _query_errors(query: object) -> Generator[None]:
    try:
        yield
    # The library lets the last three escape: (((((… nests too deep, 1e400 is not an integer.
    except (JSONPathError, RecursionError, ArithmeticError, ValueError) as error:
        raise OverlayError(f"{query}: {error}; fix this RFC 9535 query") from error


def _compile(query: str) -> JSONPathQuery:
    with _query_errors(query):
        return _ENVIRONMENT.compile(query)


def _select(query: JSONPathQuery, document: Json) -> list[Location]:
    """List the places selected, each once: a query may select a node twice."""
    with _query_errors(query):
        return list(dict.fromkeys(node.location for node in query.finditer(document)))


def _single(query: JSONPathQuery, document: Json) -> Json:
    locations = _select(query, document)
    if len(locations) != 1:
        raise OverlayError(f"copy: {query} selects {len(locations)} nodes; select exactly one")
    # A source may contain its target, so it must not change while it is merged.
    source: Json = _clone(_at(document, locations[0]))
    return source


def _at(document: Any, location: Sequence[str | int]) -> Any:
    return functools.reduce(operator.getitem, location, document)


# Changing nodes


def _act(root: list[Json], action: _Action, rules: _Rules, *, strict_targets: bool) -> None:
    locations = _select(action.target, root[0])
    if strict_targets and not locations and not action.optional:
        raise OverlayError(
            f"{action.target} selects nothing; fix the target, or write x-optional: true for a rule"
            " that need not apply"
        )
    if strict_targets and not action.remove and action.modifier is None:
        raise OverlayError("has nothing to do; give one of update, copy and remove: true")
    if action.remove:
        _remove(root[0], locations)
    elif action.modifier and locations:
        _check_kinds(root[0], locations, rules)
        value = action.modifier(root[0])
        for location in locations:
            *path, key = (0, *location)
            parent = _at(root, path)
            parent[key] = _updated(parent[key], value, location, rules)


def _remove(document: Json, locations: list[Location]) -> None:
    # Backwards: a node goes before what contains it, and a higher index before a lower.
    for location in sorted(locations, reverse=True):
        if not location:
            raise OverlayError("$: the root is in no map or array; target what it contains")
        del _at(document, location[:-1])[location[-1]]


def _check_kinds(document: Json, locations: list[Location], rules: _Rules) -> None:
    first = {_kind(_at(document, location)): location for location in reversed(locations)}
    if "a primitive" in first and not rules.updates_primitives:
        raise OverlayError(
            f"{json_path(first['a primitive'])}: 1.0 updates no primitive; write overlay: 1.1.0"
        )
    if len(first) > 1 and not rules.updates_mixed_kinds:
        places = " and ".join(f"{kind} ({json_path(place)})" for kind, place in first.items())
        raise OverlayError(f"selects {places}; select one kind")


def _updated(target: Json, value: Json, location: Location, rules: _Rules) -> Json:
    if isinstance(target, list) and not (isinstance(value, list) and rules.concatenates):
        target.append(_clone(value))
        return target
    return _merged(target, value, location)


def _merged(target: Json, value: Json, location: Location) -> Json:
    """Merge in place where there is a place, so that nodes selected inside stay reachable."""
    if _kind(target) != _kind(value):
        raise OverlayError(
            f"{json_path(location)}: {_kind(value)} cannot be merged into {_kind(target)}; "
            "remove the target first, or change the update"
        )
    if isinstance(target, dict) and isinstance(value, dict):
        for key, child in value.items():
            known = key in target
            target[key] = _merged(target[key], child, (*location, key)) if known else _clone(child)
        return target
    if isinstance(target, list) and isinstance(value, list):
        target.extend(map(_clone, value))
        return target
    return value


def _kind(value: Json) -> str:
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a primitive"


def _clone(value: Json) -> Json:
    """Copy a JSON value; unlike `copy.deepcopy`, keeps no object that is in two places."""
    if isinstance(value, dict):
        return {key: _clone(child) for key, child in value.items()}
    return [_clone(child) for child in value] if isinstance(value, list) else value


# Files


def spec_and_overlays(files: list[Path]) -> tuple[Path, list[Path]]:
    """Tell the document from the overlays: the first file, or else what all overlays extend.

    Raises:
        DocumentError: a file cannot be read.
        OverlayError: there is no overlay, or no one document.
    """
    first = load(files[0])
    if not (isinstance(first, dict) and "overlay" in first):
        if len(files) == 1:
            raise OverlayError(f"{files[0]}: is not an overlay; name an overlay after it")
        return files[0], files[1:]
    targets = {target for path in files if (target := _extended(path))}
    if len(targets) != 1:
        found = " and ".join(map(str, sorted(targets))) or "nothing"
        raise OverlayError(f"{files[0]}: no SPEC, and extends names {found}; name SPEC first")
    return targets.pop(), files


def _extended(path: Path) -> Path | None:
    overlay = load(path)
    with _named(str(path)):
        _read(overlay)
        reference = overlay.get("extends") if isinstance(overlay, dict) else None
        return (path.parent / _file(reference)).resolve() if isinstance(reference, str) else None


def _file(reference: str) -> str:
    """Turn a URI reference to a file, relative or `file:`, into a path."""
    try:
        scheme, host, path, query, fragment = urlsplit(reference)
    except ValueError as error:
        raise OverlayError(f"extends: {reference!r} is not a URI: {error}; fix it") from error
    if scheme not in {"", "file"} or host not in {"", "localhost"} or query or fragment or not path:
        raise OverlayError(f"extends: {reference!r} names no file; fetch it and name it as SPEC")
    return unquote(path)
