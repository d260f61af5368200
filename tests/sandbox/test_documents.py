"""A sandbox of another document: other resources, verbs, statuses and types."""

import json
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from heidi_sandbox import CannotServeError, Sandbox, __main__, create_app
from heidi_sandbox._document import read_document
from heidi_sandbox._schemas import Schemas
from heidi_sandbox._site import token_command
from heidi_sandbox._tokens import Tokens

from tests.sandbox.stores import OpenStore

Node = dict[str, Any]

KEY = "a key of mine"
RUNNING = Sandbox("http://x/v9", KEY, Tokens(b"s" * 32, 60), Future())
SAMPLE = {
    "uid": "w-0123456789abcdef",
    "label": "",
    "size": 1,
    "tags": [],
    "made": "2000-01-01T00:00:00.000Z",
}


def semantics(action: str, resource: str = "Widget", **more: Any) -> Node:
    return {"action": action, "resource": resource, **more}


def returns(status: str, schema: Node | None = None, example: object = None) -> Node:
    if schema is None:
        return {status: {"description": "done"}}
    media: Node = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {status: {"description": "done", "content": {"application/json": media}}}


def ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(place: str, name: str, schema: Node, **more: Any) -> Node:
    return {"in": place, "name": name, "required": place == "path", "schema": schema, **more}


def taking(name: str) -> Node:
    return {"required": True, "content": {"application/json": {"schema": ref(name)}}}


def problem(kind: str) -> Node:
    return {"problem": {"kind": kind, "words": f"an example of {kind}"}}


def errors(**kinds: str) -> Node:
    return {
        status[1:]: {
            "description": kind,
            "content": {"application/json": {"schema": ref("Problem"), "example": problem(kind)}},
        }
        for status, kind in kinds.items()
    }


