"""S4, S5, S18 and S21: methods, bodies and the shape of errors."""

import contextlib
import gzip
import json
import logging
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import heidi_spec
import httpx
import pytest
from heidi_sandbox import CannotServeError, Sandbox, serving
from heidi_sandbox._asgi import App, Message, Receive, Response, Scope, Send
from heidi_sandbox._document import load_document
from heidi_sandbox._errors import StoreUnavailableError
from heidi_sandbox._resources import Resource
from heidi_sandbox._sqlite import SqliteStore

from tests.sandbox.api import TRUST, Api, error_of, exchange, message_of, status_and_body

LIMIT = 1024 * 1024
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
DOCUMENTED = {
    "/sessions": {"POST"},
    "/sessions/1": {"GET", "PATCH"},
    "/sessions/linked-user": {"GET"},
}


@pytest.mark.parametrize("path", sorted(DOCUMENTED))
def test_s4_a_method_that_is_not_documented_is_405_and_allow_names_those_that_are(
    api: Api, path: str
) -> None:
    for method in sorted(set(METHODS) - DOCUMENTED[path]):
        response = api.request(method, path)
        assert (405, "MethodNotAllowedError") == error_of(response)
        assert DOCUMENTED[path] == set(response.headers["allow"].split(", "))
    assert 405 == api.head(path).status_code


