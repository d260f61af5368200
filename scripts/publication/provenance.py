"""Facts that the vendor leaves open, and our decisions about them, from the provenance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_spec_tools.nodes import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heidi_spec_tools.documents import Json

KEY: Final = "x-provenance"
SAID: Final = frozenset({"documented", "example"})
DECISION: Final = re.compile(r"decision:([A-Z]\d+)")
ROW: Final = re.compile(r"^\| ([A-Z]\d+) \| (.+) \|$", re.MULTILINE)


class Silence(NamedTuple):
    """One thing that the vendor leaves open.

    group: the operation or the component that it belongs to. place: where in there. status:
    unknown, inferred, anomaly or decided; narrowed where we added a bound. source: its lines or
    pages. said: the note of the base document. decisions: the rows that decide it. decided: the
    note of the overlays.
    """

    group: str
    place: str
    status: str
    source: str
    said: str
    decisions: tuple[str, ...]
    decided: str


def silences(base: Mapping[str, Any], decided: Mapping[str, Any]) -> dict[str, list[Silence]]:
    """List what is not documented, by group, in the order of the documents.

    Args:
        base: what the vendor says.
        decided: the same with our overlays.
    """
    said, now = dict(_nodes(dict(base))), dict(_nodes(dict(decided)))
    groups: dict[str, list[Silence]] = {}
    for path in said | now:
        silence = _silence(path, said.get(path), now.get(path))
        if silence:
            groups.setdefault(silence.group, []).append(silence)
    return groups


def decisions(text: str) -> dict[str, str]:
    """Return the rows of the tables of decisions, by id, in Markdown."""
    return dict(ROW.findall(text))


def _silence(
    path: tuple[str, ...], said: Mapping[str, str] | None, now: Mapping[str, str] | None
) -> Silence | None:
    was, ours = said or {}, now or {}
    status = was.get("status") or ours["status"]
    if status in SAID and "narrowed_by" not in ours:
        return None
    cited = DECISION.findall(f"{ours.get('source')} {ours.get('narrowed_by')}")
    source = was.get("source") or DECISION.sub("", ours.get("source", "")).strip(" ,")
    note = ours.get("note", "") if ours.get("note") != was.get("note") else ""
    if now is None:
        note = "The strict document declares each status by itself instead."
    group, place = _name(path)
    return Silence(
        group=group,
        place=place,
        status="narrowed" if status in SAID else status,
        source=source.replace("seed:", ""),
        said=was.get("note", ""),
        decisions=tuple(cited),
        decided=note,
    )


def _nodes(
    node: Json, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Walk through the provenances, each with the path of its node; a list goes by name."""
    if isinstance(node, list):
        for index, child in enumerate(node):
            key = child.get("name", index) if isinstance(child, dict) else index
            yield from _nodes(child, (*path, str(key)))
    elif isinstance(node, dict):
        if isinstance(provenance := node.get(KEY), dict):
            yield path, {key: str(text) for key, text in provenance.items()}
        for key, child in node.items():
            if key != KEY:
                yield from _nodes(child, (*path, key))


WORDS: Final = {
    "headers": "header",
    "items": "an item",
    "links": "link",
    "parameters": "parameter",
    "properties": "",
    "requestBody": "body",
    "responses": "response",
    "schema": "",
    "securitySchemes": "security scheme",
}


def _name(path: tuple[str, ...]) -> tuple[str, str]:
    """Return the group and the place of a node, in words for people."""
    match path:
        case ["paths", address, method, *rest] if method in METHODS:
            return f"{method.upper()} {address}", _words(rest)
        case ["paths", address, *rest]:
            return address, _words(rest)
        case ["components", "schemas", name, *rest]:
            return name, _words(rest)
        case ["components", *rest]:
            return "What operations share", _words(rest)
        case _:
            return "The document", _words(path)


def _words(path: Sequence[str]) -> str:
    return " ".join(filter(None, (WORDS.get(part, part) for part in path))) or "as a whole"