def document() -> Node:
    """Return a document that has no name in common with ours."""
    at_widget = parameter("path", "widget", {"type": "string"})
    unknown = errors(_404="NoWidget", _401="Stranger", _405="NoMethod", _422="Wrong", _400="Broken")
    page = {"items": "/data/rows", "size": "limit", "token": "from", "next": "/more"}
    operations: Node = {
        "/widgets": {
            "post": {
                "operationId": "makeWidget",
                "requestBody": taking("WidgetForm"),
                "responses": {**returns("201", ref("WidgetBox")), **unknown},
                "x-semantics": semantics("create", result="/box/widget", id="/box/key"),
            },
            "get": {
                "operationId": "allWidgets",
                "parameters": [
                    parameter("query", "limit", {"type": "integer", "minimum": 1, "default": 2}),
                    parameter("query", "from", {"type": "string"}),
                    parameter("query", "big", {"type": "boolean"}),
                    parameter("query", "day", {"type": "string", "format": "date"}),
                    parameter("query", "above", {"type": "number", "exclusiveMinimum": 0}),
                    parameter("query", "order", {"enum": ["UP", "DOWN"], "type": "string"}),
                    parameter("query", "ids", {"type": "array", "items": {"type": "integer"}}),
                    parameter(
                        "query",
                        "words",
                        {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                        explode=False,
                    ),
                    parameter(
                        "query",
                        "where",
                        {"type": "object", "properties": {"size": {"type": "integer"}}},
                        style="deepObject",
                    ),
                    parameter("header", "X-Depth", {"type": "integer", "maximum": 9}),
                ],
                "responses": {**returns("200", ref("WidgetPage")), **unknown},
                "x-semantics": semantics("list", page=page),
            },
        },
        "/widgets/{widget}": {
            "parameters": [at_widget],
            "get": {
                "operationId": "oneWidget",
                "responses": {**returns("200", ref("Widget"), SAMPLE), **unknown},
                "x-semantics": semantics("read", result=""),
            },
            "patch": {
                "operationId": "fixWidget",
                "requestBody": taking("WidgetForm"),
                "responses": {**returns("202", ref("Widget")), **unknown},
                "x-semantics": semantics("update", result=""),
            },
            "delete": {
                "operationId": "dropWidget",
                "responses": {**returns("204"), **unknown},
                "x-semantics": semantics("delete"),
            },
        },
        "/widgets/{widget}/archive": {
            "post": {
                "operationId": "archiveWidget",
                "parameters": [at_widget],
                "responses": {**returns("202", ref("Widget")), **unknown},
                "x-semantics": semantics("act", result=""),
            }
        },
        "/widgets/{widget}/history/{version}": {
            "get": {
                "operationId": "widgetHistory",
                "parameters": [at_widget, parameter("path", "version", {"type": "integer"})],
                "responses": {**returns("200", {"type": "array"}, [{"by": "nobody"}]), **unknown},
            }
        },
        "/widgets/{widget}/ping": {
            "put": {
                "operationId": "pingWidget",
                "parameters": [at_widget],
                "responses": {**returns("204"), **unknown},
            }
        },
        "/widgets/{widget}/parts": {
            "parameters": [at_widget],
            "post": {
                "operationId": "makePart",
                "responses": {**returns("201", ref("Part")), **unknown},
                "x-semantics": semantics("create", "Part", result=""),
            },
            "get": {
                "operationId": "allParts",
                "parameters": [
                    parameter("query", "limit", {"type": "integer", "default": 10}),
                    parameter("query", "from", {"type": "integer"}),
                ],
                "responses": {**returns("200", ref("PartPage")), **unknown},
                "x-semantics": semantics("list", "Part", page={**page, "items": "/rows"}),
            },
        },
        "/tokens": {
            "get": {
                "operationId": "getToken",
                "security": [{"key": []}],
                "parameters": [
                    parameter("query", "who", {"type": "string"}),
                    parameter("query", "where", {"type": "integer"}),
                ],
                "responses": {**returns("200", ref("Ticket")), **unknown},
                "x-semantics": {
                    "action": "issue",
                    "scheme": "ticket",
                    "user": ["who", "where"],
                    "token": "/ticket",
                    "expires": "/until",
                },
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Widgets", "version": "1"},
        "servers": [{"url": "https://widgets.example/v9"}],
        "security": [{"ticket": []}],
        "paths": operations,
        "components": {"securitySchemes": dict(SCHEMES), "schemas": schemas()},
    }


SCHEMES = {
    "ticket": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Partner"},
}


def schemas() -> Node:
    text = {"type": "string"}
    label = {**text, "maxLength": 20}
    counts = {
        "type": "object",
        "additionalProperties": {"type": "integer"},
        "propertyNames": {"pattern": "^[a-z]$"},
        "maxProperties": 3,
    }
    mood = {"oneOf": [{"enum": ["AWFUL", "BAD", "DULL", "FAIR", "GOOD"]}, {"type": "null"}]}
    return {
        "Widget": {
            "type": "object",
            "required": ["uid", "label", "made", "size"],
            "properties": {
                "uid": {**text, "pattern": "^w-[0-9a-f]{16}$", "readOnly": True},
                "label": {**label, "x-semantics": {"initial": "Widget {number}"}},
                "size": {"type": "integer", "minimum": 1},
                "tags": {"type": "array", "items": text},
                "made": {**text, "format": "date-time", "readOnly": True},
                "touched": {**text, "format": "date-time"},
                "owner": {"oneOf": [ref("Owner"), {"type": "null"}]},
                "counts": counts,
            },
            "x-semantics": {
                "id": "uid",
                "parameter": "widget",
                "owner": "ticket",
                "created": "made",
                "updated": "touched",
            },
        },
        "Owner": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": text,
                "since": {**text, "format": "date"},
                "counts": {**counts, "x-semantics": {"replaced": True}},
            },
        },
        "WidgetForm": {
            "type": "object",
            "properties": {
                "title": {**label, "x-semantics": {"stored_as": "label"}},
                "size": {"type": "integer"},
                "tags": {"type": "array", "items": text},
                "owner": ref("Owner"),
                "counts": counts,
                "mood": mood,
                "secret": {**text, "writeOnly": True},
            },
        },
        "WidgetBox": {
            "type": "object",
            "required": ["box", "version"],
            "properties": {
                "version": {"type": "integer", "minimum": 3},
                "box": {
                    "type": "object",
                    "required": ["key", "widget"],
                    "properties": {"key": text, "widget": ref("Widget")},
                },
            },
        },
        "WidgetPage": {
            "type": "object",
            "required": ["data"],
            "properties": {
                "data": {
                    "type": "object",
                    "required": ["rows"],
                    "properties": {"rows": {"type": "array", "items": ref("Widget")}},
                },
                "more": {"type": ["string", "null"]},
            },
        },
        "Part": {
            "type": "object",
            "required": ["part", "kind"],
            "properties": {
                "part": {"type": "string", "format": "uuid"},
                "kind": {"enum": ["NUT", "BOLT"]},
                "nth": {"type": "string", "x-semantics": {"initial": "no. {number}"}},
            },
            "x-semantics": {"id": "part", "owner": "ticket"},
        },
        "PartPage": {
            "type": "object",
            "required": ["rows"],
            "properties": {
                "rows": {"type": "array", "items": ref("Part")},
                "more": {"type": ["integer", "null"]},
            },
        },
        "Ticket": {
            "type": "object",
            "required": ["ticket", "until"],
            "properties": {"ticket": text, "until": {"type": "integer"}},
        },
        "Problem": {
            "type": "object",
            "properties": {"problem": {"properties": {"kind": text, "words": text}}},
            "x-semantics": {"error": {"type": "/problem/kind", "message": "/problem/words"}},
        },
    }


class Client:
    """A user of a sandbox that serves a document, without a socket."""

    def __init__(self, store: OpenStore, root: Node, who: str = "ann") -> None:
        self._runner = store.runner
        app: Any = create_app(
            store.store,
            secret=b"s" * 32,
            api_key=KEY,
            token_lifetime=60,
            url="http://sandbox.example/v9",
            root=root,
        )
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x/v9")
        response = self.send("GET", f"/tokens?who={who}&where=1", headers={"X-Partner": KEY})
        assert 200 == response.status_code, response.text
        self.ticket: Node = response.json()
        self._client.headers["authorization"] = f"Bearer {self.ticket['ticket']}"

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **more))

    def make(self, **properties: Any) -> Node:
        response = self.send("POST", "/widgets", json=properties)
        assert 201 == response.status_code, response.text
        widget: Node = response.json()["box"]["widget"]
        return widget

    def error(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        response = self.send(method, path, **more)
        return response.status_code, response.json()["problem"]["kind"]


@pytest.fixture
def ann(store: OpenStore) -> Client:
    return Client(store, document())


@pytest.fixture
def bob(store: OpenStore, ann: Client) -> Client:
    return Client(store, document(), "bob")


def test_a_create_returns_the_declared_status_the_resource_and_the_id(ann: Client) -> None:
    response = ann.send("POST", "/widgets", json={"size": 7, "tags": ["a"], "nonsense": 1})
    assert 201 == response.status_code
    assert 3 == response.json()["version"]
    box = response.json()["box"]
    assert box["key"] == box["widget"]["uid"]
    assert ("Widget 1", 7, ["a"]) == tuple(
        box["widget"][name] for name in ("label", "size", "tags")
    )
    assert box["widget"] == ann.send("GET", f"/widgets/{box['key']}").json()
    assert "nonsense" not in box["widget"]


def test_an_update_keeps_what_the_resource_has_and_ignores_the_rest(ann: Client) -> None:
    uid = ann.make()["uid"]
    path = f"/widgets/{uid}"
    response = ann.send("PATCH", path, json={"title": "x", "secret": "y", "uid": "z", "label": "q"})
    assert (202, "x", uid) == (
        response.status_code,
        response.json()["label"],
        response.json()["uid"],
    )
    assert "secret" not in response.json()
    owned = ann.send("PATCH", path, json={"owner": {"name": "A", "alien": 1}}).json()
    assert {"name": "A"} == owned["owner"]
    merged = ann.send("PATCH", path, json={"owner": {"name": "A", "since": "2000-02-29"}}).json()
    assert {"name": "A", "since": "2000-02-29"} == merged["owner"]
    assert merged == ann.send("PATCH", path, json={}).json()
    assert merged["touched"] > owned["touched"] > merged["made"]


def test_an_object_is_merged_unless_the_document_says_that_it_is_replaced(ann: Client) -> None:
    two, one = {"a": 1, "b": 2}, {"a": 3}
    uid = ann.make(owner={"name": "A", "counts": two}, counts=two)["uid"]
    sent = {"owner": {"name": "A", "counts": one}, "counts": one}
    changed = ann.send("PATCH", f"/widgets/{uid}", json=sent).json()
    assert {"name": "A", "counts": one} == changed["owner"]
    assert {"a": 3, "b": 2} == changed["counts"]
    emptied = {"name": "A", "counts": {}}
    changed = ann.send("PATCH", f"/widgets/{uid}", json={"owner": emptied}).json()
    assert emptied == changed["owner"]
    assert changed == ann.send("GET", f"/widgets/{uid}").json()


def test_a_value_that_the_resource_does_not_allow_is_422_and_changes_nothing(
    ann: Client,
) -> None:
    widget = ann.make()
    assert (422, "Wrong") == ann.error("PATCH", f"/widgets/{widget['uid']}", json={"size": 0})
    assert (422, "Wrong") == ann.error("POST", "/widgets", json={"size": 0})
    assert widget == ann.send("GET", f"/widgets/{widget['uid']}").json()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([], "body must be an object"),
        ({"size": "Zaphod"}, "size must be an integer"),
        ({"size": 2**53 + 1}, "size has more digits than a double holds"),
        ({"size": 0}, "size must be at least 1"),
        ({"title": "Zaphod" * 9}, "title must have at most 20 characters"),
        ({"tags": ["", None]}, "tags[1] must be a string"),
        ({"owner": {}}, "owner.name is missing"),
        (
            {"owner": {"name": "", "since": "Zaphod"}},
            "owner.since must be a date such as 1930-01-01",
        ),
        ({"mood": "Zaphod"}, 'mood must be one of "AWFUL", "BAD", "DULL", "FAIR", "GOOD" or null'),
        ({"counts": {"Zaphod": 1}}, "counts has a key that must match ^[a-z]$"),
        ({"counts": {"z": "Zaphod"}}, "counts.* must be an integer"),
        ({"counts": {"z": 2**60 + 1}}, "counts.* has more digits than a double holds"),
        ({"counts": dict.fromkeys("cdef", 1)}, "counts must have at most 3 properties"),
        ({"counts": dict.fromkeys("cd", 1)}, "counts must have at most 3 properties"),
    ],
)
def test_a_message_says_what_is_valid_and_repeats_nothing_of_the_request(
    ann: Client, sent: object, message: str
) -> None:
    path = f"/widgets/{ann.make(counts={'a': 1, 'b': 2})['uid']}"
    response = ann.send("PATCH", path, json=sent)
    assert (422, message) == (response.status_code, response.json()["problem"]["words"])


