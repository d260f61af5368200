"""Scripts about what an update does, and what it must not do."""
# ruff: noqa: E501  # tables read better in rows

import itertools
from typing import Any

from heidi_conformance._history import Request, as_json, create, listing, read, update
from heidi_conformance._probe import Probe

from ._script import Script
from ._values import (
    BEYOND,
    CREATE_TEXTS,
    DOCUMENTED,
    EXACT,
    FLAGS,
    INVALID,
    LANGUAGES,
    LISTS,
    STRINGS,
    TEXTS,
    VALID,
    body,
    merged,
)  # fmt: skip

FULL = {name: values[0] for name, values in VALID.items() if name != "linked_sessions_for_context"}
READ_ONLY = {
    "session_id": "42", "session_name": "Renamed", "audio": ["a"], "documents": ["d"], "ehr_provider": "Mine",
    "created_at": "2001-01-01T00:00:00.000001", "updated_at": "2001-01-01T00:00:00.000001",
    "consult_note": {
        "status": "DONE", "result": "written by the caller", "heading": "Mine", "brain": "LEFT", "voice_style": "Mine",
        "generation_method": "MINE", "template_id": "42", "ai_command_id": "42", "ai_command_text": "Mine",
        "feedback": "Mine", "dictation_cleanup_mode": "MINE",
    },
}  # fmt: skip
UNKNOWN = {
    **dict.fromkeys(("id", "user_id", "owner_id", "email", "role", "tenant", "tags", "color", "title", "notes", "metadata", "archived"), "kept by the caller?"),
    "x_unknown": "kept?", "Duration": 7, "languageCode": "fr", "ehrPatientId": "kept?", "duration ": 8, "deleted": True, "ehr_appointment_id": "EHR-9", "patient_profile_id": "5eb", "__proto__": {"a": 1},
}  # fmt: skip


def each_member(probe: Probe, values: dict[str, tuple[Any, ...]], *, twice: bool) -> None:
    """Set every member to every value, between two sessions that must stay as they are."""
    witness, name, newest = probe.new(), probe.new(), probe.new()
    for session in (witness, name, newest):
        probe.send(read(session))
        probe.send(
            update(
                session,
                merged({key: items[0] for key, items in values.items() if key not in LISTS}),
            )
        )
        probe.send(read(session))
    for member, items in values.items():
        for value in items:
            raw = (
                as_json(body(member, value))
                .replace(b"{other}", f"{{{witness}}}".encode())
                .replace(b"{self}", f"{{{name}}}".encode())
            )
            probe.send(update(name, raw))
            probe.send(read(name))
        if twice:
            probe.send(update(name, body(member, items[-1])))
        for session in (witness, newest):
            probe.send(read(session))


def documented_members(probe: Probe) -> None:
    """Every member that the page describes and shows, one at a time, then all at once."""
    each_member(probe, DOCUMENTED, twice=False)
    name = probe.new(None)
    sample = {"duration": 60, "language_code": "en", "output_language_code": "en",
              "patient": {"name": "John Doe", "gender": "MALE", "dob": "1990-01-01"},
              "clinician_notes": ["Note 1", "Note 2"], "generate_output_without_recording": False}  # fmt: skip
    probe.send(update(name, sample))
    probe.send(read(name))
    probe.send(update(name, {"patient": {"name": "Jane Roe"}}))
    probe.send(read(name))
    probe.send(listing())
    probe.walk(10)


def members(probe: Probe) -> None:
    """Every member and every kind of value, falsy ones among them."""
    each_member(probe, VALID, twice=True)
    probe.send(listing("page_size=100"))


def merging(probe: Probe) -> None:
    """Parts of the patient, nothing at all, and the same again; each seen in the list."""
    name = probe.new()
    probe.send(update(name, merged(FULL)))
    probe.send(read(name))
    changes: tuple[dict[str, Any], ...] = (
        {"patient": {"name": "Ann"}}, {"patient": {"gender": "OTHER"}}, {"patient": {"dob": "1980-12-31"}},
        {"patient": {"demographic_details": "moved"}}, {"patient": {}}, {}, {"duration": 61}, {"duration": 61},
        {"patient": {"name": ""}}, {"clinician_notes": []}, {"duration": 0}, {"is_consent": False},
    )  # fmt: skip
    for change in changes:
        probe.send(update(name, change))
        probe.send(read(name))
        probe.send(listing("page_size=100"))
    for first, second in itertools.pairwise([*FULL, "duration"]):
        probe.send(update(name, merged({first: VALID[first][1], second: VALID[second][1]})))
    probe.send(read(name))


