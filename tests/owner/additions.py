"""Additions of an owner to the document: one of each kind, all in one edit."""

from __future__ import annotations

from typing import Any, Final

from tests.owner.edits import (
    add,
    body,
    error,
    operation,
    pages,
    parameter,
    prop,
    record,
    ref,
    response,
    samples,
    schemas,
)
from tests.owner.subject import (
    CREATE,
    LIST,
    MEANING,
    READ,
    RESOURCE,
    RESULT,
    UPDATE,
    enumeration,
)

Document = dict[str, Any]

ENUM, AT_ENUM = enumeration()
TRANSCRIPTS, ARCHIVE = f"{READ.path}/transcript", f"{READ.path}/archive"
LINE = f"{TRANSCRIPTS}/{{number}}/{{side}}"
TRANSCRIPT: Final = {"text": "Good morning.", "speakers": 2}
LETTERS: Final = ["SOAP", "REFERRAL", "LETTER"]

FIELDS: Final[dict[str, tuple[Any, Any]]] = {
    "visit_number": (7, 99),
    "is_telehealth": (True, "yes"),
    "note_kinds": (["LETTER", "SOAP"], ["POEM"]),
    "room": ({"building": "North", "floor": 2}, {"floor": "two"}),
    "labels": ({"ward": "3"}, {"ward": 3}),
    AT_ENUM: ("NON_BINARY", "NON_BINARI"),
    "follow_up": ("PHONE", "FAX"),
    "called_at": ("2026-03-01T09:00:00Z", "soon"),
}
"""A valid and an invalid value for each property that an update takes."""

QUERY: Final = {
    "search": ("Doe", None),
    "created_after": ("2026-01-31", "2026-02-31"),
    "archived": ("true", "yes"),
    "sort_by": ("NEWEST", "BEST"),
}
"""A right value and a wrong one for each parameter; any string is right for the first."""

APPOINTMENT: Final = {
    "appointment_id": "77",
    "reason": "Check-up",
    "minutes": 15,
    "booked_at": "2026-01-31T09:00:00Z",
}
BOOKING: Final = {"booking_id": "78", "reason": "Check-up", "minutes": 15}
BOOKINGS: Final = {"bookings": [BOOKING], "next_token": None}
ATTACHMENT: Final = {"attachment_id": 12, "title": "Blood count", "labels": {"kind": "lab"}}
ATTACHMENTS: Final = {"data": [ATTACHMENT], "next_cursor": None}
AT_APPOINTMENT, AT_BOOKING = "/appointments/{appointment_id}", "/bookings/{booking_id}"
SEVERAL = f"{READ.path}/attachments"
AT_ATTACHMENT = f"{SEVERAL}/{{attachment_id}}"
AT_PLAN = "/plans/{plan_id}"
VOICE: Final = {"voice_id": "v1", "style": "Warm"}
VOICES: Final = {"voices": [VOICE], "next_token": None}
AT_VOICE = "/voices/{voice_id}"


def edit(document: Document) -> None:
    """Add one of each."""
    properties(document)
    operations(document)
    appointments(document)
    bookings(document)
    attachments(document)
    plans(document)
    voices(document)


def properties(document: Document) -> None:
    """Add properties to the resource and the update, to the create request, and to the query."""
    add(document, "visit_number", RESOURCE, UPDATE.body, type="integer", minimum=1, maximum=20)
    add(document, "is_telehealth", UPDATE.body, type="boolean")
    schemas(document)["NoteKind"] = {**record(), "type": "string", "enum": LETTERS}
    del schemas(document)["NoteKind"]["properties"]
    kinds = {"type": "array", "items": ref("NoteKind")}
    add(document, "note_kinds", RESOURCE, UPDATE.body, **kinds)
    schemas(document)["Place"] = record()
    add(document, "building", "Place", type="string")
    schemas(document)["Room"] = {**record(), "allOf": [ref("Place")]}
    add(document, "floor", "Room", type="integer")
    add(document, "checked", "Room", type="boolean", readOnly=True)
    add(document, "door_code", UPDATE.body, type="string", pattern="^[0-9]{4}$", writeOnly=True)
    room = ref("Room")
    for owner in (RESOURCE, UPDATE.body):
        add(document, "room", owner, **room)
        del schemas(document)[owner]["properties"]["room"]["description"]
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    add(document, "labels", RESOURCE, UPDATE.body, **labels)
    schemas(document)[RESOURCE]["properties"]["labels"]["x-semantics"] = {"replaced": True}
    schemas(document)[ENUM]["enum"].append("NON_BINARY")
    follow_up = {"type": ["string", "null"], "enum": ["PHONE", "VISIT", None]}
    add(document, "follow_up", RESOURCE, UPDATE.body, **follow_up)
    called_at = {"type": ["string", "null"], "format": "date-time"}
    add(document, "called_at", RESOURCE, UPDATE.body, **called_at)
    add(document, "timeout", RESOURCE, UPDATE.body, type="integer", minimum=1)
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