def test_a_declared_location_leads_to_the_resource(store: OpenStore) -> None:
    root = document()
    paths = root["paths"]
    link = {"schema": {"type": "string"}, "example": "/widgets/w-0"}
    for operation, status in (
        (paths["/widgets"]["post"], "201"),
        (paths["/widgets/{widget}/archive"]["post"], "202"),
        (paths["/widgets/{widget}/parts"]["post"], "201"),
    ):
        operation["responses"][status]["headers"] = {"Location": link}
    ann = Client(store, root)
    response = ann.send("POST", "/widgets", json={"size": 7})
    widget = response.json()["box"]["widget"]
    path = f"/widgets/{widget['uid']}"
    assert f"/v9{path}" == response.headers["location"]
    assert widget == ann.send("GET", path).json()
    assert f"/v9{path}" == ann.send("POST", f"{path}/archive").headers["location"]
    # No operation reads a part.
    assert link["example"] == ann.send("POST", f"{path}/parts").headers["location"]


def test_a_location_that_is_shown_as_a_url_names_the_sandbox(store: OpenStore) -> None:
    root = document()
    link = {"schema": {"type": "string", "format": "uri"}}
    root["paths"]["/widgets"]["post"]["responses"]["201"]["headers"] = {"Location": link}
    response = Client(store, root).send("POST", "/widgets", json={"size": 7})
    uid = response.json()["box"]["key"]
    assert f"http://sandbox.example/v9/widgets/{uid}" == response.headers["location"]


