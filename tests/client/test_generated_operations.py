"""The generated operations, against the document they were generated from."""

from __future__ import annotations

import copy
import traceback
from typing import Any
from urllib.parse import unquote

import heidi_spec
import pytest
from heidi_generated import document
from heidi_generated.api import OPERATIONS
from heidi_generated.models import Session, SessionPage
from heidi_generated.types import MismatchError, Operation, Request, path_segment, query
from heidi_sessions import Heidi
from hypothesis import given
from hypothesis import strategies as st

DOCUMENT = heidi_spec.load("client")
EXAMPLES = DOCUMENT["components"]["examples"]
PAGE: dict[str, Any] = EXAMPLES["listLinkedUserSessions.200"]["value"]
SECRET = "Ümit Özdemir"
BY_ID = {each.id: each for each in OPERATIONS}
CREATE, READ, UPDATE = BY_ID["createSession"], BY_ID["getSession"], BY_ID["updateSession"]
LIST, ISSUE = BY_ID["listLinkedUserSessions"], BY_ID["issueToken"]


def test_there_is_an_operation_for_each_of_the_document_and_no_other() -> None:
    expected = {
        (operation["operationId"], method.upper(), route)
        for route, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert expected == {(each.id, each.method, each.route) for each in OPERATIONS}
    assert len(expected) == len(OPERATIONS)


def test_the_document_says_its_version_servers_and_regions() -> None:
    assert DOCUMENT["info"]["version"] == document.VERSION
    assert [server["url"] for server in DOCUMENT["servers"]] == [
        document.BASE_URL,
        document.REGION_URL,
    ]
    assert DOCUMENT["servers"][1]["variables"]["region"]["enum"] == list(document.REGIONS)


# Requests


def test_a_request_has_the_path_the_query_and_the_body_of_its_arguments() -> None:
    update = UPDATE.build(["a/b"], {}, {"duration": 60})
    assert "/sessions/a%2Fb" == update.path
    assert {"duration": 60} == update.json
    assert {} == update.params
    assert UPDATE is update.operation
    page = LIST.build((), {"page_size": 5, "page": "x&y"})
    assert "/sessions/linked-user" == page.path
    assert {"page_size": 5, "page": "x&y"} == page.params
    assert page.json is None
    token = ISSUE.build((), {"email": "a@b.c", "third_party_internal_id": "1"})
    assert {"email": "a@b.c", "third_party_internal_id": "1"} == token.params


def test_omitted_arguments_are_not_sent() -> None:
    assert {} == LIST.build((), {}).params
    assert {"page_size": 0} == LIST.build((), {"page_size": 0}).params
    assert CREATE.build((), {}).json is None
    assert {} == CREATE.build((), {}, {}).json


def test_a_query_writes_booleans_as_json_does() -> None:
    assert {"a": "true", "b": "false", "c": 1} == query({"a": True, "b": False, "c": 1})


@given(value=st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_an_id_stays_within_its_segment_of_the_path(value: str) -> None:
    path = READ.build([value], {}).path
    assert ["", "sessions", value] == [unquote(segment) for segment in path.split("/")]
    assert path.isascii()
    assert not set(path) & set("?#\\ \n")


@pytest.mark.parametrize("value", ["", ".", "..", "\ud800"])
def test_an_id_that_cannot_be_a_segment_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^session_id must not ") as caught:
        READ.build([value], {})
    assert caught.value.__cause__ is None
    assert "..." == path_segment("session_id", "...")


def test_the_repr_of_a_request_shows_no_argument() -> None:
    request = UPDATE.build([SECRET], {}, {"created_time_local": SECRET})
    assert "Request(PATCH /sessions/{session_id})" == repr(request)
    token = ISSUE.build((), {"email": SECRET, "third_party_internal_id": SECRET})
    assert "Request(GET /jwt)" == repr(token)


def test_a_request_goes_out_with_its_headers_and_each_value_of_its_query() -> None:
    request = Request(
        operation=READ,
        path="/sessions/1",
        params={"tag": ["a b", "c"], "deep[new]": "true", "none": []},
        json=None,
        headers={"x-tag": "own", "accept": "text/plain"},
    )
    headers = {"X-Tag": "default", "X-Other": "kept"}
    client = Heidi(base_url="http://127.0.0.1:1", token="t", default_headers=headers)
    sent = client._engine.settings.prepare(request, None)
    assert "http://127.0.0.1:1/sessions/1?tag=a+b&tag=c&deep%5Bnew%5D=true" == sent.url
    assert ("own", "kept") == (sent.headers["x-tag"], sent.headers["x-other"])
    assert ["own"] == [value for name, value in sent.headers.items() if name.lower() == "x-tag"]


# Responses


@pytest.mark.parametrize(
    ("operation", "example"),
    [
        (CREATE, "createSession.200"),
        (READ, "getSession.200"),
        (UPDATE, "updateSession.200"),
        (LIST, "listLinkedUserSessions.200"),
    ],
)
def test_each_sample_is_read_strictly_and_written_as_it_was(
    operation: Operation, example: str
) -> None:
    sample = EXAMPLES[example]["value"]
    read = operation.decode(copy.deepcopy(sample), strict=True)
    assert read is not None
    assert sample == read.to_dict()


@pytest.mark.parametrize("response", [None, "text", 7, True, [], [{}], {}, {"session": []}])
def test_no_response_crashes_and_a_strict_reader_refuses_it(response: object) -> None:
    for operation in (CREATE, READ, LIST):
        operation.decode(copy.deepcopy(response))
        with pytest.raises(MismatchError, match=r"^\$.*: expected "):
            operation.decode(response, strict=True)


def test_a_response_with_an_unknown_property_is_read_strictly() -> None:
    response = {**copy.deepcopy(PAGE), "new": 1}
    read = LIST.decode(response, strict=True)
    assert read is not None
    assert {"new": 1} == read.additional_properties


@pytest.mark.parametrize(
    ("operation", "example", "path"),
    [
        (READ, "getSession.200", "$.session.patient.dob"),
        (LIST, "listLinkedUserSessions.200", "$.sessions[0].patient.dob"),
    ],
)
def test_a_mismatch_shows_no_value_even_in_a_traceback_with_variables(
    operation: Operation, example: str, path: str
) -> None:
    response = copy.deepcopy(EXAMPLES[example]["value"])
    session = response["session"] if "session" in response else response["sessions"][0]
    session["patient"] = {"name": SECRET, "gender": None, "dob": SECRET}
    with pytest.raises(MismatchError) as caught:
        operation.decode(response, strict=True)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    # The first frame is this test, which holds the response itself.
    frames = [frame for frame in report.stack if frame.filename != __file__]
    assert frames
    assert SECRET not in "".join(str(frame.locals) for frame in frames) + str(caught.value)
    assert path == caught.value.path
    assert caught.value.__context__ is None


def test_reading_a_page_changes_the_json_only_with_consume() -> None:
    response = copy.deepcopy(PAGE)
    page = SessionPage.from_dict(response)
    assert response == PAGE
    assert page == LIST.decode(response)
    assert isinstance(response["sessions"][0], Session)