def test_s4_the_token_operation_has_one_method(sandbox: Sandbox) -> None:
    response = httpx.post(
        f"{sandbox.url}/jwt", headers={"Heidi-Api-Key": sandbox.api_key}, verify=TRUST
    )
    assert (405, "MethodNotAllowedError") == error_of(response)
    assert "GET" == response.headers["allow"]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "APPLICATION/Json",
        "application/json; charset=utf-8",
        "application/json ;x=y",
    ],
)
def test_s5_a_body_is_application_json_in_any_case_with_parameters(
    api: Api, media_type: str
) -> None:
    headers = {"content-type": media_type}
    response = api.patch(f"/sessions/{api.create()}", content=b'{"duration":1}', headers=headers)
    assert 1 == response.json()["session"]["duration"]


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "application/jsonp",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "application/json, text/plain",
        "application/ json",
    ],
)
def test_s5_a_body_of_another_type_is_415(api: Api, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    unsupported = (415, "UnsupportedMediaTypeError")
    session_id = api.create()
    for response in (
        api.patch(f"/sessions/{session_id}", content=b'{"duration":1}', headers=headers),
        api.post("/sessions", content=b"{}", headers=headers),
    ):
        assert unsupported == error_of(response)
    assert 0 == api.session(session_id)["duration"]
    assert 1 == api.page()["total_count"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b'{"duration": 1,}',
        b"{'duration': 1}",
        b'{"duration": 01}',
        b'{"duration": +1}',
        b'{"duration": .5}',
        b'{"duration": 0x10}',
        b'{"duration": NaN}',
        b'{"duration": Infinity}',
        b'{"duration": -Infinity}',
        b'{"extra": NaN}',
        b'{"duration": 1, "duration": 2}',
        b'{"extra": {"a": 1, "a": 1}}',
        b'{"patient": {"name": "\xff"}}',
        b'{"patient": {"name": "\xed\xa0\x80"}}',
        b'{"patient": {"name": "a\nb"}}',
        b'{"patient": {"name": "\\x"}}',
        b"\xef\xbb\xbf{}",
        '{"duration": 1}'.encode("utf-16"),
        b'{"duration": \xd9\xa1}',
        gzip.compress(b"{}", mtime=0),
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"extra": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_s5_broken_json_is_400(api: Api, body: bytes) -> None:
    session_id = api.create()
    assert (400, "MalformedRequestError") == error_of(api.patch_raw(session_id, body))
    assert 0 == api.session(session_id)["duration"]


@pytest.mark.parametrize("body", ["[]", "null", "1", '"x"', "true", "[{}]"])
def test_s5_json_that_is_not_an_object_is_422(api: Api, body: str) -> None:
    response = api.patch_raw(api.create(), body)
    assert (422, "InvalidRequestError") == error_of(response)
    assert message_of(response).startswith("body must be an object")


def test_s5_deep_arrays_instead_of_a_string_are_refused(api: Api) -> None:
    for depth in (10, 250, 260, 400):
        body = '{"clinician_notes": ' + "[" * depth + "]" * depth + "}"
        assert 422 == api.patch_raw(api.create(), body).status_code


def padded(size: int) -> bytes:
    body = b'{"duration": 1, "extra": "%b"}'
    return body % (b"x" * (size - len(body % b"")))


def test_s5_a_body_may_have_exactly_1_mib(api: Api) -> None:
    session_id = api.create()
    assert 413 == api.patch_raw(session_id, padded(LIMIT + 1)).status_code
    assert 0 == api.session(session_id)["duration"]
    assert 200 == api.patch_raw(session_id, padded(LIMIT)).status_code
    assert 1 == api.session(session_id)["duration"]


@pytest.mark.parametrize("size", [LIMIT + 1, 8 * LIMIT])
def test_s5_a_larger_body_is_413_also_in_chunks(api: Api, size: int) -> None:
    headers = {"content-type": "application/json"}
    chunks = (padded(size)[start : start + 65536] for start in range(0, size, 65536))
    for response in (
        api.post("/sessions", content=chunks, headers=headers),
        api.post("/sessions", content=padded(size), headers=headers),
    ):
        assert (413, "ContentTooLargeError") == error_of(response)
    assert 0 == api.page()["total_count"]


@pytest.mark.parametrize(("token", "status"), [("wrong", 401), (None, 413)])
def test_a_caller_that_sends_everything_before_reading_gets_the_response(
    sandbox: Sandbox, token: str | None, status: int
) -> None:
    url = httpx.URL(sandbox.url)
    headers = {"authorization": f"Bearer {token or sandbox.token()}"}
    with contextlib.closing(HTTPConnection(url.host, url.port, timeout=20)) as connection:
        for _ in range(2):
            connection.request("POST", f"{url.path}/sessions", padded(6 * LIMIT), headers)
            response = connection.getresponse()
            assert (status, "application/json") == (
                response.status,
                response.headers["content-type"],
            )
            response.read()


def test_s5_a_caller_that_expects_100_gets_413_before_sending_the_body(sandbox: Sandbox) -> None:
    head = (
        f"POST {httpx.URL(sandbox.url).path}/sessions HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {sandbox.token()}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {LIMIT + 1}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    response = exchange(sandbox.url, head.encode())
    assert response.startswith(b"HTTP/1.1 413 ")
    assert "ContentTooLargeError" == status_and_body(response)[1]["detail"]["type"]


def test_s5_the_body_of_a_create_is_optional(api: Api) -> None:
    for headers in ({}, {"content-type": "application/json"}, {"content-type": "text/plain"}):
        assert 200 == api.post("/sessions", headers=headers).status_code


# One request for each kind of error, with a value in it that no message may repeat.
SECRET = "Zaphod77"
ERRORS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"/{SECRET}", {}),
    ("GET", f"/sessions/{SECRET}", {}),
    ("DELETE", f"/sessions/{SECRET}", {}),
    ("GET", f"/sessions/linked-user?page_size={SECRET}", {}),
    ("GET", f"/sessions/linked-user?page={SECRET}", {}),
    ("GET", f"/sessions/linked-user?page=1&page={SECRET}", {}),
    ("POST", "/sessions", {"content": SECRET, "headers": {"content-type": SECRET}}),
    ("POST", "/sessions", {"content": SECRET, "headers": {"content-type": "application/json"}}),
    ("POST", "/sessions", {"json": SECRET}),
    ("POST", "/sessions", {"json": [SECRET]}),
    ("POST", "/sessions", {"json": {"ehr_appointment_id": [SECRET], SECRET: SECRET}}),
    *(
        ("PATCH", "/sessions/1", {"json": {name: value}})
        for name, value in {
            "duration": SECRET,
            "language_code": SECRET,
            "transcribe_mode": {SECRET: SECRET},
            "patient": {"name": [SECRET], "gender": SECRET, "dob": SECRET},
            "clinician_notes": [[SECRET], {SECRET: 1}],
            "is_consent": SECRET,
            "linked_sessions_for_context": SECRET,
        }.items()
    ),
    ("PATCH", "/sessions/1", {"json": {"patient": SECRET}}),
]


@pytest.mark.parametrize(("method", "path", "rest"), ERRORS)
def test_s18_every_error_has_one_shape_and_repeats_nothing_of_the_request(
    api: Api, method: str, path: str, rest: dict[str, Any]
) -> None:
    response = api.request(method, path, **rest)
    status, _ = error_of(response)
    assert 400 <= status < 500
    assert SECRET not in response.text
    assert SECRET not in str(response.headers)


def test_responses_are_not_cached(api: Api) -> None:
    assert "no-store" == api.get(f"/sessions/{api.create()}").headers["cache-control"]
    assert "no-store" == api.get("/sessions/1").headers["cache-control"]


def test_a_target_may_include_the_host(sandbox: Sandbox, api: Api) -> None:
    path = f"{sandbox.url}/sessions/{api.create()}"
    head = f"Host: x\r\nAuthorization: {api.headers['authorization']}\r\nConnection: close\r\n"
    response = exchange(sandbox.url, f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
    assert 200 == status_and_body(response)[0]


def test_s21_every_status_is_declared(api: Api, unlinked: Api) -> None:
    paths = heidi_spec.load("strict")["paths"]
    as_json = {"content-type": "application/json"}
    bodies: list[dict[str, Any]] = [
        {"content": b"{", "headers": as_json},
        {"content": padded(LIMIT + 1), "headers": as_json},
        {"content": b"x", "headers": {"content-type": "text/plain"}},
        {"json": []},
    ]
    for method, path, template in (
        ("POST", "/sessions", "/sessions"),
        ("PATCH", "/sessions/1", "/sessions/{session_id}"),
    ):
        declared = paths[template][method.lower()]["responses"]
        came = [str(api.request(method, path, **body).status_code) for body in bodies]
        assert ["400", "413", "415", "422"] == came
        assert {*came, "401", "405", "429"} < declared.keys()
    declared = paths["/sessions/linked-user"]["get"]["responses"]
    assert {"401", "403", "405", "422", "429"} < declared.keys()
    assert str(unlinked.get("/sessions/linked-user").status_code) in declared


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"duration": "Zaphod77"}, "duration must be a number"),
        ({"patient": {"name": "Zaphod77", "gender": "male", "dob": None}}, "patient.gender"),
        ({"session_id": "Zaphod77"}, "session_id must match "),
        ({"updated_at": "Zaphod77"}, "updated_at must match "),
    ],
)
def test_an_invalid_resource_is_500_and_logged_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: dict[str, Any],
    reason: str,
) -> None:
    new = Resource.new
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        monkeypatch.setattr(Resource, "new", lambda *of: {**new(*of), **broken})
        response = api.post("/sessions")
        assert 0 == api.page()["total_count"]
    assert (500, "InternalServerError") == error_of(response)
    assert "Zaphod77" not in response.text + caplog.text
    assert any(
        f"createSession: the response breaks the document: {reason}" in line
        for line in caplog.messages
    )


