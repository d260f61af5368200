"""All operations, by urllib on the models of datamodel-code-generator."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from datetime import date

from generated.models import (
    ErrorResponse,
    Gender,
    IssuedToken,
    PatientUpdate,
    SessionCreate,
    SessionCreated,
    SessionEnvelope,
    SessionPage,
    SessionUpdate,
)
from pydantic import BaseModel

HEADERS = {"Heidi-Api-Key": os.environ["HEIDI_API_KEY"]}


def send(method: str, path: str, body: BaseModel | None = None) -> bytes:
    """Send a request and return the body of the response."""
    request = urllib.request.Request(  # noqa: S310  the address is that of the sandbox
        os.environ["HEIDI_BASE_URL"] + path,
        method=method,
        headers=HEADERS | ({"Content-Type": "application/json"} if body else {}),
        data=body.model_dump_json(exclude_unset=True).encode() if body else None,
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        content: bytes = response.read()
    return content


def authenticate() -> None:
    """Exchange the key for a token."""
    user = {"email": os.environ["HEIDI_EMAIL"], "third_party_internal_id": "1"}
    issued = IssuedToken.model_validate_json(send("GET", f"/jwt?{urllib.parse.urlencode(user)}"))
    HEADERS.clear()
    HEADERS["Authorization"] = f"Bearer {issued.token}"


def page_of(**query: object) -> SessionPage:
    """Return one page of sessions."""
    path = f"/sessions/linked-user?{urllib.parse.urlencode(query)}"
    return SessionPage.model_validate_json(send("GET", path))


def missing() -> str:
    """Read a session that does not exist; return the type of the error."""
    try:
        send("GET", "/sessions/1")
    except urllib.error.HTTPError as error:
        with error:
            return ErrorResponse.model_validate_json(error.read()).detail.type
    return ""


def main() -> None:
    """Walk through the operations and print what was seen."""
    authenticate()
    create = SessionCreate(ehr_appointment_id="EHR1234")
    created = SessionCreated.model_validate_json(send("POST", "/sessions", create)).session_id
    second = SessionCreated.model_validate_json(send("POST", "/sessions")).session_id
    change = SessionUpdate(
        duration=60.25,
        patient=PatientUpdate(name="John Doe", gender=Gender.OTHER, dob=date(1990, 1, 1)),
        clinician_notes=["Note 1", "Note 2"],
    )
    response = send("PATCH", f"/sessions/{created}", change)
    updated = SessionEnvelope.model_validate_json(response).session
    read = SessionEnvelope.model_validate_json(send("GET", f"/sessions/{created}")).session
    first = page_of(page_size=1)
    last = page_of(page_size=1, page=first.next_page)
    seen = {
        "created": [created, second],
        "updated": updated.session_id,
        "read": read.session_id,
        "appointment": read.ehr_appt_id,
        "duration": read.duration,
        "patient": [read.patient.name, read.patient.gender, str(read.patient.dob)],
        "notes": read.clinician_notes,
        "listed": [session.session_id for page in (first, last) for session in page.sessions],
        "total": last.total_count,
        "more": [first.has_next_page, last.has_next_page],
        "missing": missing(),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
