"""What a session is, without a server."""

from datetime import datetime, timedelta

import heidi_sandbox
import pytest
from heidi_sandbox._app import load_document
from heidi_sandbox._sessions import new_session, updated

NOW = datetime(2024, 12, 11, 3, 57, 57, 921000)  # noqa: DTZ001  # the document wants no offset


@pytest.mark.parametrize("seconds", [0, -1, -86400])
def test_s12_updated_at_grows_though_the_clock_stands_still_or_goes_back(seconds: int) -> None:
    session = new_session("1", 1, NOW, {})
    changed = updated(session, {"duration": 1}, NOW + timedelta(seconds=seconds))
    assert "2024-12-11T03:57:57.921001" == changed["updated_at"]
    assert "2024-12-11T03:57:57.921000" == changed["created_at"]
    again = updated(changed, {"duration": 1}, NOW + timedelta(seconds=1))
    assert "2024-12-11T03:57:58.921000" == again["updated_at"]


def test_an_update_leaves_the_session_it_is_given_alone() -> None:
    session = new_session("1", 1, NOW, {})
    updated(session, {"patient": {"name": "John"}, "clinician_notes": ["x"]}, NOW)
    assert new_session("1", 1, NOW, {}) == session


def test_the_whole_second_is_written_with_its_microseconds() -> None:
    session = new_session("1", 1, NOW.replace(microsecond=0), {})
    assert "2024-12-11T03:57:57.000000" == session["created_at"]


def test_the_literal_path_comes_before_the_one_with_a_parameter() -> None:
    base = load_document().base_path
    found = load_document().find(f"{base}/sessions/linked-user".encode())
    assert found is not None
    assert {"GET"} == found[0].operations.keys()


def test_exported_members_are_sorted_and_exist() -> None:
    assert sorted(heidi_sandbox.__all__) == heidi_sandbox.__all__
    assert all(hasattr(heidi_sandbox, name) for name in heidi_sandbox.__all__)
