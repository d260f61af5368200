"""The methods that a path has, and those that it does not have."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from heidi_conformance._wire import Reply
from heidi_conformance.contract._operations import EVERY, PATHS, route
from heidi_conformance.evidence._history import Request
from heidi_conformance.oracle import Memory, Reading, Violation
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import Resources, calls

from ._rule import LISTS, READS, Script, decided

METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "HEAD", "OPTIONS", "PROPFIND", "INVENTED",
)  # fmt: skip
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def methods(probe: Probe) -> None:
    """Methods that the path of an operation does not have."""
    seen: set[str] = set()
    for call in calls(probe):
        target = call.request().target.partition("?")[0]
        if target in seen:
            continue
        seen.add(target)
        for method in METHODS:
            if method not in route(target).methods:
                body = b"{}" if method in ("POST", "PUT", "PATCH") else b""
                media_type = "application/json" if body else None
                probe.try_send(Request(method, target, body=body, media_type=media_type))


def overrides(on: Resources) -> None:
    """Requests that name another method in a header or in the query, with a body for it."""
    name = on.new()
    on.read(name)
    sent = on.changing(name, on.fields.change(78)).body
    method = on.operations["update"].method
    for header in OVERRIDES:
        for other, body in ((method, sent), ("DELETE", b"")):
            reading = on.request("read", name, body, headers=((header, other),))
            for request in (replace(reading, method="POST"), reading):
                on.probe.send(request)
                on.read(name)
    fields = on.fields
    told = {fields.lead: 77, fields.name: "No", **dict.fromkeys(fields.texts[:1], "No")}
    spelled = {f"{first}{''.join(f'[{part}]' for part in rest)}": value
               for name, value in told.items() if name for first, *rest in [name.split(".")]}  # fmt: skip
    queries = ((urlencode(spelled), b""), (f"_method={method}", sent), ("_method=DELETE", b""))
    for query, body in queries:
        on.read(name, query=query, body=body)
        on.read(name)


def heads(probe: Probe) -> None:
    """HEAD of existing and missing resources, between other requests of one connection."""
    for call in calls(probe, among=(*READS, *LISTS)):
        for names in (call.names, *call.unknown()):
            request = call.request(names)
            probe.try_send(replace(request, method="HEAD"))
            probe.try_send(request)


def like_get(reading: Reading, response: Reply, memory: Memory) -> Iterator[Violation]:
    """Say how HEAD differs from GET; to refuse it with 405 is fine."""
    get = reading.message.method == "HEAD" and PATHS.get(reading.path, {}).get("GET")
    if not get or response.status in (405, 429) or response.status >= 500:
        return
    if response.surplus or response.body:
        yield Violation("head/body", get.id)
    known, user = memory.resources.get(reading.one), memory.tokens.get(reading.token or "")
    own = known is not None and known.seen and known.owner == user
    page = get.action == "list" and "?" not in reading.message.target and not get.ids
    if (own or (page and user not in (*memory.unlinked, "expired", None))) and not response.ok:
        yield Violation("head/refused", get.id, got=response.status)
    if reading.one[1] and known is None and response.ok and get.action == "read":
        yield Violation("head/unknown", get.id, got=response.status)


RULES = (
    decided("methods", "S4", EVERY, "405 for an undocumented method"),
    decided("allow", "S4", EVERY, "405 has `Allow` with the documented methods"),
    decided("head", "S4", (*READS, *LISTS), "HEAD responds like GET, without a body, or is refused with 405", like_get),
)  # fmt: skip
SCRIPTS = (
    Script(methods, "strict", ("methods", "allow", "error-shape", "declared-status")),
    Script(overrides, "strict", ("reading", "methods"), ("read", "update")),
    Script(heads, "strict", ("head",)),
)
