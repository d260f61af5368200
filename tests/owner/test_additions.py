"""Everything that an owner adds to the document works everywhere, with no other edit.

Of the added resources, appointments have semantics and bookings have none.
The sandbox of the edited copy is the correct server, and a proxy makes faulty ones of it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.owner import additions, subject
from tests.owner.additions import (
    ARCHIVE,
    AT_APPOINTMENT,
    AT_ATTACHMENT,
    AT_BOOKING,
    AT_PLAN,
    AT_VOICE,
    BOOKING,
    BOOKINGS,
    FIELDS,
    QUERY,
    TRANSCRIPT,
    TRANSCRIPTS,
)
from tests.owner.edits import failure
from tests.owner.group import Found, Group, edited
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
    RESULT,
    UPDATE,
)

if TYPE_CHECKING:
    from collections.abc import Generator

GIVEN = f"$0.{ID}"


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Generator[Group]:
    """The copy with all additions."""
    with edited(additions.edit, tmp_path_factory) as group:
        yield group


def test_the_step_check_finds_nothing_missing(group: Group) -> None:
    result = group.project.run(["scripts/steps/check.py"])
    assert 0 == result.returncode, result.stderr


def nested(at: str, value: Any) -> dict[str, Any]:
    for name in reversed(at.split("/")):
        value = {name: value}
    found: dict[str, Any] = value
    return found


def shown(session: dict[str, Any], at: str) -> Any:
    for name in at.split("/"):
        session = session[name]
    return session


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_a_property_of_only_the_create_request_is_a_keyword_and_never_shown(
    group: Group,
) -> None:
    created, read = group.user.call([CREATE.call, {"referral_code": "R-1"}], [READ.call, GIVEN])
    assert "referral_code" not in created
    assert "referral_code" not in read


def test_a_property_of_only_the_create_request_is_sent_by_the_command_line(
    group: Group,
) -> None:
    body = json.dumps({"referral_code": "R-1"})
    result = group.user.command(CREATE.command, "--input", "-", stdin=body)
    assert 0 == result.returncode, result.stderr
    status, _ = group.user.ask("GET", path_of(result.stdout.strip()))
    assert 200 == status


def test_a_property_of_only_the_create_request_is_checked_by_the_sandbox(group: Group) -> None:
    status, body = group.user.ask("POST", CREATE.path, json={"referral_code": "R" * 13})
    assert 422 == status
    assert "referral_code" in subject.at(body, ERROR["message"])


def test_a_read_only_property_comes_from_the_sample_and_no_update_changes_it(group: Group) -> None:
    identifier = group.user.create()
    status, updated = group.user.update(identifier, {"transcript_state": "GONE"})
    assert (200, "READY") == (status, updated["transcript_state"])
    (read,) = group.user.call([READ.call, identifier])
    assert "READY" == read["transcript_state"]


def test_a_read_only_property_is_not_a_keyword_of_the_update(group: Group) -> None:
    keywords = group.user.keywords(UPDATE.call)
    assert "visit_number" in keywords
    assert "transcript_state" not in keywords


def test_a_property_that_is_only_written_is_checked_and_never_shown(group: Group) -> None:
    identifier = group.user.create()
    status, message = group.user.update(identifier, {"door_code": "12"})
    assert 422 == status
    assert "door_code" in message
    updated, read = group.user.call(
        [UPDATE.call, identifier, {"door_code": "1234"}], [READ.call, identifier]
    )
    assert "door_code" not in updated
    assert "door_code" not in read


def test_what_no_request_sets_within_an_object_is_ignored(group: Group) -> None:
    sent = {"room": {"building": "North", "checked": True}}
    status, updated = group.user.update(group.user.create(), sent)
    assert (200, {"building": "North"}) == (status, updated["room"])


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


# Operations


def test_a_sub_resource_is_served_from_its_example_to_its_owner_only(
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


def test_parameters_in_a_path_keep_their_types_and_other_values_are_unknown_paths(
    group: Group,
) -> None:
    created, line = group.user.call(
        [CREATE.call], [f"{GROUP}.get_line", GIVEN, 3, "DOCTOR", {"width": 80}]
    )
    assert TRANSCRIPT == line
    path = f"{path_of(created[ID])}/transcript"
    for wrong in ("3/NURSE", "0/DOCTOR", "three/DOCTOR"):
        assert 404 == group.user.ask("GET", f"{path}/{wrong}")[0]
    status, body = group.user.ask("GET", f"{path}/3/DOCTOR", params={"width": "wide"})
    assert 422 == status
    assert "width" in subject.at(body, ERROR["message"])


def test_a_property_with_the_name_of_an_option_of_every_call_has_an_underscore(
    group: Group,
) -> None:
    _, updated = group.user.call(
        [CREATE.call], [UPDATE.call, GIVEN, {"timeout_": 30, "timeout": 9.5}]
    )
    assert 30 == updated["timeout"]


def test_a_nullable_enum_has_one_class(group: Group) -> None:
    models = (group.project.root / "generated/heidi_generated/models/__init__.py").read_text()
    assert {"SessionFollowUp", "SessionUpdateFollowUp"} == {
        *re.findall(r'^    "(\w+FollowUp\w*)"', models, re.MULTILINE)
    }


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


# Errors


def test_a_new_error_has_a_class_with_its_status(group: Group) -> None:
    body = failure("DuplicateSessionError")
    fault = Fault("respond", CREATE.method, CREATE.path, value=body, status=409)
    with spoiling(group.served.url, fault) as url:
        (failed,) = group.user.call([CREATE.call], url=url)
        result = group.user.command(CREATE.command, url=url)
    expected = {"error": "DuplicateSessionError", "type": "DuplicateSessionError", "status": 409}
    assert expected == failed
    assert 0 != result.returncode
    assert "DuplicateSessionError" in result.stderr


# Resources


def test_the_client_creates_reads_updates_and_lists(group: Group) -> None:
    created, updated, read, listed = group.user.call(
        ["appointments.create", {"reason": "Cough"}],
        ["appointments.update", "$0.appointment_id", {"minutes": 30}],
        ["appointments.get", "$0.appointment_id"],
        ["appointments.list", {"limit": 5}],
    )
    assert ("Cough", "Cough", 30) == (created["reason"], updated["reason"], updated["minutes"])
    assert updated == read
    assert read in listed


def test_a_session_and_an_appointment_do_not_mix(group: Group) -> None:
    (created,) = group.user.call(["appointments.create", {"reason": "Cough"}])
    assert 404 == group.user.ask("GET", path_of(created["appointment_id"]))[0]
    _, page = group.user.ask("GET", LIST.path)
    assert created["appointment_id"] not in json.dumps(page)


def test_the_command_line_creates_reads_updates_and_lists(group: Group) -> None:
    body = json.dumps({"reason": "Cough"})
    made = group.user.command("appointments", "create", "--input", "-", stdin=body)
    assert 0 == made.returncode, made.stderr
    identifier = made.stdout.strip()
    changed = group.user.command(
        "appointments", "update", identifier, "--input", "-", stdin='{"minutes": 30}'
    )
    assert 0 == changed.returncode, changed.stderr
    shown = group.user.command("appointments", "get", identifier, "--show-phi")
    assert "Cough" in shown.stdout
    assert identifier in group.user.command("appointments", "list", "--show-phi").stdout


def test_the_sandbox_creates_with_201_and_pages_by_its_own_names(group: Group) -> None:
    for reason in ("One", "Two", "Three"):
        status, _ = group.user.ask("POST", "/appointments", json={"reason": reason})
        assert 201 == status
    _, page = group.user.ask("GET", "/appointments", params={"limit": 2})
    seen = [each["appointment_id"] for each in page["appointments"]]
    while page["next_token"]:
        query = {"limit": 2, "after": page["next_token"]}
        _, page = group.user.ask("GET", "/appointments", params=query)
        seen += [each["appointment_id"] for each in page["appointments"]]
    assert page["total"] == len(seen) == len({*seen})


def test_the_sandbox_hides_the_appointments_of_other_users(group: Group) -> None:
    _, created = group.user.ask("POST", "/appointments", json={"reason": "Cough"})
    other = {"Authorization": f"Bearer {group.served.token('other@example.com')}"}
    path = f"/appointments/{created['appointment_id']}"
    status, body = group.user.ask("GET", path, headers=other)
    assert (404, "AppointmentNotFoundError") == (status, subject.at(body, ERROR["type"]))


def test_the_command_line_names_a_property_that_a_request_needs(group: Group) -> None:
    result = group.user.command("appointments", "create", "--input", "-", stdin="{}")
    assert 2 == result.returncode
    assert "stdin: reason is missing; add it" in result.stderr


@pytest.mark.parametrize(
    ("json_", "name"),
    [({"minutes": 4}, "minutes"), ({"minutes": "9"}, "minutes"), ({"reason": 1}, "reason")],
)
def test_the_sandbox_refuses_wrong_values(group: Group, json_: Any, name: str) -> None:
    _, created = group.user.ask("POST", "/appointments", json={"reason": "Cough"})
    path = f"/appointments/{created['appointment_id']}"
    status, body = group.user.ask("PATCH", path, json=json_)
    assert 422 == status
    assert name in subject.at(body, ERROR["message"])


def test_a_resource_that_no_operation_creates_is_there_once(group: Group) -> None:
    listed, again = group.user.call(["voices.list"], ["voices.list"])
    (voice,) = listed
    (read,) = group.user.call(["voices.get", voice["voice_id"]])
    assert listed == again
    assert "Warm" == voice["style"] == read["style"]


# Without semantics


def test_the_client_has_a_method_for_each_operation(group: Group) -> None:
    created, read, updated, page = group.user.call(
        ["bookings.create_booking", {"reason": "Cough"}],
        ["bookings.get_booking", "78"],
        ["bookings.update_booking", "78", {"minutes": 30}],
        ["bookings.list_bookings", {"limit": 5}],
    )
    assert BOOKING == created == read == updated
    assert BOOKINGS == page


@pytest.mark.parametrize(
    ("command", "stdin"),
    [
        (("create-booking", "--input", "-"), '{"reason": "Cough"}'),
        (("get-booking", "78"), ""),
        (("update-booking", "78", "--input", "-"), '{"minutes": 30}'),
        (("list-bookings", "--limit", "5"), ""),
    ],
    ids=["create", "get", "update", "list"],
)
def test_the_command_line_has_a_command_for_each_operation(
    group: Group, command: tuple[str, ...], stdin: str
) -> None:
    result = group.user.command("bookings", *command, "--show-phi", stdin=stdin)
    assert 0 == result.returncode, result.stderr
    assert "Check-up" in result.stdout


def test_the_sandbox_serves_examples_with_a_token_and_checks_requests(group: Group) -> None:
    assert (200, BOOKING) == group.user.ask("GET", "/bookings/78")
    assert (201, BOOKING) == group.user.ask("POST", "/bookings", json={"reason": "Cough"})
    assert 401 == group.user.ask("GET", "/bookings", headers={"Authorization": ""})[0]
    assert 422 == group.user.ask("PATCH", "/bookings/78", json={"minutes": 4})[0]
    assert 422 == group.user.ask("GET", "/bookings", params={"limit": 51})[0]


# The judge


SHOWN = ("GET", READ.path)
CHANGED = (UPDATE.method, UPDATE.path)
ALREADY = failure("DuplicateSessionError")
REFUSED: Final = Fault("refuse", CREATE.method, CREATE.path, "/referral_code", ALREADY, 409)
"""Creates respond like this where the document declares it."""


def name(at: str) -> str:
    return at.rpartition("/")[2]


# Faults share a run if none hides another.
RUNS: Final[dict[str, tuple[Found, ...]]] = {
    "forget": (
        *(Found(Fault("forget", *CHANGED, f"/{at}"), UPDATE.name, name(at)) for at in FIELDS),
        Found(Fault("ignore", "DELETE", READ.path, status=204), "removeIt"),
        Found(Fault("misshape", "GET", TRANSCRIPTS, "/speakers", "two"), "getTranscript"),
        Found(Fault("misshape", "POST", ARCHIVE, f"{RESULT}/{ID}", 3), "archiveIt"),
        Found(Fault("forget", "PATCH", AT_APPOINTMENT, "/minutes"), "updateAppointment", "minutes"),
        Found(Fault("misshape", "GET", AT_BOOKING, "/minutes", "20"), "getBooking", "minutes"),
        Found(Fault("forget", "PUT", AT_ATTACHMENT, "/title"), "changeAttachment", "title"),
        Found(Fault("forget", "POST", "/plans", "/title"), "createPlan", "title"),
    ),
    "accept": (
        *(Found(Fault("accept", *CHANGED, f"/{at}"), UPDATE.name, name(at)) for at in FIELDS),
        Found(Fault("accept", *CHANGED, "/door_code"), UPDATE.name, "door_code"),
        Found(
            Fault("accept", CREATE.method, CREATE.path, "/referral_code"),
            CREATE.name,
            "referral_code",
        ),
        *(
            Found(Fault("accept", "GET", LIST.path, at), LIST.name, at)
            for at, (_, wrong) in QUERY.items()
            if wrong
        ),
        Found(Fault("accept", "PATCH", AT_APPOINTMENT, "/minutes"), "updateAppointment", "minutes"),
        Found(Fault("accept", "GET", "/appointments", "limit"), "listAppointments", "limit"),
        Found(Fault("accept", "PATCH", AT_BOOKING, "/minutes"), "updateBooking", "minutes"),
        Found(Fault("accept", "POST", "/bookings", "/reason", "Cough"), "createBooking", "reason"),
        Found(Fault("accept", "GET", "/bookings", "limit"), "listBookings", "parameters"),
        Found(Fault("accept", "POST", "/plans", "/weight"), "createPlan", "no-coercion"),
        Found(Fault("refuse", "PUT", AT_ATTACHMENT, "/title", ALREADY, 400), "changeAttachment"),
    ),
    "misshape": (
        *(
            Found(Fault("misshape", *SHOWN, f"{RESULT}/{at}", value), READ.name, at)
            for at, value in {
                "visit_number": 21,
                "is_telehealth": "true",
                "note_kinds": ["POEM"],
                "room": {"floor": "two"},
                "transcript_state": 1,
            }.items()
        ),
        Found(Fault("open", "DELETE", READ.path), "removeIt", "token-needed"),
        Found(
            Fault("respond", "GET", TRANSCRIPTS, value=TRANSCRIPT), "getTranscript", "unknown-id"
        ),
        Found(
            Fault("respond", "POST", ARCHIVE, value=TRANSCRIPT, status=202),
            "archiveIt",
            "declared-status",
        ),
        Found(Fault("misshape", "GET", AT_APPOINTMENT, "/minutes", "20"), "getAppointment", "min"),
        Found(Fault("misshape", "POST", "/appointments", "/reason", 3), "createAppointment", "rea"),
        Found(Fault("misshape", "GET", "/appointments", "/total", 77), "listAppointments", "total"),
        Found(Fault("misshape", "GET", AT_PLAN, "/title", 5), "getPlan", "answer-schema"),
        Found(Fault("misshape", "GET", AT_VOICE, "/style", 5), "getVoice", "answer-schema"),
        Found(Fault("misshape", "GET", "/bookings", "/next_token", 5), "listBookings", "next_to"),
    ),
    "share": (
        Found(Fault("share", "GET", TRANSCRIPTS), "getTranscript", "own-sessions"),
        Found(Fault("share", "POST", ARCHIVE), "archiveIt", "own-sessions"),
        Found(Fault("share", "DELETE", READ.path), "removeIt"),
        Found(Fault("echo", *CHANGED, "/visit_number"), UPDATE.name, "value"),
        Found(Fault("share", "GET", AT_APPOINTMENT), "getAppointment"),
        Found(Fault("share", "PATCH", AT_APPOINTMENT), "updateAppointment"),
        Found(Fault("open", "GET", "/appointments"), "listAppointments", "token-needed"),
        Found(Fault("open", "GET", "/bookings"), "listBookings", "token-needed"),
        Found(Fault("share", "GET", AT_ATTACHMENT), "getAttachment"),
        Found(Fault("share", "PUT", AT_ATTACHMENT), "changeAttachment"),
        Found(Fault("share", "GET", AT_PLAN), "getPlan", "own-sessions"),
        Found(Fault("share", "GET", AT_VOICE), "getVoice", "own-sessions"),
        Found(REFUSED, ""),
    ),
}
CASES = [
    pytest.param(run, found, id=f"{run}-{found.operation}-{found.word}")
    for run, several in RUNS.items()
    for found in several
    if found.fault != REFUSED
]


@pytest.mark.slow
def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


@pytest.mark.slow
@pytest.mark.parametrize(("run", "found"), CASES)
def test_a_wrong_server_is_found(group: Group, run: str, found: Found) -> None:
    assert group.findings(RUNS[run], found.operation, found.word)


@pytest.mark.slow
def test_a_declared_error_may_refuse_a_request(group: Group) -> None:
    assert [] == group.findings(RUNS["share"], CREATE.name)