def untouched_update(probe: Probe) -> None:
    """An update as the very first request, and one that sends nothing."""
    for change in ({"duration": 60}, {}, {"patient": {"name": "Ann"}}):
        name = probe.new(None)
        probe.send(update(name, change))
        probe.send(read(name))
        probe.send(update(name, {}))
        probe.send(read(name))


def unknown_members(probe: Probe) -> None:
    """Members that no document knows, and those that only the server writes."""
    name, other = probe.new(), probe.new()
    probe.send(update(name, {"duration": 60, "patient": {"name": "Ann"}}))
    probe.send(read(name))
    for key, value in {**READ_ONLY, **UNKNOWN}.items():
        probe.send(update(name, {key: value}))
        probe.send(read(name))
    probe.send(update(name, {"patient": {"x_inner": "kept?", "age": 42, "Name": "No"}}))
    probe.send(read(name))
    probe.send(update(name, {**READ_ONLY, **UNKNOWN, "duration": 62}))
    probe.send(read(name))
    probe.send(
        update(
            name,
            {
                "session_name": 5,
                "audio": "x",
                "created_at": None,
                "consult_note": [1],
            },
        )
    )
    probe.send(read(name))
    probe.send(update(name, {"session_id": f"{{{other}}}", "duration": 63}))
    for session in (name, other):
        probe.send(read(session))
    made = probe.name()
    probe.send(
        create(
            made,
            {
                **READ_ONLY,
                **UNKNOWN,
                "duration": 9,
                "patient": {"name": "No"},
                "language_code": "es",
            },
        )
    )
    probe.send(read(made))
    # A creation takes two members, and none of those of an update.
    probe.send(create(updated := probe.name(), merged(FULL)))
    probe.send(read(updated))
    probe.send(listing("page_size=100"))


def strings(probe: Probe) -> None:
    """Strings that are hard to keep, in every member that takes one."""
    name = probe.new()
    for text in STRINGS:
        probe.send(
            update(
                name,
                merged(
                    dict.fromkeys(TEXTS, text)
                    | {"clinician_notes": [text, text + "!"], "linked_sessions_for_context": [text]}
                ),
            )
        )
        probe.send(read(name))
        if len(text) > 1000:
            probe.send(
                update(name, merged(dict.fromkeys(TEXTS, "short") | {"clinician_notes": []}))
            )
    probe.send(update(name, b'{"patient": {"name": "\\ud83d\\ude00 \\u0041\\/\\b"}}'))
    probe.send(read(name))
    probe.send(update(name, {"clinician_notes": [f"note {number}" for number in range(200)]}))
    probe.send(read(name))
    probe.send(update(name, {"clinician_notes": []}))
    probe.send(listing("page_size=100"))


def appointments(probe: Probe) -> None:
    """What a creation says of the appointment."""
    for text in (
        "EHR1234",
        "",
        " x ",
        "nul\u0000",
        "\U0001f468",
        "e\u0301",
        "0",
        "x" * 300,
        "a+b %41 &amp;",
        "007",
    ):
        probe.send(read(probe.new({"ehr_appointment_id": text})))
    probe.send(read(probe.new({"patient_profile_id": "5eb7cf5a86d9755df3a6c593"})))
    both = {"patient_profile_id": "5eb7cf5a86d9755df3a6c593", "ehr_appointment_id": "EHR1"}
    probe.send(read(probe.new(both)))
    probe.send(read(probe.new({})))
    probe.send(read(probe.new(None)))
    german = (("Accept-Language", "de-AU,de;q=0.9"),)
    probe.send(create(german_one := probe.name(), {}, headers=german))
    probe.send(read(german_one, headers=german))
    # Two sessions for the same patient and appointment, of which one is updated.
    twins = [probe.new(both) for _ in range(2)]
    for twin in twins:
        probe.send(read(twin))
    probe.send(update(twins[0], merged(FULL)))
    for twin in twins:
        probe.send(read(twin))


