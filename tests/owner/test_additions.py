"""Whatever an owner adds to the document is in everything, with no other edit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.owner import subject
from tests.owner.edits import (
    add,
    error,
    failure,
    operation,
    parameter,
    record,
    ref,
    response,
    samples,
    schemas,
)
from tests.owner.project import path_of
from tests.owner.proxy import Fault, spoiling
from tests.owner.subject import (
    CREATE,
    ERROR,
    GROUP,
    ID,
    LIST,
    PAGE,
    READ,
    RESOURCE,
    RESULT,
    UPDATE,
    enumeration,
)

if TYPE_CHECKING:
    from tests.owner.conftest import Group

ENUM, AT_ENUM = enumeration()
TRANSCRIPTS, ARCHIVE = f"{READ.path}/transcript", f"{READ.path}/archive"
GIVEN = f"$0.{ID}"
TRANSCRIPT = {"text": "Good morning.", "speakers": 2}
LETTERS = ["SOAP", "REFERRAL", "LETTER"]

FIELDS: dict[str, tuple[Any, Any]] = {
    "visit_number": (7, 99),
    "is_telehealth": (True, "yes"),
    "note_kinds": (["LETTER", "SOAP"], ["POEM"]),
    "room": ({"building": "North", "floor": 2}, {"floor": "two"}),
    "labels": ({"ward": "3"}, {"ward": 3}),
    AT_ENUM: ("NON_BINARY", "NON_BINARI"),
}
"""A right value and a wrong one for each property that an update takes."""

QUERY = {
    "search": ("Doe", None),
    "created_after": ("2026-01-31", "2026-02-31"),
    "archived": ("true", "yes"),
    "sort_by": ("NEWEST", "BEST"),
}
"""A right value and a wrong one for each parameter; any string is right for the first."""


def edit(document: dict[str, Any]) -> None:
    """Add one of each."""
    add(document, "visit_number", RESOURCE, UPDATE.body, type="integer", minimum=1, maximum=20)
    add(document, "is_telehealth", UPDATE.body, type="boolean")
    schemas(document)["NoteKind"] = {**record(), "type": "string", "enum": LETTERS}
    del schemas(document)["NoteKind"]["properties"]
    kinds = {"type": "array", "items": ref("NoteKind")}
    add(document, "note_kinds", RESOURCE, UPDATE.body, **kinds)
    schemas(document)["Room"] = record()
    add(document, "building", "Room", type="string")
    add(document, "floor", "Room", type="integer")
    room = ref("Room")
    for owner in (RESOURCE, UPDATE.body):
        add(document, "room", owner, **room)
        del schemas(document)[owner]["properties"]["room"]["description"]
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    add(document, "labels", RESOURCE, UPDATE.body, **labels)
    schemas(document)[RESOURCE]["properties"]["labels"]["x-semantics"] = {"replaced": True}
    schemas(document)[ENUM]["enum"].append("NON_BINARY")
    add(document, "referral_code", CREATE.body, type="string", maxLength=12)
    add(document, "transcript_state", RESOURCE, type="string", examples=["READY"])
    for sample in samples(document):
        sample["transcript_state"] = "READY"
    document["paths"][LIST.path]["get"]["parameters"] += [
        parameter("search", type="string"),
        parameter("created_after", type="string", format="date"),
        parameter("archived", type="boolean"),
        parameter("sort_by", type="string", enum=["NEWEST", "OLDEST"]),
    ]
    document["paths"][CREATE.path]["post"]["responses"]["409"] = error("DuplicateSessionError")
    document["paths"][UPDATE.path]["patch"]["responses"]["409"] = error("DuplicateSessionError")
    session = document["paths"][READ.path]
    shown = {**response(), "content": session["get"]["responses"]["200"]["content"]}
    session["delete"] = operation(
        "removeIt",
        READ.tag,
        responses={"204": response()},
        **{"x-semantics": {"action": "delete", "resource": RESOURCE}},
    )
    schemas(document)["Transcript"] = record(("text", "speakers"))
    add(document, "text", "Transcript", type="string")
    add(document, "speakers", "Transcript", type="integer")
    document["paths"][TRANSCRIPTS] = {
        "parameters": session["parameters"],
        "get": operation(
            "getTranscript", READ.tag, responses={"200": response("Transcript", TRANSCRIPT)}
        ),
    }
    document["paths"][ARCHIVE] = {
        "parameters": session["parameters"],
        "post": operation(
            "archiveIt",
            READ.tag,
            responses={"200": shown},
            **{"x-semantics": {"action": "act", "resource": RESOURCE, "result": RESULT}},
        ),
    }


AT_NUMBER = (UPDATE.method, UPDATE.path, "/visit_number")
ALREADY = failure("DuplicateSessionError")
SPOILS = {
    "conflict": (Fault("refuse", *AT_NUMBER, ALREADY, 409),),
    "refuse": (Fault("refuse", *AT_NUMBER, ALREADY, 400),),
    "forget": (
        *(Fault("forget", UPDATE.method, UPDATE.path, f"/{at}") for at in FIELDS),
        Fault("ignore", "DELETE", READ.path, status=204),
        Fault("misshape", "GET", TRANSCRIPTS, "/speakers", "two"),
        Fault("misshape", "POST", ARCHIVE, f"{RESULT}/{ID}", 3),
    ),
    "accept": (
        *(Fault("accept", UPDATE.method, UPDATE.path, f"/{at}") for at in FIELDS),
        Fault("accept", CREATE.method, CREATE.path, "/referral_code"),
        *(Fault("accept", "GET", LIST.path, name) for name in QUERY),
    ),
    "misshape": (
        Fault("misshape", "GET", READ.path, f"{RESULT}/visit_number", 21),
        Fault("misshape", "GET", READ.path, f"{RESULT}/is_telehealth", "true"),
        Fault("misshape", "GET", READ.path, f"{RESULT}/note_kinds", ["POEM"]),
        Fault("misshape", "GET", READ.path, f"{RESULT}/room", {"floor": "two"}),
        Fault("misshape", "GET", READ.path, f"{RESULT}/transcript_state", 1),
    ),
    "share": (
        Fault("share", "GET", TRANSCRIPTS),
        Fault("share", "POST", ARCHIVE),
        Fault("share", "DELETE", READ.path),
        Fault("echo", UPDATE.method, UPDATE.path, "/visit_number"),
    ),
}


def nested(at: str, value: Any) -> dict[str, Any]:
    for name in reversed(at.split("/")):
        value = {name: value}
    found: dict[str, Any] = value
    return found


def shown(session: dict[str, Any], at: str) -> Any:
    for name in at.split("/"):
        session = session[name]
    return session


def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


@pytest.mark.parametrize("at", FIELDS)
def test_a_property_is_sent_stored_and_shown_by_the_client(group: Group, at: str) -> None:
    right, _ = FIELDS[at]
    _, updated, read, listed = group.user.call(
        [CREATE.call],
        [UPDATE.call, GIVEN, nested(at, right)],
        [READ.call, GIVEN],
        [LIST.call],
    )
    assert right == shown(updated, at) == shown(read, at)
    assert right in [shown(each, at) for each in listed if at.partition("/")[0] in each]


@pytest.mark.parametrize("at", FIELDS)
def test_a_property_is_sent_and_shown_by_the_command_line(group: Group, at: str) -> None:
    right, _ = FIELDS[at]
    update = json.dumps(nested(at, right))
    result = group.user.command(
        UPDATE.command, group.user.create(), "--input", "-", "--show-phi", stdin=update
    )
    assert 0 == result.returncode, result.stderr
    assert at.rpartition("/")[2] in result.stdout


@pytest.mark.parametrize("at", FIELDS)
def test_the_sandbox_refuses_a_wrong_value_and_names_the_property(group: Group, at: str) -> None:
    _, wrong = FIELDS[at]
    status, message = group.user.update(group.user.create(), nested(at, wrong))
    assert 422 == status
    assert at.rpartition("/")[2] in message


@pytest.mark.parametrize("at", FIELDS)
def test_the_judge_finds_a_server_that_forgets_a_property(group: Group, at: str) -> None:
    assert group.findings("forget", UPDATE.name, at.rpartition("/")[2])


@pytest.mark.parametrize("at", FIELDS)
def test_the_judge_finds_a_server_that_takes_a_wrong_value(group: Group, at: str) -> None:
    assert group.findings("accept", UPDATE.name, at.rpartition("/")[2])


@pytest.mark.parametrize("name", ["visit_number", "is_telehealth", "note_kinds", "room"])
def test_the_judge_finds_a_property_of_the_wrong_shape(group: Group, name: str) -> None:
    assert group.findings("misshape", READ.name, name)


def test_the_judge_finds_a_value_in_an_error(group: Group) -> None:
    assert group.findings("share", UPDATE.name, "value")


def test_a_map_that_is_replaced_loses_the_keys_that_an_update_does_not_send(group: Group) -> None:
    _, both, one, none = group.user.call(
        [CREATE.call],
        [UPDATE.call, GIVEN, {"labels": {"ward": "3", "bed": "7"}}],
        [UPDATE.call, GIVEN, {"labels": {"bed": "8"}}],
        [UPDATE.call, GIVEN, {"labels": {}}],
    )
    shown_ = [each["labels"] for each in (both, one, none)]
    assert [{"ward": "3", "bed": "7"}, {"bed": "8"}, {}] == shown_


# Request-only and read-only


def test_a_property_of_the_create_request_alone_is_a_keyword_and_shown_nowhere(
    group: Group,
) -> None:
    created, read = group.user.call([CREATE.call, {"referral_code": "R-1"}], [READ.call, GIVEN])
    assert "referral_code" not in created
    assert "referral_code" not in read


def test_a_property_of_the_create_request_alone_is_sent_by_the_command_line(
    group: Group,
) -> None:
    body = json.dumps({"referral_code": "R-1"})
    result = group.user.command(CREATE.command, "--input", "-", stdin=body)
    assert 0 == result.returncode, result.stderr
    status, _ = group.user.ask("GET", path_of(result.stdout.strip()))
    assert 200 == status


def test_a_property_of_the_create_request_alone_is_checked_by_the_sandbox(group: Group) -> None:
    status, body = group.user.ask("POST", CREATE.path, json={"referral_code": "R" * 13})
    assert 422 == status
    assert "referral_code" in subject.at(body, ERROR["message"])


def test_the_judge_finds_a_server_that_takes_a_wrong_property_of_the_create_request(
    group: Group,
) -> None:
    assert group.findings("accept", CREATE.name, "referral_code")


def test_a_read_only_property_comes_from_the_sample_and_no_update_changes_it(group: Group) -> None:
    identifier = group.user.create()
    status, updated = group.user.update(identifier, {"transcript_state": "GONE"})
    assert (200, "READY") == (status, updated["transcript_state"])
    (read,) = group.user.call([READ.call, identifier])
    assert "READY" == read["transcript_state"]


def test_a_read_only_property_is_no_keyword_of_the_update(group: Group) -> None:
    keywords = group.project.keywords(UPDATE.call)
    assert "visit_number" in keywords
    assert "transcript_state" not in keywords


def test_the_judge_finds_a_read_only_property_of_the_wrong_shape(group: Group) -> None:
    assert group.findings("misshape", READ.name, "transcript_state")


# Query parameters


@pytest.mark.parametrize("name", QUERY)
def test_a_query_parameter_is_a_keyword_of_the_client(group: Group, name: str) -> None:
    right = True if QUERY[name][0] == "true" else QUERY[name][0]
    (listed,) = group.user.call([LIST.call, {name: right}])
    assert isinstance(listed, list)


@pytest.mark.parametrize("name", QUERY)
def test_a_query_parameter_is_an_option_of_the_command_line(group: Group, name: str) -> None:
    right, _ = QUERY[name]
    option = f"--{name.replace('_', '-')}"
    result = group.user.command(LIST.command, option, right)
    assert 0 == result.returncode, result.stderr


@pytest.mark.parametrize("name", [name for name, (_, wrong) in QUERY.items() if wrong])
def test_the_sandbox_refuses_a_wrong_query_parameter(group: Group, name: str) -> None:
    right, wrong = QUERY[name]
    assert 200 == group.user.ask("GET", LIST.path, params={name: right})[0]
    status, body = group.user.ask("GET", LIST.path, params={name: wrong})
    assert 422 == status
    assert name in subject.at(body, ERROR["message"])


@pytest.mark.parametrize("name", [name for name, (_, wrong) in QUERY.items() if wrong])
def test_the_judge_finds_a_server_that_takes_a_wrong_query_parameter(
    group: Group, name: str
) -> None:
    assert group.findings("accept", LIST.name, name)


# Operations


def test_a_sub_resource_is_served_from_its_example_behind_token_and_ownership(
    group: Group,
) -> None:
    created, transcript, nothing = group.user.call(
        [CREATE.call],
        [f"{GROUP}.get_transcript", GIVEN],
        [f"{GROUP}.get_transcript", "1"],
    )
    assert TRANSCRIPT == transcript
    assert 404 == nothing["status"]
    path = f"{path_of(created[ID])}/transcript"
    assert 401 == group.user.ask("GET", path, headers={"Authorization": "Bearer no"})[0]
    other = group.served.token("other@example.com")
    assert 404 == group.user.ask("GET", path, headers={"Authorization": f"Bearer {other}"})[0]


def test_an_action_is_called_and_shows_the_resource(group: Group) -> None:
    created, archived = group.user.call([CREATE.call], [f"{GROUP}.archive_it", GIVEN])
    assert created[ID] == archived[ID]


def test_a_resource_that_is_deleted_is_gone(group: Group) -> None:
    created, deleted, gone = group.user.call(
        [CREATE.call],
        [f"{GROUP}.delete", GIVEN],
        [READ.call, GIVEN],
    )
    assert deleted is None
    assert 404 == gone["status"]
    _, page = group.user.ask("GET", LIST.path, params={PAGE["size"]: 100})
    assert created[ID] not in [each[ID] for each in subject.at(page, PAGE["items"])]


@pytest.mark.parametrize("command", ["get-transcript", "archive-it", "delete"])
def test_an_operation_is_a_command(group: Group, command: str) -> None:
    result = group.user.command(command, group.user.create())
    assert 0 == result.returncode, result.stderr


@pytest.mark.parametrize("name", ["getTranscript", "archiveIt"])
def test_the_judge_finds_an_operation_of_the_wrong_shape(group: Group, name: str) -> None:
    assert group.findings("forget", name)


@pytest.mark.parametrize("name", ["getTranscript", "archiveIt", "removeIt"])
def test_the_judge_finds_an_operation_that_serves_another_user(group: Group, name: str) -> None:
    assert group.findings("share", name)


def test_the_judge_finds_a_server_that_deletes_nothing(group: Group) -> None:
    assert group.findings("forget", "removeIt")


# Errors


def test_a_new_error_has_a_class_with_its_status(group: Group) -> None:
    body = failure("DuplicateSessionError")
    fault = Fault("answer", CREATE.method, CREATE.path, value=body, status=409)
    with spoiling(group.served.url, fault) as url:
        user = type(group.user)(group.project, group.served, url)
        (failed,) = user.call([CREATE.call])
        result = user.command(CREATE.command)
        user.http.close()
    expected = {"error": "DuplicateSessionError", "type": "DuplicateSessionError", "status": 409}
    assert expected == failed
    assert 0 != result.returncode
    assert "DuplicateSessionError" in result.stderr


@pytest.mark.parametrize(("run", "accused"), [("conflict", False), ("refuse", True)])
def test_the_judge_takes_an_error_that_is_declared_for_a_refusal_and_no_other(
    group: Group, run: str, accused: bool
) -> None:
    assert accused == bool(group.findings(run, UPDATE.name))