def operations(document: Document) -> None:
    """Add an error, a deletion, sub-resources and an action, and name the body of the update."""
    change = document["paths"][UPDATE.path]["patch"]
    document["components"]["requestBodies"] = {"Change": change["requestBody"]}
    change["requestBody"] = ref("Change", "requestBodies")
    document["paths"][CREATE.path]["post"]["responses"]["409"] = error("DuplicateSessionError")
    document["paths"][UPDATE.path]["patch"]["responses"]["409"] = error("DuplicateSessionError")
    session = document["paths"][READ.path]
    shown = {**response(), "content": session["get"]["responses"]["200"]["content"]}
    session["delete"] = operation(
        "removeIt", READ.tag, {"204": response()}, **meaning("delete", RESOURCE)
    )
    schemas(document)["Transcript"] = record(("text", "speakers"))
    add(document, "text", "Transcript", type="string")
    add(document, "speakers", "Transcript", type="integer")
    transcript = {"200": response("Transcript", TRANSCRIPT)}
    document["paths"][TRANSCRIPTS] = {
        "parameters": session["parameters"],
        "get": operation("getTranscript", READ.tag, transcript),
    }
    line = [parameter("number", "path", type="integer", minimum=1)]
    chart = parameter("X-Chart", "header", type="string", pattern="^C[0-9]+$")
    side = [parameter("side", "path", type="string", enum=["DOCTOR", "PATIENT"])]
    document["paths"][LINE] = {
        "parameters": [
            *session["parameters"],
            *line,
            *side,
            chart,
            parameter("width", type="integer"),
        ],
        "get": operation("getLine", READ.tag, transcript),
    }
    acts = meaning("act", RESOURCE, result=RESULT)
    document["paths"][ARCHIVE] = {
        "parameters": session["parameters"],
        "post": operation("archiveIt", READ.tag, {"200": shown}, **acts),
    }


def appointments(document: Document) -> None:
    """Add a second resource, with its own create, get, update and list."""
    document["tags"].append({**prop(), "name": "Appointments"})
    schemas(document)["Appointment"] = record((*APPOINTMENT,))
    add(document, "booked_at", "Appointment", type="string", format="date-time")
    page = {"appointments": [APPOINTMENT], "next_token": None, "total": 1}
    schemas(document)["AppointmentPage"] = record((*page,))
    add(document, "total", "AppointmentPage", type="integer")
    visits(document, "Appointment", APPOINTMENT, page)
    several, one = document["paths"]["/appointments"], document["paths"][AT_APPOINTMENT]
    whole = {"resource": "Appointment", "result": ""}
    several["post"] |= meaning("create", **whole, id="/appointment_id")
    one["get"] |= meaning("read", **whole)
    one["patch"] |= meaning("update", **whole)
    names = {"size": "limit", "token": "after", "next": "/next_token", "total": "/total"}
    several["get"] |= meaning("list", "Appointment", page={"items": "/appointments", **names})
    schemas(document)["Appointment"]["x-semantics"] = {
        "id": "appointment_id",
        "owner": MEANING["owner"],
        "created": "booked_at",
    }


def bookings(document: Document) -> None:
    """Add a resource without semantics."""
    document["tags"].append({**prop(), "name": "Bookings"})
    schemas(document)["Booking"] = record((*BOOKING,))
    schemas(document)["BookingPage"] = record((*BOOKINGS,))
    visits(document, "Booking", BOOKING, BOOKINGS)


def visits(document: Document, name: str, sample: Any, page: Any) -> None:
    """Add create, get, update and list of a resource with a reason and minutes."""
    lower = name.lower()
    schemas(document)[f"{name}Create"] = record(("reason",))
    schemas(document)[f"{name}Update"] = record()
    add(document, f"{lower}_id", name, type="string")
    text = {"type": "string", "maxLength": 80}
    add(document, "reason", name, f"{name}Create", f"{name}Update", **text)
    bounds = {"type": "integer", "minimum": 5, "maximum": 120}
    add(document, "minutes", name, f"{name}Update", **bounds)
    add(document, f"{lower}s", f"{name}Page", type="array", items=ref(name))
    add(document, "next_token", f"{name}Page", type=["string", "null"])
    document["paths"][f"/{lower}s"] = {
        "post": operation(
            f"create{name}",
            f"{name}s",
            {"201": response(name, sample)},
            requestBody=body(f"{name}Create", {"reason": "Check-up"}),
        ),
        "get": operation(
            f"list{name}s",
            f"{name}s",
            {"200": response(f"{name}Page", page)},
            parameters=pages("after", 10),
        ),
    }
    found = {"200": response(name, sample), "404": error(f"{name}NotFoundError")}
    changed = body(f"{name}Update", {"minutes": 20})
    document["paths"][f"/{lower}s/{{{lower}_id}}"] = {
        "parameters": [parameter(f"{lower}_id", "path", type="string")],
        "get": operation(f"get{name}", f"{name}s", found),
        "patch": operation(f"update{name}", f"{name}s", found, requestBody=changed),
    }