def test_declared_headers_are_sent_with_every_success(store: OpenStore) -> None:
    root = document()
    headers: Node = {
        "X-Cost": {"schema": {"type": "integer"}, "example": 3},
        "X-Free": {"schema": {"type": "boolean", "examples": [True]}},
        "X-Units": {"schema": {"type": "array", "items": {}}, "example": ["a", "b"]},
        "Content-Type": {"schema": {"type": "string"}, "example": "text/plain"},
    }
    for item in root["paths"].values():
        for name, operation in item.items():
            for status, declared in operation["responses"].items() if name != "parameters" else ():
                declared["headers"] = headers if status.startswith("2") else {"X-Cost": {}}
    ann = Client(store, root)
    path = f"/widgets/{ann.make()['uid']}"
    for response in (
        ann.send("POST", "/widgets", json={}),
        ann.send("GET", path),
        ann.send("GET", "/widgets"),
        ann.send("PATCH", path, json={}),
        ann.send("POST", f"{path}/archive"),
        ann.send("PUT", f"{path}/ping"),
        ann.send("DELETE", path),
    ):
        shown = [response.headers[name] for name in ("x-cost", "x-free", "x-units")]
        assert ["3", "true", "a,b"] == shown
        assert response.headers.get("content-type") in ("application/json", None)
    assert "x-cost" not in ann.send("GET", path).headers


