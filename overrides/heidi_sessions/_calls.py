"""The calls of the API: their arguments, the request they make, and how to read the answer.

Each function here becomes four methods: of `Heidi` and `AsyncHeidi`, plain and with the raw
response. No I/O.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import attrs
from heidi_generated.api.sessions import (
    create_session,
    get_session,
    list_linked_user_sessions,
    update_session,
)
from heidi_generated.models import Session, SessionCreate, SessionUpdate
from heidi_generated.types import MismatchError

from . import _json
from ._fields import UNSET, patient_update, texts
from ._pages import Page, check_cursor, check_page_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heidi_generated.models import (
        PatientUpdate,
        SessionCreated,
        SessionEnvelope,
    )
    from heidi_generated.types import Request, Unset

    from ._fields import PatientFields
    from ._pages import Cursor

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Decode(Protocol[T_co]):
    """Reads a JSON document; raises MismatchError where it is not what the document says."""

    def __call__(self, data: object, *, strict: bool = False) -> T_co: ...


@attrs.frozen(eq=False, repr=False)
class Call(Generic[T]):
    """A request that is ready to be sent, and how to read its answer."""

    request: Request
    content: bytes | None
    decode: Decode[T]


def create(
    *,
    patient_profile_id: str | Unset = UNSET,
    ehr_appointment_id: str | Unset = UNSET,
) -> Call[SessionCreated]:
    """Create a session.

    Never sent twice, unless `retry_writes` says so.

    Args:
        patient_profile_id: the id of the Heidi patient that the session is about.
        ehr_appointment_id: the id of the appointment in your own system; everywhere else it is
            called `ehr_appt_id`.

    Returns:
        The id of the new session, as `session_id`.

    Raises:
        TypeError: an argument is None, or something else that JSON cannot hold.
        ValidationError: the server refuses a value; `detail` says which.
        HeidiError: see its other subclasses.

    Spec: createSession (documented).
    """
    body = SessionCreate(
        patient_profile_id=patient_profile_id, ehr_appointment_id=ehr_appointment_id
    )
    return _call(create_session.build(body=body), _created)


def get(session_id: str) -> Call[Session]:
    """Read a session.

    Args:
        session_id: the id of the session, as text.

    Returns:
        Everything that is known about it.

    Raises:
        TypeError: the id is not a text.
        ValueError: the id is empty, `.` or `..`.
        SessionNotFoundError: the caller has no such session.
        HeidiError: see its other subclasses.

    Spec: getSession (documented).
    """
    return _call(get_session.build(session_id), _session_of(get_session.decode))


def update(
    session_id: str,
    *,
    duration: float | Unset = UNSET,
    language_code: str | Unset = UNSET,
    output_language_code: str | Unset = UNSET,
    transcribe_mode: str | Unset = UNSET,
    patient: PatientUpdate | PatientFields | Unset = UNSET,
    clinician_notes: Sequence[str] | Unset = UNSET,
    ehr_patient_id: str | Unset = UNSET,
    ehr_appt_id: str | Unset = UNSET,
    generate_output_without_recording: bool | Unset = UNSET,
    recording_status: str | Unset = UNSET,
    session_status: str | Unset = UNSET,
    is_consent: bool | Unset = UNSET,
    created_time_local: str | Unset = UNSET,
    linked_sessions_for_context: Sequence[str] | Unset = UNSET,
) -> Call[Session]:
    """Change some members of a session; what is left out stays as it is.

    Args:
        session_id: the id of the session, as text.
        duration: its length in seconds, 0 or more.
        language_code: the language that is spoken, such as `en`.
        output_language_code: the language that the note is to be written in.
        transcribe_mode: how the recording is transcribed.
        patient: what to change about the patient: a dict, or a PatientUpdate.
        clinician_notes: context for the note, a text each. Replaces the texts that are there.
        ehr_patient_id: the id of the patient in your own system.
        ehr_appt_id: the id of the appointment in your own system.
        generate_output_without_recording: whether to write the note although nothing was recorded.
        recording_status: how far the recording has come.
        session_status: how far the session has come.
        is_consent: whether the patient has consented.
        created_time_local: the clinic's local time of creation; its format is not documented.
        linked_sessions_for_context: the ids of other sessions that serve as context.

    Returns:
        The session as it is after the change.

    Raises:
        TypeError: an argument is None, of the wrong type, or nothing that JSON can hold; or
            `patient` has an unknown member, or a `dob` that is no date. The text names the member.
        ValueError: the id is empty, `.` or `..`; or the patient's gender is none of the three.
        ValidationError: the server refuses a value; `detail` says which.
        SessionNotFoundError: the caller has no such session.
        HeidiError: see its other subclasses.

    Spec: updateSession (documented).
    """
    body = SessionUpdate(
        duration=duration,
        language_code=language_code,
        output_language_code=output_language_code,
        transcribe_mode=transcribe_mode,
        patient=patient_update(patient),
        clinician_notes=texts("clinician_notes", clinician_notes),
        ehr_patient_id=ehr_patient_id,
        ehr_appt_id=ehr_appt_id,
        generate_output_without_recording=generate_output_without_recording,
        recording_status=recording_status,
        session_status=session_status,
        is_consent=is_consent,
        created_time_local=created_time_local,
        linked_sessions_for_context=texts(
            "linked_sessions_for_context", linked_sessions_for_context
        ),
    )
    return _call(update_session.build(session_id, body=body), _session_of(update_session.decode))


def page(*, page_size: int | Unset = UNSET, page: Cursor | Unset = UNSET) -> Call[Page]:
    """Read one page of the sessions of the linked user.

    Args:
        page_size: how many sessions the page holds at most, 1 or more. Left out, the server
            decides. The vendor names no largest size; the strict document has 1 to 100.
        page: the `next_page` of the previous answer, unread; left out, the first page.

    Returns:
        The sessions of the page, the counts, and where the next page is.

    Raises:
        TypeError: page is None, or of another type than a `next_page`.
        ValueError: page_size is not such a number.
        NoLinkedUserError: no Heidi user is linked to the API user.
        HeidiError: see its other subclasses.

    Spec: listLinkedUserSessions (documented; the parameter `page` is inferred).
    """
    check_page_size(page_size)
    check_cursor(page)
    request = list_linked_user_sessions.build(page_size=page_size, page=page)
    return _call(request, _page)


def _call(request: Request, decode: Decode[T]) -> Call[T]:
    content = None if request.json is None else _written(request.json)
    return Call(request, content, decode)


def _written(body: dict[str, Any]) -> bytes:
    if nulls := [name for name, value in _members(body) if value is None]:
        raise TypeError(f"{nulls[0]}: the API takes no null; leave it out, or give UNSET")
    with contextlib.suppress(TypeError, ValueError):
        return _json.dump(body)
    # Outside of the handler: its traceback holds the body.
    culprit = next(name for name, value in _members(body) if not _json.fits(value))
    raise TypeError(f"{culprit}: JSON cannot hold this value")


def _members(body: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each member with its path, those of an inner object before the object itself."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _members(cast("dict[str, Any]", value), f"{prefix}{name}.")
        yield prefix + name, value


# Without these members there is nothing to hand over, however lenient the reader is.


def _created(data: object, *, strict: bool = False) -> SessionCreated:
    created = create_session.decode(data, strict=strict)
    _demand(created.session_id, str, "$.session_id", "a string")
    return created


def _session_of(decode: Decode[SessionEnvelope]) -> Decode[Session]:
    def session(data: object, *, strict: bool = False) -> Session:
        envelope = decode(data, strict=strict)
        _demand(envelope.session, Session, "$.session", "an object")
        return envelope.session

    return session


def _page(data: object, *, strict: bool = False) -> Page:
    generated = list_linked_user_sessions.decode(data, strict=strict)
    _demand(generated.sessions, list, "$.sessions", "an array")
    return Page.of(generated)


def _demand(value: object, kind: type, path: str, expected: str) -> None:
    if not isinstance(value, kind):
        raise MismatchError(path, expected, "something else")
