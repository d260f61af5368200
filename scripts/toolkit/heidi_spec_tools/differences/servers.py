"""Compare the servers that an API, or one operation, can be reached at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.contract import VARIABLE, unnamed
from heidi_spec_tools.differences.notes import compare_texts
from heidi_spec_tools.nodes import as_list, as_object

if TYPE_CHECKING:
    from heidi_spec_tools.differences.changes import Findings, Place
    from heidi_spec_tools.documents import Json


def compare_servers(
    old: list[Json], new: list[Json], place: Place, path: str, findings: Findings
) -> None:
    """Compare two lists of servers; their order and the names of variables do not count."""
    olds, news = _servers(old), _servers(new)
    place = place.showing(*({"enum": [s["url"] for s in each.values()]} for each in (olds, news)))
    for key in {**olds, **news}:
        if key not in olds:
            findings.add("server-added", place, path, new=news[key]["url"])
        elif key not in news:
            findings.add("server-removed", place, path, old=olds[key]["url"])
        else:
            here = place.named(f"the server {news[key]['url']}")
            findings.take(compare_texts(olds[key], news[key]), here, path)
            _variables(olds[key], news[key], here, path, findings)


def _servers(servers: list[Json]) -> dict[str, dict[str, Any]]:
    listed = [as_object(server) for server in servers] or [{"url": "/"}]
    named = [{"url": "/", **server} for server in listed]
    return {unnamed(str(server["url"])).rstrip("/"): server for server in named}


def _named(server: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the variables of a server in the order of its address."""
    variables = as_object(server.get("variables"))
    return [(name, as_object(variables.get(name))) for name in VARIABLE.findall(server["url"])]


def _variables(
    old: dict[str, Any], new: dict[str, Any], place: Place, path: str, findings: Findings
) -> None:
    for (_, before), (name, after) in zip(_named(old), _named(new), strict=True):
        said = {"name": name, "server": new["url"]}
        defaults = [words.value(node.get("default")) for node in (before, after)]
        if defaults[0] != defaults[1]:
            told = said | {"old": defaults[0], "new": defaults[1]}
            findings.add("server-default-changed", place, path, **told)
        listed, now = (as_list(node.get("enum")) for node in (before, after))
        place = place.showing(*({"enum": some} if some else True for some in (listed, now)))
        if gone := [value for value in listed if value not in now and now]:
            findings.add("server-value-removed", place, path, values=words.values(gone), **said)
        if come := [value for value in now if value not in listed and listed]:
            findings.add("server-value-added", place, path, values=words.values(come), **said)
        if bool(listed) != bool(now):
            kind = "server-value-added" if listed else "server-value-removed"
            findings.add(kind, place, path, values="other values", **said)
        here = place.named(f"`{name}` of {place.subject}")
        findings.take(compare_texts(before, after), here, path)