def test_a_bug_is_500_and_logged_without_the_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("Zaphod77")

    monkeypatch.setattr(Resource, "changed", fail)
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        session_id = api.create()
        response = api.patch(f"/sessions/{session_id}", json={"patient": {"name": "Zaphod77"}})
        assert "" == api.session(session_id)["patient"]["name"]
    assert (500, "InternalServerError") == error_of(response)
    assert "Zaphod77" not in response.text + caplog.text
    assert any("updateSession: ValueError at " in line for line in caplog.messages)


async def away(*_: object) -> None:
    raise StoreUnavailableError


def test_an_unavailable_store_is_503_and_not_logged_as_a_bug(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("create", "get", "page", "ping", "update"):
        monkeypatch.setattr(SqliteStore, name, away)
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        for response in (
            api.post("/sessions"),
            api.get("/sessions/1"),
            api.patch("/sessions/1", json={"duration": 1}),
            api.get("/sessions/linked-user"),
            httpx.get(httpx.URL(sandbox.url).join("/readyz"), verify=TRUST),
        ):
            assert (503, "StoreUnavailableError") == error_of(response)
            assert "1" == response.headers["retry-after"]
        assert 200 == httpx.get(httpx.URL(sandbox.url).join("/healthz"), verify=TRUST).status_code
    # The store has logged the failure; a line for each request would fill the disk.
    lines = [one for one in caplog.records if one.name == "heidi_sandbox"]
    assert ["the store is not ready: StoreUnavailableError"] == [one.getMessage() for one in lines]
    assert not any(one.exc_info for one in lines)


def test_an_undeclared_status_is_not_sent() -> None:
    get = next(one for one in load_document().operations if one.id == "getSession")
    error = json.dumps({"detail": {"msg": "", "type": ""}}).encode()
    assert "status 418 is not declared" == get.violation(Response(418, error))
    assert "status 401 lacks the header www-authenticate" == get.violation(Response(401, error))
    assert "status 404: detail.type is missing" == get.violation(
        Response(404, b'{"detail":{"msg":""}}')
    )
    assert "status 404: the body is not JSON" == get.violation(Response(404, b"{"))
    assert get.violation(Response(404, error)) is None


def test_a_test_may_wrap_the_application() -> None:
    def teapot(_app: App) -> App:
        async def response(_scope: Scope, _receive: Receive, send: Send) -> None:
            start: Message = {"type": "http.response.start", "status": 418, "headers": []}
            await send(start)
            await send({"type": "http.response.body", "body": b""})

        return response

    with serving(wrap=teapot) as sandbox:
        assert 418 == httpx.get(sandbox.url, verify=TRUST).status_code


def test_nothing_of_a_request_is_logged(caplog: pytest.LogCaptureFixture, sandbox: Sandbox) -> None:
    for logger in ("httpx", "httpcore"):
        caplog.set_level(logging.CRITICAL, logger)
    caplog.set_level(logging.DEBUG)
    with Api(sandbox.url, sandbox.token("zaphod77@example.com")) as api:
        api.get("/jwt?email=zaphod77@example.com", headers={"Heidi-Api-Key": sandbox.api_key})
        api.get("/zaphod77")
        session_id = api.create({"ehr_appointment_id": "zaphod77"})
        api.update(session_id, {"patient": {"name": "zaphod77"}})
        api.patch(f"/sessions/{session_id}", json={"duration": "zaphod77"})
        api.delete(f"/sessions/{session_id}")
        api.request("ZAPHOD77", f"/sessions/{session_id}")
    lines = [one.getMessage() for one in caplog.records if one.name == "heidi_sandbox.access"]
    assert all(re.fullmatch(r".+ \d{3} \d+\.\d ms", line) for line in lines)
    assert [
        "issueToken 422",
        "unknown path 404",
        "createSession 200",
        "updateSession 200",
        "updateSession 422",
        "DELETE /sessions/{session_id} 405",
        "another method of /sessions/{session_id} 405",
    ] == [line.rpartition(" ")[0].rpartition(" ")[0] for line in lines]
    assert "zaphod77" not in caplog.text.lower()
    assert session_id not in caplog.text


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_number_that_is_not_a_port_is_refused(port: int) -> None:
    with pytest.raises(CannotServeError, match="not a port"), serving(port=port):
        pass


# A page in a browser may call the sandbox, and nothing else changes.


PAGE = {"origin": "https://docs.example.com"}


@pytest.fixture(scope="module")
def cors() -> Iterator[Sandbox]:
    with serving(chaos=True) as running:
        yield running


def preflight(sandbox: Sandbox, path: str, **headers: str) -> httpx.Response:
    return httpx.options(f"{sandbox.url}{path}", headers={**PAGE, **headers}, verify=TRUST)


def test_a_preflight_request_needs_no_token(cors: Sandbox) -> None:
    response = preflight(cors, "/sessions/1", **{"access-control-request-method": "PATCH"})
    assert (204, b"") == (response.status_code, response.content)
    assert "*" == response.headers["access-control-allow-origin"]
    assert "GET, PATCH, POST" == response.headers["access-control-allow-methods"]
    assert (
        "authorization, content-type, heidi-api-key, heidi-sandbox-chaos"
        == (response.headers["access-control-allow-headers"])
    )


def test_options_that_is_not_a_preflight_is_an_ordinary_request(cors: Sandbox) -> None:
    assert 401 == preflight(cors, "/sessions/1").status_code


@pytest.mark.parametrize("path", ["/sessions/linked-user", "/sessions/0", "/nowhere"])
def test_a_page_may_read_every_response(cors: Sandbox, path: str) -> None:
    with Api(cors.url, cors.token()) as api:
        for headers in ({}, {"authorization": "Bearer wrong"}):
            response = api.get(path, headers={**PAGE, **headers})
            assert "*" == response.headers["access-control-allow-origin"]
            assert (
                "allow, location, retry-after, www-authenticate"
                == (response.headers["access-control-expose-headers"])
            )


def test_faults_on_demand_are_readable_as_well(cors: Sandbox) -> None:
    with Api(cors.url, cors.token()) as api:
        response = api.get("/sessions/0", headers={**PAGE, "heidi-sandbox-chaos": "rate-limited"})
    assert (429, "*") == (response.status_code, response.headers["access-control-allow-origin"])


def test_other_clients_get_no_cors_headers(cors: Sandbox) -> None:
    with Api(cors.url, cors.token()) as api:
        headers = api.get("/sessions/linked-user").headers
    assert [] == [name for name in headers if name.startswith("access-control-")]
