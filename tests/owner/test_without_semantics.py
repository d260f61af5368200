"""A second resource of which nothing but its operations is written is served from its examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.owner.proxy import Fault
from tests.owner.test_second_resource import ONE, PAGE, SAMPLE, appointments

if TYPE_CHECKING:
    from tests.owner.conftest import Group

SPOILS = {
    "spoilt": (
        Fault("misshape", "GET", ONE, "/minutes", "20"),
        Fault("accept", "PATCH", ONE, "/minutes"),
        Fault("accept", "POST", "/appointments", "/reason", "Cough"),
        Fault("open", "GET", "/appointments"),
    ),
}


def edit(document: dict[str, Any]) -> None:
    """Add the second resource, and say nothing of what its operations do."""
    appointments(document)


def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


def test_the_client_has_a_method_for_each_operation(group: Group) -> None:
    created, read, updated, page = group.user.call(
        ["appointments.create_appointment", {"reason": "Cough"}],
        ["appointments.get_appointment", "77"],
        ["appointments.update_appointment", "77", {"minutes": 30}],
        ["appointments.list_appointments", {"limit": 5}],
    )
    assert SAMPLE == created == read == updated
    assert PAGE == page


@pytest.mark.parametrize(
    ("command", "stdin"),
    [
        (("create-appointment", "--input", "-"), '{"reason": "Cough"}'),
        (("get-appointment", "77"), ""),
        (("update-appointment", "77", "--input", "-"), '{"minutes": 30}'),
        (("list-appointments", "--limit", "5"), ""),
    ],
    ids=["create", "get", "update", "list"],
)
def test_the_command_line_has_a_command_for_each_operation(
    group: Group, command: tuple[str, ...], stdin: str
) -> None:
    result = group.user.command("appointments", *command, "--show-phi", stdin=stdin)
    assert 0 == result.returncode, result.stderr
    assert "Check-up" in result.stdout


def test_the_sandbox_serves_examples_behind_a_token_and_checks_requests(group: Group) -> None:
    assert (200, SAMPLE) == group.user.ask("GET", "/appointments/77")
    assert (201, SAMPLE) == group.user.ask("POST", "/appointments", json={"reason": "Cough"})
    assert 401 == group.user.ask("GET", "/appointments", headers={"Authorization": ""})[0]
    assert 422 == group.user.ask("PATCH", "/appointments/77", json={"minutes": 4})[0]
    assert 422 == group.user.ask("GET", "/appointments", params={"limit": 51})[0]


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        ("getAppointment", "minutes"),
        ("updateAppointment", "minutes"),
        ("createAppointment", "reason"),
        ("listAppointments", ""),
    ],
)
def test_the_judge_finds_a_spoilt_server(group: Group, operation: str, word: str) -> None:
    assert group.findings("spoilt", operation, word)
