"""Resources and their changes, without a server."""

from datetime import UTC, datetime, timedelta

import heidi_sandbox
import pytest
from heidi_sandbox._document import load_document
from heidi_sandbox._resources import Resource

NOW = datetime(2024, 12, 11, 3, 57, 57, 921000, tzinfo=UTC)


@pytest.fixture(scope="module")
def resource() -> Resource:
    document = load_document()
    return Resource(document, next(document.of("create")).semantics["resource"])


@pytest.mark.parametrize("seconds", [0, -1, -86400])
def test_s12_updated_at_grows_even_if_the_clock_stops_or_goes_back(
    resource: Resource, seconds: int
) -> None:
    session = resource.new("1", 1, NOW, {})
    changed = resource.changed(session, {"duration": 1}, NOW + timedelta(seconds=seconds))
    assert "2024-12-11T03:57:57.921001" == changed["updated_at"]
    assert "2024-12-11T03:57:57.921000" == changed["created_at"]
    again = resource.changed(changed, {"duration": 1}, NOW + timedelta(seconds=1))
    assert "2024-12-11T03:57:58.921000" == again["updated_at"]


def test_an_update_does_not_change_the_session_that_it_is_given(resource: Resource) -> None:
    session = resource.new("1", 1, NOW, {})
    resource.changed(session, {"patient": {"name": "John"}, "clinician_notes": ["x"]}, NOW)
    assert resource.new("1", 1, NOW, {}) == session


def test_the_whole_second_is_written_with_its_microseconds(resource: Resource) -> None:
    session = resource.new("1", 1, NOW.replace(microsecond=0), {})
    assert "2024-12-11T03:57:57.000000" == session["created_at"]


def test_the_literal_path_comes_before_the_one_with_a_parameter() -> None:
    base = load_document().base_path
    found = load_document().find(f"{base}/sessions/linked-user".encode())
    assert found is not None
    assert {"GET"} == found[0].operations.keys()


def test_exported_names_are_sorted_and_exist() -> None:
    assert sorted(heidi_sandbox.__all__) == heidi_sandbox.__all__
    assert all(hasattr(heidi_sandbox, name) for name in heidi_sandbox.__all__)
