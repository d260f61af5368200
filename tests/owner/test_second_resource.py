"""A second resource is served, called, commanded and judged like the first.

Once its operations say in openapi/openapi.yaml what they do, and once they say nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.owner.edits import (
    SAID,
    add,
    content,
    error,
    operation,
    parameter,
    prop,
    record,
    ref,
    response,
    schemas,
)
from tests.owner.project import path_of
from tests.owner.proxy import Fault
from tests.owner.subject import ERROR, LIST, MEANING, at

if TYPE_CHECKING:
    from tests.owner.conftest import Group

ONE = "/appointments/{appointment_id}"
SAMPLE = {
    "appointment_id": "77",
    "reason": "Check-up",
    "minutes": 15,
    "booked_at": "2026-01-31T09:00:00Z",
}
PAGE = {"appointments": [SAMPLE], "next_token": None, "total": 1}


def appointments(document: dict[str, Any]) -> None:
    """Add the second resource, with its own create, get, update and list."""
    document["tags"].append({**prop(), "name": "Appointments"})
    schemas(document)["Appointment"] = record((*SAMPLE,))
    schemas(document)["AppointmentCreate"] = record(("reason",))
    schemas(document)["AppointmentUpdate"] = record()
    schemas(document)["AppointmentPage"] = record((*PAGE,))
    add(document, "appointment_id", "Appointment", type="string")
    text = {"type": "string", "maxLength": 80}
    add(document, "reason", "Appointment", "AppointmentCreate", "AppointmentUpdate", **text)
    bounds = {"type": "integer", "minimum": 5, "maximum": 120}
    add(document, "minutes", "Appointment", "AppointmentUpdate", **bounds)
    add(document, "booked_at", "Appointment", type="string", format="date-time")
    add(document, "appointments", "AppointmentPage", type="array", items=ref("Appointment"))
    add(document, "next_token", "AppointmentPage", type=["string", "null"])
    add(document, "total", "AppointmentPage", type="integer")
    document["paths"]["/appointments"] = {
        "post": operation(
            "createAppointment",
            "Appointments",
            {"201": response("Appointment", SAMPLE)},
            requestBody=body("AppointmentCreate", {"reason": "Check-up"}),
        ),
        "get": operation(
            "listAppointments",
            "Appointments",
            {"200": response("AppointmentPage", PAGE)},
            parameters=[
                parameter("limit", type="integer", minimum=1, maximum=50, default=10),
                parameter("after", type="string"),
            ],
        ),
    }
    found = {"200": response("Appointment", SAMPLE), "404": error("AppointmentNotFoundError")}
    document["paths"][ONE] = {
        "parameters": [parameter("appointment_id", "path", type="string")],
        "get": operation("getAppointment", "Appointments", found),
        "patch": operation(
            "updateAppointment",
            "Appointments",
            found,
            requestBody=body("AppointmentUpdate", {"minutes": 20}),
        ),
    }


def body(schema: str, example: Any) -> dict[str, Any]:
    return {
        "required": True,
        "description": "New.",
        "x-provenance": dict(SAID),
        "content": content(schema, example),
    }


def edit(document: dict[str, Any]) -> None:
    """Add the second resource, and say what its operations do."""
    appointments(document)
    said = {"resource": "Appointment", "result": ""}
    several, one = document["paths"]["/appointments"], document["paths"][ONE]
    several["post"]["x-semantics"] = {"action": "create", **said, "id": "/appointment_id"}
    one["get"]["x-semantics"] = {"action": "read", **said}
    one["patch"]["x-semantics"] = {"action": "update", **said}
    several["get"]["x-semantics"] = {
        "action": "list",
        "resource": "Appointment",
        "page": {
            "items": "/appointments",
            "size": "limit",
            "token": "after",
            "next": "/next_token",
            "total": "/total",
        },
    }
    schemas(document)["Appointment"]["x-semantics"] = {
        "id": "appointment_id",
        "owner": MEANING["owner"],
        "created": "booked_at",
    }


SPOILS = {
    "forget": (Fault("forget", "PATCH", ONE, "/minutes"),),
    "accept": (Fault("accept", "PATCH", ONE, "/minutes"),),
    "share": (Fault("share", "GET", ONE), Fault("share", "PATCH", ONE)),
    "misshape": (
        Fault("misshape", "GET", ONE, "/minutes", "20"),
        Fault("misshape", "POST", "/appointments", "/reason", 3),
        Fault("open", "GET", "/appointments"),
    ),
    "page": (
        Fault("accept", "GET", "/appointments", "limit"),
        Fault("misshape", "GET", "/appointments", "/total", 77),
    ),
    "create": (Fault("forget", "POST", "/appointments", "/reason"),),
}


def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


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


def test_the_sandbox_keeps_appointments_of_others_apart(group: Group) -> None:
    _, created = group.user.ask("POST", "/appointments", json={"reason": "Cough"})
    other = {"Authorization": f"Bearer {group.served.token('other@example.com')}"}
    path = f"/appointments/{created['appointment_id']}"
    status, body = group.user.ask("GET", path, headers=other)
    assert (404, "AppointmentNotFoundError") == (status, at(body, ERROR["type"]))


@pytest.mark.parametrize(
    ("json_", "name"),
    [({"minutes": 4}, "minutes"), ({"minutes": "9"}, "minutes"), ({"reason": 1}, "reason")],
)
def test_the_sandbox_refuses_wrong_values(group: Group, json_: Any, name: str) -> None:
    _, created = group.user.ask("POST", "/appointments", json={"reason": "Cough"})
    path = f"/appointments/{created['appointment_id']}"
    status, body = group.user.ask("PATCH", path, json=json_)
    assert 422 == status
    assert name in at(body, ERROR["message"])


@pytest.mark.parametrize(
    ("run", "operation", "word"),
    [
        ("forget", "updateAppointment", "minutes"),
        ("accept", "updateAppointment", "minutes"),
        ("share", "getAppointment", ""),
        ("share", "updateAppointment", ""),
        ("misshape", "getAppointment", "minutes"),
        ("misshape", "createAppointment", "reason"),
        ("misshape", "listAppointments", ""),
        ("page", "listAppointments", "limit"),
        ("page", "listAppointments", "total"),
        ("create", "createAppointment", "reason"),
    ],
)
def test_the_judge_finds_a_spoilt_server(group: Group, run: str, operation: str, word: str) -> None:
    assert group.findings(run, operation, word)