def attachments(document: Document) -> None:
    """Add a resource within the first, with integer ids, before the first."""
    document["tags"].append({**prop(), "name": "Attachments"})
    known = dict(schemas(document))
    schemas(document).clear()
    schemas(document)["Attachment"] = record((*ATTACHMENT,))
    schemas(document).update(known)
    schemas(document)["AttachmentCreate"] = record(("title",))
    schemas(document)["AttachmentUpdate"] = record()
    schemas(document)["AttachmentPage"] = record((*ATTACHMENTS,))
    add(document, "attachment_id", "Attachment", type="integer", minimum=1)
    both = ("Attachment", "AttachmentCreate", "AttachmentUpdate")
    add(document, "title", *both, type="string", minLength=1, maxLength=100)
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    add(document, "labels", *both, **labels)
    add(document, "data", "AttachmentPage", type="array", items=ref("Attachment"))
    add(document, "next_cursor", "AttachmentPage", type=["string", "null"])
    schemas(document)["Attachment"]["x-semantics"] = {
        "id": "attachment_id",
        "owner": MEANING["owner"],
    }
    outer = document["paths"][READ.path]["parameters"]
    found = {"200": response("Attachment", ATTACHMENT), "404": error("AttachmentNotFoundError")}
    whole = {"resource": "Attachment", "result": ""}
    names = {"items": "/data", "size": "limit", "token": "cursor", "next": "/next_cursor"}
    document["paths"][SEVERAL] = {
        "parameters": outer,
        "post": operation(
            "addAttachment",
            "Attachments",
            {"201": response("Attachment", ATTACHMENT)},
            requestBody=body("AttachmentCreate", {"title": "Blood count"}),
            **meaning("create", **whole),
        ),
        "get": operation(
            "listAttachments",
            "Attachments",
            {"200": response("AttachmentPage", ATTACHMENTS)},
            parameters=pages("cursor", 20),
            **meaning("list", "Attachment", page=names),
        ),
    }
    changed = body("AttachmentUpdate", {"title": "Blood count of May"})
    document["paths"][AT_ATTACHMENT] = {
        "parameters": [*outer, parameter("attachment_id", "path", type="integer", minimum=1)],
        "get": operation("getAttachment", "Attachments", found, **meaning("read", **whole)),
        "put": operation(
            "changeAttachment",
            "Attachments",
            found,
            requestBody=changed,
            **meaning("update", **whole),
        ),
        "delete": operation(
            "deleteAttachment",
            "Attachments",
            {"204": response()},
            **meaning("delete", "Attachment"),
        ),
    }


def plans(document: Document) -> None:
    """Add a resource that is only created and read."""
    document["tags"].append({**prop(), "name": "Plans"})
    text, number = prop(type="string"), prop(type="integer")
    schemas(document)["PlanCreate"] = record(("title",), title=text, weight=number)
    schemas(document)["Plan"] = record(("plan_id", "title"), plan_id=text, title=text)
    schemas(document)["Plan"]["x-semantics"] = {"id": "plan_id", "owner": MEANING["owner"]}
    plan = response("Plan", {"plan_id": "p1", "title": "one"})
    whole = {"resource": "Plan", "result": ""}
    document["paths"]["/plans"] = {
        "post": operation(
            "createPlan",
            "Plans",
            {"201": plan},
            requestBody=body("PlanCreate", {"title": "one"}),
            **meaning("create", **whole),
        )
    }
    shown = {"200": plan, "404": error("PlanNotFoundError")}
    document["paths"][AT_PLAN] = {
        "parameters": [parameter("plan_id", "path", type="string")],
        "get": operation("getPlan", "Plans", shown, **meaning("read", **whole)),
    }


def voices(document: Document) -> None:
    """Add a resource that is only listed and read."""
    document["tags"].append({**prop(), "name": "Voices"})
    schemas(document)["Voice"] = record((*VOICE,))
    schemas(document)["Voice"]["x-semantics"] = {"id": "voice_id", "owner": MEANING["owner"]}
    for one in VOICE:
        add(document, one, "Voice", type="string")
    schemas(document)["VoicePage"] = record((*VOICES,))
    add(document, "voices", "VoicePage", type="array", items=ref("Voice"))
    add(document, "next_token", "VoicePage", type=["string", "null"])
    names = {"items": "/voices", "size": "limit", "token": "after", "next": "/next_token"}
    document["paths"]["/voices"] = {
        "get": operation(
            "listVoices",
            "Voices",
            {"200": response("VoicePage", VOICES)},
            parameters=pages("after", 10),
            **meaning("list", "Voice", page=names),
        )
    }
    found = {"200": response("Voice", VOICE), "404": error("VoiceNotFoundError")}
    document["paths"][AT_VOICE] = {
        "parameters": [parameter("voice_id", "path", type="string")],
        "get": operation("getVoice", "Voices", found, **meaning("read", "Voice", result="")),
    }


def meaning(action: str, resource: str, **rest: Any) -> dict[str, Any]:
    """Say what an operation does."""
    return {"x-semantics": {"action": action, "resource": resource, **rest}}