def surrogates(probe: Probe) -> None:
    """Half of a surrogate pair, which no text holds."""
    name = probe.new()
    probe.send(update(name, {"duration": 60}))
    for half in (b"\\ud800", b"\\udc00", b"\\ud800x", b"\\udc00\\ud800", b"\\udfff", b"\\ud83d"):
        probe.send(update(name, b'{"patient": {"name": "' + half + b'"}}'))
        probe.send(update(name, b'{"duration": 61, "clinician_notes": ["' + half + b'"]}'))
        appointment = b'{"ehr_appointment_id": "' + half + b'"}'
        probe.send(Request("POST", "/sessions", body=appointment, binds=probe.name()))
        probe.send(update(name, b'{"clinician_notes": ["' + half + b'"]}'))
    probe.send(update(name, b'{"\\ud800": 1}'))
    probe.send(read(name))


def numbers(probe: Probe) -> None:
    """Numbers that are hard to keep."""
    name = probe.new()
    for number in (*map(repr, EXACT), "60.0", "6e1", "9007199254740992.0", *BEYOND, "0.0", "0"):
        probe.send(update(name, b'{"duration": %b}' % number.encode()))
        probe.send(read(name))
    probe.send(listing("page_size=100"))


def invalid_members(probe: Probe) -> None:
    """Values that no member takes; nothing changes by them."""
    name = probe.new()
    probe.send(update(name, merged(FULL)))
    probe.send(read(name))
    for member, values in INVALID.items():
        for value in values:
            probe.send(update(name, body(member, value)))
        probe.send(read(name))
    probe.send(listing("page_size=100"))


def null_members(probe: Probe) -> None:
    """Null, where the session holds something and where it holds nothing yet."""
    name = probe.new()
    probe.send(read(name))
    for member in INVALID:
        probe.send(update(name, body(member, None)))
    probe.send(read(name))


def atomic_rejection(probe: Probe) -> None:
    """Good members beside a bad one, which comes first, last or inside."""
    name = probe.new()
    probe.send(update(name, merged(FULL)))
    probe.send(read(name))
    good = merged({key: VALID[key][1] for key in FULL})
    bad: tuple[tuple[str, Any], ...] = (
        ("duration", "x"), ("language_code", "EN"), ("is_consent", 1), ("clinician_notes", ["a", 1]),
        ("created_time_local", 5), ("linked_sessions_for_context", [None]), ("session_status", []),
    )  # fmt: skip
    for member, value in bad:
        rest = {key: item for key, item in good.items() if key != member}
        for change in ({member: value, **rest}, {**rest, member: value}):
            probe.send(update(name, change))
            probe.send(read(name))
    for inner, value in (
        ("gender", "male"),
        ("dob", "1990-02-30"),
        ("name", 1),
        ("demographic_details", False),
    ):
        probe.send(
            update(name, {**good, "patient": {"name": "Eve", "dob": "1970-01-01", inner: value}})
        )
        probe.send(read(name))
    probe.send(update(name, b'{"duration": 99, "patient": {"name": "Eve"'))
    probe.send(update(name, {"duration": 99}, media_type="text/plain"))
    probe.send(read(name))
    probe.send(listing("page_size=100"))


def invalid_creations(probe: Probe) -> None:
    """Values that no member of a creation takes."""
    values: tuple[Any, ...] = (1, 0, 1.5, True, None, [], {}, ["x"])
    for member in CREATE_TEXTS:
        for value in values:
            probe.send(create(probe.name(), {member: value}))
    probe.send(listing("page_size=1"))