def test_a_deleted_resource_is_gone_and_a_walk_stays_correct(ann: Client) -> None:
    uids = [ann.make()["uid"] for _ in range(5)]
    page = ann.send("GET", "/widgets").json()
    assert uids[:2:-1] == [row["uid"] for row in page["data"]["rows"]]
    response = ann.send("DELETE", f"/widgets/{uids[3]}")
    assert (204, b"") == (response.status_code, response.content)
    assert "content-length" not in response.headers
    assert ann.send("DELETE", f"/widgets/{uids[1]}").is_success
    seen = []
    while page["more"]:
        page = ann.send("GET", "/widgets", params={"from": page["more"]}).json()
        seen += [row["uid"] for row in page["data"]["rows"]]
    assert [uids[2], uids[0]] == seen
    for method in ("GET", "DELETE"):
        assert (404, "NoWidget") == ann.error(method, f"/widgets/{uids[3]}")
    assert "Widget 6" == ann.make()["label"]


def test_an_action_changes_the_timestamp_and_needs_an_id_of_the_caller(
    ann: Client, bob: Client
) -> None:
    widget = ann.make()
    response = ann.send("POST", f"/widgets/{widget['uid']}/archive")
    assert 202 == response.status_code
    assert {**widget, "touched": response.json()["touched"]} == response.json()
    assert response.json()["touched"] > widget["touched"]
    assert (404, "NoWidget") == bob.error("POST", f"/widgets/{widget['uid']}/archive")


def test_an_operation_without_semantics_is_served_from_its_example(
    ann: Client, bob: Client
) -> None:
    path = f"/widgets/{ann.make()['uid']}/history"
    assert [{"by": "nobody"}] == ann.send("GET", f"{path}/1").json()
    assert (404, "NoWidget") == ann.error("GET", f"{path}/x")
    assert (404, "NoWidget") == bob.error("GET", f"{path}/1")
    assert (401, "Stranger") == ann.error("GET", f"{path}/1", headers={"authorization": ""})
    response = ann.send("PUT", path.replace("history", "ping"))
    assert (204, b"") == (response.status_code, response.content)
    assert {"widgetHistory", "pingWidget"} == {*read_document(document()).without_semantics}


def test_a_second_resource_is_separate_and_belongs_to_the_first(ann: Client, bob: Client) -> None:
    first, second = (ann.make()["uid"] for _ in range(2))
    parts = [ann.send("POST", f"/widgets/{first}/parts").json() for _ in range(3)]
    assert ["no. 1", "no. 2", "no. 3"] == [part["nth"] for part in parts]
    assert {"NUT"} == {part["kind"] for part in parts}
    page = ann.send("GET", f"/widgets/{first}/parts?limit=2").json()
    assert parts[:0:-1] == page["rows"]
    rest = ann.send("GET", f"/widgets/{first}/parts?limit=2&from={page['more']}").json()
    assert {"rows": parts[:1], "more": None} == rest
    assert [] == ann.send("GET", f"/widgets/{second}/parts").json()["rows"]
    assert (404, "NoWidget") == bob.error("GET", f"/widgets/{first}/parts")
    assert (404, "NoWidget") == ann.error("GET", f"/widgets/{parts[0]['part']}")
    assert "Widget 3" == ann.make()["label"]


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        ("big=true", True),
        ("big=yes", False),
        ("day=2024-02-29", True),
        ("day=2023-02-29", False),
        ("above=0.5", True),
        ("above=1e2", True),
        ("above=0", False),
        ("above=.5", False),
        ("order=UP", True),
        ("order=up", False),
        ("ids=1&ids=2", True),
        ("ids=1&ids=x", False),
        ("words=a,b", True),
        ("words=a,b,c", False),
        ("words=a&words=b", False),
        ("where[size]=1", True),
        ("where[size]=x", False),
        ("limit=1", True),
        ("limit=1.0", False),
        ("limit=9999999999999999999999", False),
        ("limit=9007199254740993", True),
        ("other=1", True),
    ],
)
def test_a_query_parameter_is_read_by_its_schema(ann: Client, query: str, taken: bool) -> None:
    response = ann.send("GET", f"/widgets?{query}")
    assert (200 if taken else 422) == response.status_code, response.text


