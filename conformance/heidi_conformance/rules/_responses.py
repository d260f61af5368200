"""Every operation responds as the document says."""
# ruff: noqa: E501  # tables read better in rows

from heidi_conformance.contract._operations import EVERY, route
from heidi_conformance.evidence._history import Request, as_json
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import Resources, calls

from ._rule import ALL, DELETES, Script, decided, promised

# The headers of a library, and of a browser.
USUAL = (
    ("Accept-Encoding", "gzip, deflate"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
)
ODD_PATHS = (
    "%00", "%FF", "%F0%9F%91%A8", "%25", "%", "%zz", "x" * 300, "3" * 2000, "8" * 6000, "9" * 40, "%2e%2e", "%2E", "abc", "%0a",
    "1%0d%0a2", "%ff%fe", "%5C", "%27%20OR%201=1--", "{{}}", "__proto__",
)  # fmt: skip
# Malformed validators and a stale range, which a server must ignore.
ODD_HEADERS = (
    (("If-None-Match", "tag"),),
    (("If-Modified-Since", "yesterday"),),
    (("Range", "bytes=0-10"), ("If-Range", '"of-nothing"')),
)


def basics(on: Resources) -> None:
    """A resource as the document shows it: created, updated, read and listed."""
    name = on.new({})
    on.read(name)
    on.update(name, on.fields.change(60))
    on.look(name)
    on.page()
    on.page(1)
    for header in USUAL:
        on.page(10, headers=(header,))
        on.read(name, headers=(header,))
    body = on.operations["create"].body if "create" in on.operations else None
    # The same twice makes two.
    for sample in (None, *(body.samples if body else ()) * 2, None):
        # A server that knows its patients may refuse the sample.
        made = on.probe.name()
        on.create(made, None if sample is None else as_json(sample))
        if made in on.probe.bindings.values:
            on.read(made)


def operations(probe: Probe) -> None:
    """Every operation as the document shows it, for an unknown id, and with every parameter."""
    for call in calls(probe):
        for names in call.unknown():
            call.send(names)
        call.send()
        if call.operation.id in DELETES:
            call.send()
        for parameter in call.operation.free:
            for value in (*parameter.values, parameter.sample):
                call.send(values={parameter.name: value})


def odd_paths(on: Resources) -> None:
    """Ids, paths and conditions that crash a careless server."""
    inner = on.request("read", name := on.new()).target
    for text in ODD_PATHS:
        on.read(text)
    outer, _, _ = inner.rpartition("/")
    for path in (
        "/no-such-path-5c81f0", f"{outer}/", outer[:-1], "/", f"{outer}/1/2", outer.title(), f"{outer}x", f"{inner}/", f"{inner}/audio",
        *(f"{on.operations[action].path}/1" for action in ("list",) if action in on.operations),
    ):  # fmt: skip
        if not route(path).path:
            on.probe.send(Request("GET", path, media_type=None))
    for headers in ((), *ODD_HEADERS):
        on.read(name, headers=headers)


RULES = (
    promised("answers", "S19", ALL, "every request gets one whole response"),
    promised("no-server-error", "S19", ALL, "no input yields a 5xx"),
    promised("works", "", EVERY, "a request as the page shows it succeeds", "responses", "2XX"),
    promised("json-answers", "", ALL, "responses are application/json", "responses", "2XX", "content"),
    promised("answer-schema", "", ALL, "a response has the properties and types of the document", "responses", "2XX"),
    decided("declared-status", "S21", ALL, "a status is declared on the operation that responds with it"),
    decided("retry-after", "S21", EVERY, "429 carries `Retry-After` in seconds"),
)  # fmt: skip
USUALLY = ("answers", "no-server-error", "works", "json-answers", "answer-schema", "created-exists", "unknown-id", "id-unique")  # fmt: skip
SCRIPTS = (
    Script(basics, "documented", (*USUALLY, "page-bound"), ("read",), reads=True),
    Script(operations, "documented", (*USUALLY, "deleted"), reads=True),
    Script(odd_paths, "strict", ("no-server-error", "declared-status", "error-shape", "exact-lookup"), ("read",), once=True),
)  # fmt: skip