def canaries(probe: Probe) -> None:
    """Values that an error could repeat, each of which no other text holds."""
    name = probe.new()
    mark = "qz7-canary-93x"
    texts = {member: [mark] for member in TEXTS} | dict.fromkeys(
        (*FLAGS, *LISTS, "duration", "patient"), mark
    )
    texts |= dict.fromkeys(LANGUAGES, f"{mark} 1") | {
        "patient.gender": mark,
        "patient.dob": mark,
    }
    for member, value in texts.items():
        probe.send(update(name, body(member, value)))
    probe.send(update(name, {"duration": -73519846.25}))
    probe.send(update(name, {"patient": {"name": 73519846}}))
    probe.send(update(name, {"clinician_notes": ["fine-qz7-93x", 73519846]}))
    probe.send(update(name, {"patient": {"name": "name-qz7-93x", "gender": "x"}}))
    probe.send(update(name, b'{"patient": {"name": "qz7-canary-93x" "dob"}}'))
    probe.send(update(name, b'"qz7-canary-93x"'))
    probe.send(
        update(
            name,
            b'{"duration": 60, "patient": {"name": "qz7-canary-93x"}}',
            media_type="text/plain",
        )
    )
    for member in CREATE_TEXTS:
        probe.send(create(probe.name(), {member: [mark]}))
    for query in (f"page_size={mark}", "page_size=73519846", f"page=no-such-page-{mark}"):
        probe.try_send(listing(query))


def instants(probe: Probe) -> None:
    """Updates with a pause between them, and readings that must not count as one."""
    name, other = probe.new(), probe.new()
    probe.send(read(name))
    probe.send(read(other))
    for duration in (1, 2, 3, 4, 5):
        probe.send(update(name, {"duration": duration}, pause=0.008))
        probe.send(read(name))
    for member in (
        "patient.name",
        "clinician_notes",
        "is_consent",
        "language_code",
        "linked_sessions_for_context",
        "patient.demographic_details",
    ):
        probe.send(update(name, body(member, VALID[member][1]), pause=0.008))
    for _ in range(2):
        probe.send(read(name, pause=0.003))
        probe.send(listing("page_size=100", pause=0.003))
    probe.send(update(name, {"duration": "x"}, pause=0.008))
    probe.send(read(name))
    probe.send(update(name, {"duration": 6}, pause=0.008))
    for session in (name, other):
        probe.send(read(session))
    probe.send(listing("page_size=100"))


def concurrency(probe: Probe) -> None:
    """Updates of different members at the same time, and creations."""
    names = (
        "duration",
        "language_code",
        "patient.name",
        "patient.gender",
        "patient.dob",
        "ehr_patient_id",
        "is_consent",
        "clinician_notes",
    )
    for round_ in range(4):
        name = probe.new()
        probe.send(read(name))
        probe.batch([update(name, body(member, VALID[member][round_ % 2])) for member in names])
        probe.send(read(name))
        probe.batch([update(name, body(member, VALID[member][1 - round_ % 2])) for member in names])
        probe.send(read(name))
    name = probe.new()
    probe.send(read(name))
    for number, language in ((1, "es"), (2, "en"), (3, "es")):
        whole = update(name, {"duration": number, "language_code": language, "patient": {"name": language}})  # fmt: skip
        probe.batch([whole, *(read(name) for _ in range(6))])
        probe.send(read(name))
    made = [probe.name() for _ in range(6)]
    probe.send(listing("page_size=1"))
    probe.batch([create(name, {"ehr_appointment_id": f"EHR-{name}"}) for name in made])
    for name in made:
        probe.try_send(read(name))
    probe.send(listing("page_size=100"))


SCRIPTS = (
    Script(documented_members, "documented", ("works", "update-answer", "update-keeps", "update-read", "one-session")),
    Script(members, "documented", ("update-answer", "update-keeps", "update-read", "one-session", "values")),
    Script(merging, "documented", ("update-keeps", "update-listed", "reading")),
    Script(untouched_update, "documented", ("update-answer", "new-session")),
    Script(unknown_members, "strict", ("unknown-members",)),
    Script(strings, "strict", ("strings",)),
    Script(appointments, "strict", ("appointment", "new-session", "one-session", "strings")),
    Script(surrogates, "strict", ("strings",)),
    Script(numbers, "strict", ("numbers",)),
    Script(invalid_members, "strict", ("values", "no-coercion", "body-shape", "rejected-update", "message-names")),
    Script(null_members, "strict", ("body-shape",)),
    Script(atomic_rejection, "strict", ("rejected-update",)),
    Script(invalid_creations, "strict", ("no-coercion", "body-shape", "totals")),
    Script(canaries, "strict", ("message-quotes", "message-names")),
    Script(instants, "strict", ("updated-at", "created-at", "reading")),
    Script(concurrency, "strict", ("concurrent", "id-unique")),
)  # fmt: skip