def test_a_header_parameter_is_read_by_its_schema(ann: Client) -> None:
    assert ann.send("GET", "/widgets", headers={"x-depth": "9"}).is_success
    for wrong in ("10", "x"):
        assert (422, "Wrong") == ann.error("GET", "/widgets", headers={"x-depth": wrong})


def test_credentials_and_errors_are_those_of_the_document(ann: Client) -> None:
    assert isinstance(ann.ticket["until"], int)
    for headers in ({"X-Partner": "no"}, {"authorization": f"Bearer {KEY}"}):
        response = ann.send("GET", "/tokens?who=a&where=1", headers=headers)
        assert (401, "X-Partner") == (response.status_code, response.headers["www-authenticate"])
        assert problem("Stranger") == response.json()
    assert (422, "Wrong") == ann.error("GET", "/tokens?who=a&where=x", headers={"X-Partner": KEY})
    assert (400, "Broken") == ann.error(
        "POST", "/widgets", content=b"{", headers={"content-type": "application/json"}
    )
    assert (405, "NoMethod") == ann.error("PUT", "/widgets")
    command = token_command(read_document(document()), "http://x/v9", "KEY")
    assert "'X-Partner: %s' KEY" in command
    assert command.endswith("--data-urlencode where=1 http://x/v9/tokens")


def test_a_property_that_is_added_later_appears_without_a_migration(
    store: OpenStore, ann: Client
) -> None:
    widget = ann.make(title="kept")
    newer = document()
    schema = newer["components"]["schemas"]["Widget"]
    schema["properties"] |= {
        "weight": {"type": "number", "minimum": 2},
        "color": {"type": "string"},
    }
    schema["required"].append("weight")
    del schema["properties"]["tags"]
    again = Client(store, newer)
    path = f"/widgets/{widget['uid']}"
    del widget["tags"]
    assert {**widget, "weight": 2} == again.send("GET", path).json()
    assert [{**widget, "weight": 2}] == again.send("GET", "/widgets").json()["data"]["rows"]
    changed = again.send("PATCH", path, json={"size": 5}).json()
    assert {**widget, "weight": 2, "size": 5, "touched": changed["touched"]} == changed
    assert 2 == again.make()["weight"]


PIN: Node = {"type": "string"}
HIDDEN: Node = {**PIN, "writeOnly": True}


@pytest.mark.parametrize(
    "lock",
    [
        {"required": ["pin"], "properties": {"pin": HIDDEN}},
        {"required": ["pin"], "properties": {"pin": ref("Pin")}},
        {"required": ["pin"], "properties": {"pin": {"allOf": [ref("Pin")]}}},
        {"required": ["pin"], "allOf": [{"properties": {"pin": HIDDEN}}]},
        {"required": ["pin"], "allOf": [ref("Lock")]},
        {"allOf": [ref("Lock"), {"required": ["pin"]}]},
        {"allOf": [ref("Lock"), ref("Needed")]},
        {"allOf": [ref("Lock"), {"properties": {"pin": PIN}}], "properties": {"pin": PIN}},
        {"$ref": "#/components/schemas/Lock", "required": ["pin"]},
    ],
)
def test_what_is_only_written_is_neither_shown_nor_required_of_a_response(
    store: OpenStore, lock: Node
) -> None:
    root = document()
    known = root["components"]["schemas"]
    known["Pin"] = HIDDEN
    known["Lock"] = {
        "type": "object",
        "properties": {"pin": ref("Pin"), "open": {"type": "boolean"}},
    }
    known["Needed"] = {"required": ["pin"]}
    known["Widget"]["properties"]["lock"] = known["WidgetForm"]["properties"]["lock"] = lock
    user = Client(store, root)
    path = f"/widgets/{user.make()['uid']}"

    sent = {"pin": "1", "open": True}
    changed = user.send("PATCH", path, json={"lock": sent})

    assert 202 == changed.status_code, changed.text
    assert "pin" not in changed.json().get("lock", {})
    assert changed.json() == user.send("GET", path).json()


