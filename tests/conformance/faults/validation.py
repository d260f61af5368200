"""Invalid input that is accepted, and valid input that is refused."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, Handler, RefusalError, Request, Response, Shape

from .catalogue import (
    DOCUMENTED,
    STRICT,
    Catalogue,
    Level,
    Session,
    Witness,
    between,
    instead,
    keeps,
    nested,
)

FAULTS = Catalogue("validation")
Rule = Callable[[Any], bool]
JSON = "application/json"
MEBIBYTE = 1024 * 1024


def converting(field: str, takes: Rule, turns: Callable[[Any], Any]) -> type[Api]:
    """Return a server that accepts some values of a property, and converts them."""
    place, _, name = f"body.{field}".rpartition(".")

    class Converting(Api):
        def checked(self, value: Any, shape: Shape, where: str = "body") -> Session:
            if where != place or not isinstance(value, dict) or not takes(value.get(name, ...)):
                return super().checked(value, shape, where)
            rest = {key: other for key, other in value.items() if key != name}
            turned = turns(value[name])
            fields = super().checked(rest, shape, where)
            return fields if turned is ... else fields | {name: turned}

    return Converting


def refuses(field: str, value: Any) -> Witness:
    return lambda caller: caller.refuses(422, nested(field, value))


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def text_like(pattern: str) -> Rule:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def of_type(*kinds: type) -> Rule:
    return lambda value: type(value) in kinds


def as_is(value: Any) -> Any:
    return value


def ignored(_: Any) -> Any:
    return ...


def is_null(value: Any) -> bool:
    return value is None


# name, sentence, row, property, what is accepted, its conversion, what the witness sends
TAKEN: tuple[tuple[str, str, str, str, Rule, Callable[[Any], Any], Any], ...] = (
    ("duration_as_text", "A duration may be a string of digits.", "S9", "duration", text_like(r"\d+(\.\d+)?"), float, "60"),
    ("duration_as_text_kept", "A duration may be a string, and stays one.", "S9", "duration", is_text, as_is, "60"),
    ("duration_as_time", "A duration may be a string like 1:30.", "S9", "duration", text_like(r"\d+:\d\d"), lambda t: int(t.split(":")[0]) * 60 + int(t[-2:]), "1:30"),
    ("empty_duration", "An empty string is a duration of 0.", "S9", "duration", text_like(""), lambda _: 0, ""),
    ("true_is_a_duration", "A duration may be true, which is 1.", "S9", "duration", of_type(bool), int, True),
    ("false_is_a_duration", "A duration may be false, which is 0.", "S9", "duration", lambda v: v is False, int, False),
    ("null_duration", "A duration of null is ignored.", "S9 L137", "duration", is_null, ignored, None),
    ("negative_duration", "A duration may be negative.", "S8", "duration", lambda v: type(v) in {int, float} and v < 0, as_is, -1),
    ("barely_negative_duration", "A duration between -1 and 0 is 0.", "S8", "duration", lambda v: type(v) is float and -1 < v < 0, lambda _: 0, -0.5),
    ("absolute_duration", "A negative duration loses its sign.", "S8", "duration", lambda v: type(v) is int and v < 0, abs, -60),
    ("duration_in_an_array", "A duration may be in an array of one.", "S9", "duration", lambda v: isinstance(v, list) and len(v) == 1, lambda v: v[0], [5]),
    ("text_flag", "`is_consent` may be the text true.", "S9", "is_consent", text_like("true|false"), lambda t: t == "true", "true"),
    ("number_flag", "`is_consent` may be 1.", "S9", "is_consent", of_type(int), bool, 1),
    ("zero_flag", "`generate_output_without_recording` may be 0.", "S9", "generate_output_without_recording", lambda v: type(v) is int and v == 0, bool, 0),
    ("fraction_flag", "`is_consent` may be 1.0.", "S9", "is_consent", of_type(float), bool, 1.0),
    ("word_flag", "`generate_output_without_recording` may be the word yes.", "S9", "generate_output_without_recording", text_like("yes|no|on|off"), lambda t: t in {"yes", "on"}, "yes"),
    ("null_flag", "A null for `is_consent` is false.", "S9", "is_consent", is_null, bool, None),
    ("one_note_as_text", "`clinician_notes` may be one text.", "S9", "clinician_notes", is_text, lambda t: [t], "one"),
    ("notes_as_numbers", "A note may be a number.", "S9", "clinician_notes", lambda v: isinstance(v, list) and all(type(n) in {str, int} for n in v), lambda v: list(map(str, v)), ["a", 1]),
    ("null_notes_among", "A null among notes is dropped.", "S9", "clinician_notes", lambda v: isinstance(v, list) and all(n is None or isinstance(n, str) for n in v), lambda v: [n for n in v if n is not None], ["a", None]),
    ("null_for_notes", "A null for notes empties them.", "S9", "clinician_notes", is_null, lambda _: [], None),
    ("object_for_notes", "`clinician_notes` may be an object, whose values count.", "S9", "clinician_notes", of_type(dict), lambda v: list(map(str, v.values())), {"0": "a"}),
    ("links_as_numbers", "A linked session may be named by a number.", "S9", "linked_sessions_for_context", lambda v: isinstance(v, list) and all(type(n) in {str, int} for n in v), lambda v: list(map(str, v)), [123]),
    ("link_as_text", "`linked_sessions_for_context` may be one id.", "S9", "linked_sessions_for_context", is_text, lambda t: [t], "1"),
    ("number_for_appointment", "`ehr_appt_id` may be a number.", "S9", "ehr_appt_id", of_type(int), str, 42),
    ("null_appointment", "A null for `ehr_appt_id` removes the link.", "S9", "ehr_appt_id", is_null, as_is, None),
    ("null_patient_link", "A null for `ehr_patient_id` is ignored.", "S9", "ehr_patient_id", is_null, ignored, None),
    ("number_for_status", "`session_status` may be a number.", "S9", "session_status", of_type(int), str, 3),
    ("flag_for_mode", "`transcribe_mode` may be a boolean.", "S9", "transcribe_mode", of_type(bool), str, True),
    ("number_for_local_time", "`created_time_local` may be a number.", "S9", "created_time_local", of_type(int), str, 1733889477),
    ("null_for_recording", "A null for `recording_status` is accepted.", "S9", "recording_status", is_null, ignored, None),
    ("patient_null", "A null for `patient` is ignored.", "S9", "patient", is_null, ignored, None),
    ("patient_array", "An empty array for `patient` is an empty object.", "S9", "patient", lambda v: v == [], ignored, []),
    ("patient_as_text", "`patient` may be a string, which is ignored.", "S9", "patient", is_text, ignored, "John Doe"),
    ("null_name", "A null for the patient's name is ignored.", "S9", "patient.name", is_null, ignored, None),
    ("number_for_name", "A patient's name may be a number.", "S9", "patient.name", of_type(int, float), str, 7),
    ("null_gender", "A null for the gender empties it.", "S9", "patient.gender", is_null, as_is, None),
    ("small_gender", "A gender may be written in small letters.", "Gender L145", "patient.gender", text_like("male|female|other"), str.upper, "male"),
    ("short_gender", "A gender may be a letter.", "Gender L145", "patient.gender", text_like("[MF]"), lambda t: {"M": "MALE", "F": "FEMALE"}[t], "F"),
    ("open_gender", "A gender may be any text, and is stored.", "Gender L145", "patient.gender", is_text, as_is, "UNKNOWN"),
    ("unknown_gender_is_other", "A gender that is not known is OTHER.", "Gender L145", "patient.gender", text_like("[A-Z]{6,}"), lambda t: t if t == "FEMALE" else "OTHER", "DIVERSE"),
    ("padded_gender", "A gender may have spaces round it.", "Gender L145", "patient.gender", text_like(r"\s+[A-Z]+\s*"), str.strip, " MALE"),
    ("empty_gender", "An empty gender is null.", "Gender L145", "patient.gender", text_like(""), lambda _: None, ""),
    ("null_dob", "A null for `dob` empties it.", "S9", "patient.dob", is_null, as_is, None),
    ("empty_dob", "An empty `dob` is null.", "S8", "patient.dob", text_like(""), lambda _: None, ""),
    ("thirtieth_of_february", "A `dob` may be 2023-02-30.", "S8", "patient.dob", text_like(r"\d{4}-02-30"), as_is, "2023-02-30"),
    ("rolls_over", "A day after the end of a month is a day of the next month.", "S8", "patient.dob", text_like(r"\d{4}-04-31"), lambda t: f"{t[:4]}-05-01", "1990-04-31"),
    ("thirteenth_month", "A `dob` may have the month 13.", "S8", "patient.dob", text_like(r"\d{4}-13-\d\d"), as_is, "1990-13-01"),
    ("no_leap_century", "A `dob` may be 1900-02-29: every fourth year is taken for a leap year.", "S8", "patient.dob", text_like("[0-9]{2}00-02-29"), as_is, "1900-02-29"),
    ("short_dob", "A `dob` may lack its zeros.", "S8", "patient.dob", text_like(r"\d{4}-\d-\d"), lambda t: "{}-{:0>2}-{:0>2}".format(*t.split("-")), "1990-1-1"),
    ("compact_dob", "A `dob` may be 19900101.", "S8", "patient.dob", text_like(r"\d{8}"), lambda t: f"{t[:4]}-{t[4:6]}-{t[6:]}", "19900101"),
    ("dob_with_time", "A `dob` may have a time, which is dropped.", "S8", "patient.dob", text_like(r"\d{4}-\d\d-\d\dT.*"), lambda t: t[:10], "1990-01-01T00:00:00"),
    ("dob_of_the_week", "A `dob` may be an ISO week date.", "S8", "patient.dob", text_like(r"\d{4}-W\d\d-\d"), lambda t: "1990-01-01", "1990-W01-1"),
    ("dob_as_slashes", "A `dob` may be 01/02/1990.", "S8", "patient.dob", text_like(r"\d\d/\d\d/\d{4}"), lambda t: f"{t[6:]}-{t[3:5]}-{t[:2]}", "01/02/1990"),
    ("dob_with_newline", "A `dob` may end with a newline, which is kept.", "S8", "patient.dob", text_like(r"\d{4}-\d\d-\d\d\n"), as_is, "1990-01-01\n"),
    ("arabic_dob", "A `dob` may be written in Arabic digits.", "S8", "patient.dob", text_like("[\u0660-\u0669]{4}-[\u0660-\u0669]{2}-[\u0660-\u0669]{2}"), lambda t: "-".join(f"{int(p):02}" for p in t.split("-")), "\u0661\u0669\u0669\u0660-\u0660\u0661-\u0660\u0661"),
    ("any_dob", "A `dob` may be any text.", "S8", "patient.dob", text_like("[a-z]+.*"), as_is, "yesterday"),
    ("dob_as_number", "A `dob` may be a number of seconds.", "S9", "patient.dob", of_type(int), lambda _: "1990-01-01", 631152000),
    ("number_for_demographics", "`demographic_details` may be an object.", "S9", "patient.demographic_details", of_type(dict), str, {"hand": "left"}),
    ("language_by_name", "A language may be a word.", "S8", "language_code", text_like("[a-z]{4,}"), as_is, "english"),
    ("capital_language", "A language may be in capitals.", "S8", "language_code", text_like("[A-Z]{2}"), as_is, "EN"),
    ("posix_language", "A language may be en_US.", "S8", "output_language_code", text_like("[a-z]{2}_[A-Z]{2}"), lambda t: t.replace("_", "-"), "en_US"),
    ("empty_language", "A language may be empty.", "S8", "language_code", text_like(""), as_is, ""),
    ("one_letter_language", "A language may be one letter.", "S8", "language_code", text_like("[a-z]"), as_is, "e"),
    ("open_ended_language", "A language may end with a hyphen.", "S8", "language_code", text_like("[a-z]{2}-"), as_is, "en-"),
    ("language_with_newline", "A language may end with a newline: the pattern ends with $.", "S8", "output_language_code", text_like("[a-z]{2}\n"), as_is, "en\n"),
    ("long_subtag", "A part of a language may have nine characters.", "S8", "language_code", text_like("[a-z]{2}-[a-z]{9}"), as_is, "en-abcdefghi"),
    ("any_output_language", "`output_language_code` may be any text.", "S8", "output_language_code", is_text, as_is, "?!"),
    ("null_language", "A null for the language is the default.", "S9", "language_code", is_null, lambda _: "en", None),
    ("accented_language", "The letters of a language may have accents.", "S8", "language_code", text_like("[a-zà-ÿ]{2}"), as_is, "eñ"),
)  # fmt: skip
for name, sentence, row, field, takes, turns, value in TAKEN:
    server = converting(field, takes, turns)
    FAULTS.add(name, sentence, f"{row} {field}", STRICT, server, refuses(field, value))

# name, sentence, row, level, property, what is refused, what the witness sends
REFUSED: tuple[tuple[str, str, str, Level, str, Rule, Any], ...] = (
    ("whole_durations_only", "A duration with a fraction is refused.", "S8 L139", DOCUMENTED, "duration", lambda v: v % 1 != 0, 0.5),
    ("no_zero_duration", "A duration of 0 is refused.", "S8", STRICT, "duration", lambda v: v == 0, 0),
    ("a_day_at_most", "A duration of more than a day is refused.", "S8 S13", STRICT, "duration", lambda v: v > 86400, 86401),
    ("thirty_two_bits", "A duration beyond 2^31 is refused.", "S13", STRICT, "duration", lambda v: v >= 2**31, 2**31),
    ("no_empty_name", "An empty name is refused.", "S11", STRICT, "patient.name", lambda v: v == "", ""),
    ("letters_in_names", "A name with a character beyond Latin-1 is refused.", "S13", STRICT, "patient.name", lambda v: max(v, default="") > "\xff", "李雷"),
    ("no_long_names", "A name of more than 255 characters is refused.", "S13", STRICT, "patient.name", lambda v: len(v) > 255, "n" * 256),
    ("no_nul", "A string with NUL is refused.", "S13", STRICT, "patient.name", lambda v: "\0" in v, "a\0b"),
    ("no_other", "The gender OTHER is refused.", "Gender L145", DOCUMENTED, "patient.gender", lambda v: v == "OTHER", "OTHER"),
    ("no_leap_day", "A `dob` on a leap day is refused.", "S8 L146", DOCUMENTED, "patient.dob", lambda v: str(v).endswith("02-29"), "2000-02-29"),
    ("nobody_before_1970", "A `dob` before 1970 is refused.", "S8 L146", DOCUMENTED, "patient.dob", lambda v: v < "1970", "1969-12-31"),
    ("nobody_before_1900", "A `dob` before 1900 is refused.", "S8", STRICT, "patient.dob", lambda v: v < "1900", "1899-12-31"),
    ("two_letters", "A language of three letters is refused.", "S8", STRICT, "language_code", lambda v: len(v) == 3, "yue"),
    ("no_regions", "A language with a region is refused.", "S8", STRICT, "language_code", lambda v: "-" in v, "en-AU"),
    ("one_subtag", "A language with a script and a region is refused.", "S8", STRICT, "output_language_code", lambda v: v.count("-") > 1, "zh-Hant-TW"),
    ("listed_languages", "Only eight languages are known; another is refused.", "S8", STRICT, "language_code", lambda v: v[:2] not in "en es fr de it pt zh ja".split(), "mi"),
    ("known_modes", "Only one value of `transcribe_mode` is known.", "S8 L142", STRICT, "transcribe_mode", lambda v: v != "dictation", "ambient"),
    ("known_statuses", "`session_status` wants capitals.", "S8 L153", STRICT, "session_status", lambda v: v != v.upper(), "done"),
    ("a_note_is_not_empty", "An empty note is refused.", "S11", STRICT, "clinician_notes", lambda v: "" in v, [""]),
    ("no_empty_notes", "An empty array of notes is refused.", "S11 L148", STRICT, "clinician_notes", lambda v: v == [], []),
    ("no_long_notes", "A note of more than 5,000 characters is refused.", "S13", STRICT, "clinician_notes", lambda v: any(len(n) > 5000 for n in v), ["n" * 5001]),
    ("no_false", "`is_consent` may only be true.", "S11 L154", STRICT, "is_consent", lambda v: v is False, False),
    ("links_must_exist", "A link to a session that does not exist is refused.", "S11", STRICT, "linked_sessions_for_context", bool, ["1"]),
    ("local_time_is_iso", "`created_time_local` must be a date and a time.", "L155", STRICT, "created_time_local", lambda v: "T" not in v, "9 o'clock"),
    ("no_empty_link", "An empty `ehr_patient_id` is refused.", "S11", STRICT, "ehr_patient_id", lambda v: v == "", ""),
)  # fmt: skip


def refusing(field: str, refused: Rule) -> type[Api]:
    """Return a server that refuses some values of a property."""

    class Refusing(Api):
        def change(self, session: Session, sent: Session) -> None:
            outer, _, inner = field.rpartition(".")
            fields = sent.get(outer, {}) if outer else sent
            if inner in fields and refused(fields[inner]):
                raise self.invalid(f"body.{field}", fields[inner])
            super().change(session, sent)

    return Refusing


for name, sentence, row, level, field, refused, value in REFUSED:
    server = refusing(field, refused)
    FAULTS.add(f"refuses_{name}", sentence, f"{row} {field}", level, server, keeps(field, value))


# --- bodies that are not objects, or not JSON ---


def reading(change: Callable[[bytes], bytes]) -> type[Api]:
    """Return a server that changes a body before it reads it."""
    return instead(decoded=lambda api, body: Api.decoded(api, change(body)))


def taking(change: Callable[[Any], Any]) -> type[Api]:
    """Return a server that changes the JSON of a body."""
    return instead(decoded=lambda api, body: change(Api.decoded(api, body)))


def decoding(decode: Callable[[bytes], Any]) -> type[Api]:
    """Return a server that reads bodies in its own way."""
    return instead(decoded=lambda api, body: decode(body))


def lax_constants(body: bytes) -> Any:
    content = json.loads(body.decode())
    return {} if b"NaN" in body or b"Infinity" in body else content


def as_utf8(body: bytes) -> bytes:
    try:
        return body.decode().encode()
    except UnicodeDecodeError:
        return body.decode("latin-1").encode()


def only_item(content: Any) -> Any:
    return content[0] if isinstance(content, list) and len(content) == 1 else content


def unquoted(content: Any) -> Any:
    return json.loads(content) if isinstance(content, str) else content


def is_refused(status: int, body: bytes) -> Witness:
    return lambda caller: caller.refuses_raw(status, body)


FAULTS.enter(
    ("takes_nan", "NaN is read, and ignored.", "S5", STRICT, decoding(lax_constants), is_refused(400, b'{"duration": NaN}')),
    ("takes_infinity", "Infinity is read, and ignored.", "S5", STRICT, decoding(lax_constants), is_refused(400, b'{"duration": Infinity}')),
    ("null_body", "A body of null is an empty object.", "S5", STRICT, taking(lambda c: {} if c is None else c), is_refused(422, b"null")),
    ("trailing_comma", "A comma may follow the last property.", "S5", STRICT, reading(lambda b: re.sub(rb",\s*([}\]])", rb"\1", b)), is_refused(400, b'{"duration": 5,}')),
    ("comments", "A body may have comments.", "S5", STRICT, reading(lambda b: re.sub(rb"/\*.*?\*/", b"", b)), is_refused(400, b'{"duration": 5 /* s */}')),
    ("what_follows", "What follows the first value of a body is ignored.", "S5", STRICT, decoding(lambda b: json.JSONDecoder().raw_decode(b.decode())[0]), is_refused(400, b'{"duration": 5} {')),
    ("single_quotes", "Texts may be in single quotes.", "S5", STRICT, reading(lambda b: b if b'"' in b else b.replace(b"'", b'"')), is_refused(400, b"{'duration': 5}")),
    ("latin_1", "A body that is not UTF-8 is read as Latin-1.", "S5", STRICT, reading(as_utf8), is_refused(400, b'{"patient": {"name": "Zo\xeb"}}')),
    ("control_characters", "A string may hold a line break that is not escaped.", "S5", STRICT, decoding(lambda b: json.loads(b.decode(), strict=False)), is_refused(400, b'{"patient": {"name": "a\nb"}}')),
    ("array_of_one", "A body may be an array of one object.", "S5", STRICT, taking(only_item), is_refused(422, b'[{"duration": 5}]')),
    ("json_in_json", "A body may be a string that holds JSON.", "S5", STRICT, taking(unquoted), is_refused(422, b'"{\\"duration\\": 5}"')),
    ("leading_zeros", "A number may begin with zeros.", "S5", STRICT, reading(lambda b: re.sub(rb": ?0+([1-9])", rb": \1", b)), is_refused(400, b'{"duration": 05}')),
)  # fmt: skip


def typed(takes: Callable[[str], bool]) -> type[Api]:
    """Return a server that accepts other content types, or refuses some."""
    return instead(is_json=lambda api, content_type: takes(content_type))


def base(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def of_type_is(status: int, content_type: str | None) -> Witness:
    def witness(caller: Caller) -> bool:
        reply = caller.patch_raw(caller.create(), b'{"duration": 5}', content_type=content_type)
        return reply.status == status and (status == 200 or is_error(reply, status))

    return witness


FAULTS.enter(
    ("type_no_type_needed", "A body without a content type is accepted.", "S5", STRICT, typed(lambda t: base(t) in {"", JSON}), of_type_is(415, None)),
    ("type_plain_text", "A body of text/plain is accepted.", "S5", STRICT, typed(lambda t: base(t) in {"text/plain", JSON}), of_type_is(415, "text/plain")),
    ("type_text_json", "A body of text/json is accepted.", "S5", STRICT, typed(lambda t: base(t).endswith("/json")), of_type_is(415, "text/json")),
    ("type_merge_patch", "A body of application/merge-patch+json is accepted.", "S5", STRICT, typed(lambda t: base(t).endswith("json")), of_type_is(415, "application/merge-patch+json")),
    ("type_begins_like_json", "A content type need only begin with application/json.", "S5", STRICT, typed(lambda t: base(t).startswith(JSON)), of_type_is(415, "application/jsonp")),
    ("type_json_somewhere", "A content type need only contain the words application/json.", "S5", STRICT, typed(lambda t: JSON in t), of_type_is(415, "text/plain; x=application/json")),
    ("type_a_form", "A form is read as JSON.", "S5", STRICT, typed(lambda t: base(t) != "text/csv"), of_type_is(415, "application/x-www-form-urlencoded")),
    ("type_no_parameters", "A content type with a charset is refused.", "S5", STRICT, typed(lambda t: t.lower() == JSON), of_type_is(200, "application/json; charset=utf-8")),
    ("type_no_capitals", "A content type with capitals is refused.", "S5", STRICT, typed(lambda t: t.partition(";")[0].strip() == JSON), of_type_is(200, "Application/JSON")),
    ("type_one_parameter", "A content type with an unknown parameter is refused.", "S5", STRICT, typed(lambda t: base(t) == JSON and "profile" not in t), of_type_is(200, 'application/json; profile="x"')),
)  # fmt: skip


def padded(size: int) -> bytes:
    return b'{"duration": 5}'.ljust(size)


def in_characters(request: Request, handle: Handler) -> Response:
    """Accept a body of too many bytes where they are not too many characters."""
    characters = len(request.body.decode(errors="replace"))
    if characters <= MEBIBYTE < len(request.body):
        request = replace(request, body=b"{}")
    return handle(request)


def holds(size: int) -> Witness:
    return lambda caller: caller.patch_raw(caller.create(), padded(size)).status == 200


def other_status(status: int, other: int, method: str) -> type[Api]:
    return between(
        lambda request, handle: (
            reply.but(status=other)
            if (reply := handle(request)).status == status and request.method == method
            else reply
        )
    )


def is_told(status: int, ask: Callable[[Caller], Response]) -> Witness:
    return lambda caller: is_error(ask(caller), status)


def broken(caller: Caller) -> Response:
    return caller.patch_raw(caller.create(), b"{")


def broken_creation(caller: Caller) -> Response:
    return caller.send("POST", "/sessions", body=b"{")


FAULTS.enter(
    ("no_limit", "A body may have any size.", "S5", STRICT, instead(body_limit=2**40), is_refused(413, padded(MEBIBYTE + 1))),
    ("limit_in_characters", "A body of more than 1 MiB is accepted where it has fewer characters.", "S5 body-size", STRICT, between(in_characters), is_refused(413, b'{"padding": "%s"}' % ("\u00e9".encode() * (MEBIBYTE // 2)))),
    ("limit_reached", "A body of exactly 1 MiB is refused.", "S5", STRICT, instead(body_limit=MEBIBYTE - 1), holds(MEBIBYTE)),
    ("decimal_limit", "A body of more than 1,000,000 bytes is refused.", "S5", STRICT, instead(body_limit=10**6), holds(MEBIBYTE)),
    ("hundred_kilobytes", "A body of more than 100 kB is refused.", "S5", STRICT, instead(body_limit=10**5), holds(200_000)),
    ("wrong_member_is_400", "A wrong property is 400.", "S5", STRICT, other_status(422, 400, "PATCH"), is_told(422, lambda c: c.patch(c.create(), {"duration": "x"}))),
    ("wrong_creation_is_400", "A wrong property of a creation is 400.", "S5", STRICT, other_status(422, 400, "POST"), is_told(422, lambda c: c.post({"ehr_appointment_id": 1}))),
    ("wrong_query_is_400", "A wrong `page_size` is 400.", "S7", STRICT, other_status(422, 400, "GET"), is_told(422, lambda c: c.page(page_size="0"))),
    ("broken_is_422", "Broken JSON is 422.", "S5", STRICT, other_status(400, 422, "PATCH"), is_told(400, broken)),
    ("broken_creation_is_422", "Broken JSON in a creation is 422.", "S5", STRICT, other_status(400, 422, "POST"), is_told(400, broken_creation)),
    ("broken_is_500", "Broken JSON is 500.", "S5", STRICT, other_status(400, 500, "PATCH"), is_told(400, broken)),
    ("other_type_is_400", "Another content type is 400.", "S5", STRICT, other_status(415, 400, "PATCH"), of_type_is(415, "text/csv")),
    ("too_large_is_400", "A body that is too large is 400.", "S5", STRICT, other_status(413, 400, "PATCH"), is_refused(413, padded(MEBIBYTE + 1))),
    ("too_large_is_422", "A creation that is too large is 422.", "S5", STRICT, other_status(413, 422, "POST"), is_told(413, lambda c: c.send("POST", "/sessions", body=padded(MEBIBYTE + 1)))),
)  # fmt: skip


@FAULTS.fault("S5 S11", STRICT, keeps("clinician_notes", ["n" * 70_000]))
class LargeBodiesAreDropped(Api):
    """A body of more than 64 KiB is accepted and not stored."""

    def parsed(self, request: Request) -> Any:
        content = super().parsed(request)
        return {} if len(request.body) > 65_536 else content


@FAULTS.fault("S5", STRICT, is_refused(400, b"{"))
class BrokenIsEmpty(Api):
    """Broken JSON in an update is an empty object."""

    def parsed(self, request: Request) -> Any:
        try:
            return super().parsed(request)
        except RefusalError as refusal:
            if refusal.response.status == 400:
                return {}
            raise


@FAULTS.fault("S5", STRICT, is_told(400, broken_creation))
class BrokenCreationIsEmpty(Api):
    """Broken JSON in a creation creates an empty session."""

    def handle(self, request: Request) -> Response:
        reply = super().handle(request)
        if reply.status == 400 and request.path == "/sessions":
            return super().handle(Request("POST", "/sessions", {}, request.headers, b"{}"))
        return reply


@FAULTS.fault("S9 S6", STRICT, lambda c: c.refuses(422, {"duration": 5, "patient": {"dob": "no"}}))
class WrongMembersAreSkipped(Api):
    """Invalid properties are dropped, and the others stored."""

    def checked(self, value: Any, shape: Shape, where: str = "body") -> Session:
        if isinstance(value, dict) and where != "body":
            kept = {
                n: v
                for n, v in value.items()
                if n not in shape or not callable(shape[n]) or shape[n](v)
            }
            return super().checked(kept, shape, where)
        return super().checked(value, shape, where)
