"""The four operations, by urllib on the models of datamodel-code-generator."""

import json
import os
import urllib.error
import urllib.request
from datetime import date

from generated.models import (
    ErrorResponse,
    Gender,
    PatientUpdate,
    SessionCreate,
    SessionCreated,
    SessionEnvelope,
    SessionPage,
    SessionUpdate,
)
from pydantic import BaseModel


def send(method: str, path: str, body: BaseModel | None = None) -> bytes:
    """Send a request and return the body of the answer."""
    request = urllib.request.Request(  # noqa: S310  the address is that of the sandbox
        os.environ["HEIDI_BASE_URL"] + path,
        method=method,
        headers={
            "Authorization": f"Bearer {os.environ['HEIDI_TOKEN']}",
            "Content-Type": "application/json",
        },
        data=body.model_dump_json(exclude_unset=True).encode() if body else None,
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def missing() -> str:
    """Ask for a session that is not there; name the failure."""
    try:
        send("GET", "/sessions/1")
    except urllib.error.HTTPError as error:
        with error:
            return ErrorResponse.model_validate_json(error.read()).detail.type
    return ""


def main() -> None:
    """Walk through the operations and say what was seen."""
    create = SessionCreate(ehr_appointment_id="EHR1234")
    created = SessionCreated.model_validate_json(send("POST", "/sessions", create)).session_id
    change = SessionUpdate(
        duration=60.25,
        patient=PatientUpdate(name="John Doe", gender=Gender.OTHER, dob=date(1990, 1, 1)),
        clinician_notes=["Note 1", "Note 2"],
    )
    answer = send("PATCH", f"/sessions/{created}", change)
    updated = SessionEnvelope.model_validate_json(answer).session
    read = SessionEnvelope.model_validate_json(send("GET", f"/sessions/{created}")).session
    page = SessionPage.model_validate_json(send("GET", "/sessions/linked-user?page_size=1"))
    seen = {
        "created": created,
        "updated": updated.session_id,
        "read": read.session_id,
        "ehr_appt_id": read.ehr_appt_id,
        "duration": read.duration,
        "patient": [read.patient.name, read.patient.gender, str(read.patient.dob)],
        "clinician_notes": read.clinician_notes,
        "listed": [session.session_id for session in page.sessions],
        "total_count": page.total_count,
        "has_next_page": page.has_next_page,
        "missing": missing(),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