@pytest.mark.parametrize(
    ("lock", "sent", "shown"),
    [
        (
            {"properties": {"pin": HIDDEN}, "additionalProperties": True},
            {"pin": "1", "other": 2},
            {"other": 2},
        ),
        (
            {"additionalProperties": {"properties": {"pin": HIDDEN, "a": {}}}},
            {"k": {"pin": "1", "a": 1, "unknown": 2}},
            {"k": {"a": 1}},
        ),
    ],
)
def test_what_is_only_written_is_not_shown_in_open_objects_and_maps(
    store: OpenStore, lock: Node, sent: Node, shown: Node
) -> None:
    root = document()
    known = root["components"]["schemas"]
    for owner in ("Widget", "WidgetForm"):
        known[owner]["properties"]["lock"] = {"type": "object", **lock}
    user = Client(store, root)
    path = f"/widgets/{user.make()['uid']}"
    assert shown == user.send("PATCH", path, json={"lock": sent}).json()["lock"]
    assert shown == user.send("GET", path).json()["lock"]


@pytest.mark.parametrize("flag", ["readOnly", "writeOnly"])
@pytest.mark.parametrize(
    "properties",
    [
        {"id": "flag", "parent": {"allOf": [ref("Tree")]}},
        {"id": "flag", "child": {"allOf": [ref("Tree")], "properties": {"x": "flag"}}},
        {"next": {"allOf": [ref("Tree"), {"properties": {"id": "flag"}}]}},
    ],
)
def test_a_schema_within_itself_can_hide_properties(flag: str, properties: Node) -> None:
    text = json.dumps({"properties": properties}).replace('"flag"', f'{{"{flag}": true}}')
    schemas = Schemas({"components": {"schemas": {"Tree": json.loads(text)}}}, flag)
    assert flag not in json.dumps(schemas.root)
    assert '"#/components/schemas/Tree"' in json.dumps(schemas.root)


def test_a_resource_that_later_comes_first_does_not_affect_the_previous_one(
    store: OpenStore, ann: Client
) -> None:
    uid = ann.make()["uid"]
    newer = document()
    newer["paths"] = dict(reversed(newer["paths"].items()))
    again = Client(store, newer)
    assert uid == again.send("GET", f"/widgets/{uid}").json()["uid"]


def test_the_start_names_in_one_line_the_operations_served_from_examples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(__main__, "load_document", lambda: read_document(document()))
    greet = vars(__main__)["_greeting"]
    files = {"database_url_file": None, "api_key_file": None}
    options = Namespace(host="127.0.0.1", database_url=None, **files)
    *_, line = greet(RUNNING, options, show_key=True).splitlines()
    assert line.startswith("served from an example: ")
    assert line.endswith(" (no x-semantics)")
    assert "widgetHistory" in line
    monkeypatch.undo()
    assert "served from" not in greet(RUNNING, options, show_key=True)


def no_style(root: Node) -> None:
    root["paths"]["/widgets"]["get"]["parameters"][2]["style"] = "matrix"


def no_initial(root: Node) -> None:
    root["components"]["schemas"]["Widget"]["properties"]["size"]["x-semantics"] = {"initial": 0}


def no_example(root: Node) -> None:
    history = root["paths"]["/widgets/{widget}/history/{version}"]["get"]
    history["responses"]["200"]["content"]["application/json"]["example"] = 7


def no_scheme(root: Node) -> None:
    root["components"]["securitySchemes"]["key"] = {"type": "oauth2", "flows": {}}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_style, "parameter big: style matrix is not served"),
        (no_initial, "a new Widget would not be valid: Widget.size must be at least 1; give it"),
        (no_example, "widgetHistory: its response would not be valid: status 200: body must be"),
        (no_scheme, "security scheme key: oauth2 is not served"),
    ],
)
def test_an_unsupported_document_is_one_line_that_names_the_place(
    store: OpenStore, spoil: Callable[[Node], None], words: str
) -> None:
    root = document()
    spoil(root)
    with pytest.raises(CannotServeError) as raised:
        Client(store, root)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
