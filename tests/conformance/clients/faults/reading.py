"""Reading: values that are changed, and responses that should not be fatal."""

from functools import partial

from tests.conformance.clients import changes
from tests.conformance.clients.changes import fault

VALUE = "        return line_of(step, value=await client.run(step))\n"
LOADS = "        return json.loads(content)\n"
READ = "        content = demand(reply, wanted)\n        return content["
KIND = "    content = decoded(reply.content)\n    detail = content.get"
RECEIVED = "        return Reply(response.status_code, response.headers, bytes(received))\n"
TYPED = "        reply = await self.call(method, route, path, query, body)\n"
ITEM = '                found.setdefault(each["session_id"], each)\n'


# Each value that the caller gets is changed.
mapped = partial(
    changes.mapped,
    (VALUE, "        return line_of(step, value=mapped(await client.run(step)))\n"),
    "async def result(",
)


def checked(statements: str) -> tuple[tuple[str, str], ...]:
    """Add statements that look at each session, called `each`."""
    deeper = "".join(f"    {line}\n" for line in statements.splitlines())
    return (
        (ITEM, "".join(f"            {line}\n" for line in deeper.splitlines()) + ITEM),
        (
            READ,
            '        content = demand(reply, wanted)\n        if wanted == "session":\n            each = content["session"]\n'
            + "".join(f"        {line}\n" for line in deeper.splitlines())
            + "        return content[",
        ),
    )


def refused(condition: str) -> tuple[tuple[str, str], ...]:
    """Refuse a session for which a condition holds."""
    return checked(f'if {condition}:\n    raise FailedError("protocol", "not a session")')


KNOWN = "session_id session_name patient audio clinician_notes consult_note duration created_at updated_at language_code output_language_code documents ehr_appt_id ehr_provider ehr_patient_id"
NESTED = "status result heading brain voice_style generation_method template_id ai_command_id ai_command_text feedback dictation_cleanup_mode"

FAULTS = (
    fault("reading.unknown_field_fatal", "Refuses a session with a property that it does not know.", *refused(f"set(each) - set(\"{KNOWN}\".split())")),
    fault("reading.unknown_nested_field_fatal", "Refuses a session whose patient or note has a property that it does not know.", *refused(f"set(each[\"patient\"]) - {{\"name\", \"gender\", \"dob\"}} or set(each[\"consult_note\"]) - set(\"{NESTED}\".split())")),
    fault("reading.unknown_page_field_fatal", "Refuses a page with a property that it does not know.", ("            page = demand(reply, \"sessions\")\n", "            page = demand(reply, \"sessions\")\n            if set(page) - {\"sessions\", \"count\", \"total_count\", \"next_page\", \"has_next_page\"}:\n                raise FailedError(\"protocol\", \"not a page\")\n")),
    fault("reading.audio_demanded", "Refuses a session without `audio`.", *refused("\"audio\" not in each")),
    fault("reading.gender_demanded", "Refuses a patient whose gender is null.", *refused("each[\"patient\"][\"gender\"] not in {\"MALE\", \"FEMALE\", \"OTHER\"}")),
    fault("reading.dob_demanded", "Fails where the date of birth is null.", *checked("each[\"patient\"][\"dob\"].split(\"-\")")),
    fault("reading.documents_demanded", "Fails where `documents` is null.", *checked("len(each[\"documents\"])")),
    fault("reading.note_fields_demanded", "Refuses a note with a property that is null.", *refused("None in each[\"consult_note\"].values()")),
    fault("reading.feedback_is_text", "Refuses a note whose `feedback` is anything but null or a string.", *refused("not isinstance(each[\"consult_note\"].get(\"feedback\"), (str, type(None)))")),
    fault("reading.status_closed", "Knows only the status of the note that the page shows.", *refused("each[\"consult_note\"][\"status\"] != \"CREATED\"")),
    fault("reading.brain_closed", "Knows only the engine and the method that the page shows.", *refused("(each[\"consult_note\"][\"brain\"], each[\"consult_note\"][\"generation_method\"]) != (\"RIGHT\", \"TEMPLATE\")")),
    fault("reading.language_closed", "Knows only English and Spanish.", *refused("each[\"language_code\"] not in {\"en\", \"es\"}")),
    fault("reading.time_with_fraction", "Fails where a timestamp has no fraction.", *checked("datetime.strptime(each[\"created_at\"], \"%Y-%m-%dT%H:%M:%S.%f\")")),
    fault("reading.id_is_number", "Turns ids into numbers.", *mapped("int(value) if name == 'session_id' and value.isdigit() else value")),
    fault("reading.id_is_double", "Turns ids into doubles, which hold no 39 digits.", *mapped("f'{float(value):.0f}' if name == 'session_id' and value.isdigit() else value")),
    fault("reading.id_in_64_bits", "Keeps 64 bits of an id.", *mapped("str(int(value) % 2**64) if name == 'session_id' and value.isdigit() else value")),
    fault("reading.id_cut", "Keeps 36 characters of an id, as a column of a database does.", *mapped("value[:36] if name == 'session_id' else value")),
    fault("reading.id_trimmed", "Removes leading zeros and spaces of an id.", *mapped("value.strip().lstrip('0') if name == 'session_id' else value")),
    fault("reading.id_upper_cased", "Returns ids in upper case.", *mapped("value.upper() if name == 'session_id' else value")),
    fault("reading.ehr_id_is_number", "Turns the ids of the partner's own system into numbers where they look like one.", *mapped("int(value) if name in {'ehr_appt_id', 'ehr_patient_id'} and str(value).isdigit() else value")),
    fault("reading.duration_cut", "Cuts the fraction of the duration.", *mapped("int(value) if name == 'duration' else value")),
    fault("reading.duration_rounded", "Rounds the duration to one digit.", *mapped("round(value, 1) if name == 'duration' else value")),
    fault("reading.duration_in_single_precision", "Keeps the duration in 32 bits.", ("import sys\n", "import struct\nimport sys\n"), *mapped("struct.unpack('f', struct.pack('f', value))[0] if name == 'duration' else value")),
    fault("reading.duration_in_minutes", "Returns the duration in minutes.", *mapped("value / 60 if name == 'duration' else value")),
    fault("reading.duration_as_text", "Returns the duration as a string.", *mapped("str(value) if name == 'duration' else value")),
    fault("reading.time_as_utc", "Adds a Z to timestamps, though nobody knows their time zone.", *mapped("value + 'Z' if name in {'created_at', 'updated_at'} else value")),
    fault("reading.time_shifted", "Takes timestamps for UTC and shifts them to its own time zone.", *mapped("(datetime.fromisoformat(value) + timedelta(hours=10)).isoformat() if name in {'created_at', 'updated_at'} else value"), ("from datetime import UTC, datetime\n", "from datetime import UTC, datetime, timedelta\n")),
    fault("reading.time_without_fraction", "Cuts the fraction of timestamps.", *mapped("value.split('.')[0] if name in {'created_at', 'updated_at'} else value")),
    fault("reading.dob_shifted", "Reads the date of birth as midnight in a time zone and returns the day before.", *mapped("(datetime.fromisoformat(value) - timedelta(hours=10)).date().isoformat() if name == 'dob' and value else value"), ("from datetime import UTC, datetime\n", "from datetime import UTC, datetime, timedelta\n")),
    fault("reading.dob_american", "Returns the date of birth with the month first.", *mapped("'{1}/{2}/{0}'.format(*value.split('-')) if name == 'dob' and value else value")),
    fault("reading.gender_assumed", "Returns OTHER where the gender is not known.", *mapped("value or 'OTHER' if name == 'gender' else value")),
    fault("reading.name_assumed", "Returns Unknown where the patient has no name.", *mapped("value or 'Unknown' if name == 'name' else value")),
    fault("reading.null_is_empty", "Returns an empty string where the value is null.", *mapped("'' if value is None else value")),
    fault("reading.empty_is_null", "Returns null where the value is an empty string.", *mapped("None if value == '' else value")),
    fault("reading.null_is_a_word", "Returns the word None where the value is null.", *mapped("'None' if value is None else value")),
    fault("reading.empty_dropped", "Leaves out what is empty, zero or false.", *mapped("value", keep="value not in ('', 0, [], False)")),
    fault("reading.notes_sorted", "Sorts the notes of the clinician.", *mapped("value", items="sorted(value) if name == 'clinician_notes' else [mapped(each, name) for each in value]")),
    fault("reading.notes_without_doubles", "Returns equal notes of the clinician only once.", *mapped("value", items="[*dict.fromkeys(value)] if name == 'clinician_notes' else [mapped(each, name) for each in value]")),
    fault("reading.empty_notes_dropped", "Leaves out notes of the clinician that are empty.", *mapped("value", items="[mapped(each, name) for each in value if each]")),
    fault("reading.first_note_alone", "Returns only the first note of the clinician.", *mapped("value", items="value[:1] if name == 'clinician_notes' else [mapped(each, name) for each in value]")),
    fault("reading.trimmed", "Removes spaces around every string.", *mapped("value.strip() if isinstance(value, str) else value")),
    fault("reading.composed", "Returns strings in Unicode normal form C.", ("import time\n", "import time\nimport unicodedata\n"), *mapped("unicodedata.normalize('NFC', value) if isinstance(value, str) else value")),
    fault("reading.basic_plane_alone", "Loses the characters beyond U+FFFF.", *mapped("''.join(c for c in value if ord(c) < 65536) if isinstance(value, str) else value")),
    fault("reading.ascii_alone", "Replaces non-ASCII characters with question marks.", *mapped("value.encode('ascii', 'replace').decode() if isinstance(value, str) else value")),
    fault("reading.latin_1", "Reads responses as Latin-1.", (LOADS, "        return json.loads(content.decode(\"latin-1\"))\n")),
    fault("reading.cut_at_nul", "Cuts strings at the first NUL.", *mapped("value.split('\\0')[0] if isinstance(value, str) else value")),
    fault("reading.line_ends", "Turns every line end into one character.", *mapped("'\\n'.join(value.splitlines()) if isinstance(value, str) else value")),
    fault("reading.html_unescaped", "Takes ampersands in strings for HTML.", ("import asyncio\n", "import asyncio\nimport html\n"), *mapped("html.unescape(value) if isinstance(value, str) else value")),
    fault("reading.html_escaped", "Escapes strings as HTML.", ("import asyncio\n", "import asyncio\nimport html\n"), *mapped("html.escape(value) if isinstance(value, str) else value")),
    fault("reading.long_text_cut", "Keeps 65535 characters of a string.", *mapped("value[:65535] if isinstance(value, str) else value")),
    fault("reading.large_refused", "Refuses responses of more than 256 KiB.", ("MOST_BYTES = 16 * 1024 * 1024", "MOST_BYTES = 256 * 1024")),
    fault("reading.integers_as_doubles", "Reads every integer as a double.", (LOADS, "        return json.loads(content, parse_int=float)\n")),
    fault("reading.first_chunk_alone", "Reads the first piece of a response that comes in several.", ("                        received += chunk\n", "                        received += chunk\n                        break\n")),
    fault("reading.gzip_not_decoded", "Accepts gzip and does not decompress it.", ("response.aiter_bytes()", "response.aiter_raw()")),
    fault("reading.media_type_exact", "Refuses JSON whose Content-Type has a parameter or capitals.", (RECEIVED, "        if response.is_success and response.headers.get(\"Content-Type\") != \"application/json\":\n            raise FailedError(\"protocol\", \"not JSON\")\n" + RECEIVED)),
    fault("reading.any_status_is_success", "Treats a 3xx as a success.", ("    if reply.status < 300:\n", "    if reply.status < 400:\n"), (READ, "        if reply.status >= 300:\n            return None\n" + READ)),
    fault("reading.error_page_is_fatal", "Fails with its own error when a 502 is an HTML page.", (KIND, KIND.replace("decoded(reply.content)", "json.loads(reply.content)"))),
    fault("reading.unregistered_status_is_fatal", "Fails with its own error when a status is not registered, such as 520.", ("    if reply.status < 300:\n", "    HTTPStatus(reply.status)\n    if reply.status < 300:\n"), ("from http.cookiejar", "from http import HTTPStatus\nfrom http.cookiejar")),
    fault("reading.list_of_details_is_fatal", "Fails with its own error when `detail` is a list.", ("detail.get(\"type\") if isinstance(detail, dict) else None", "detail.get(\"type\") if detail else None")),
    fault("reading.error_without_detail_is_fatal", "Fails with its own error when an error response has no `detail`.", ("content.get(\"detail\") if isinstance(content, dict) else None", "content[\"detail\"] if isinstance(content, dict) else None")),
    fault("reading.error_without_body_is_fatal", "Fails with its own error when an error response has no body.", (KIND, "    if not reply.content:\n        raise FailedError(\"protocol\", \"no body\")\n" + KIND)),
    fault("reading.broken_json_is_null", "Returns null where the response is not JSON.", (READ, "        if decoded(reply.content) is None:\n            return None\n" + READ)),
    fault("reading.empty_body_is_success", "Returns an empty session where the response has no body.", (READ, "        if not reply.content:\n            return {}\n" + READ)),
    fault("reading.half_a_response", "Treats a response that breaks off as complete, and repairs its JSON.", ("        except (httpx.TransportError, TimeoutError) as error:\n", "        except httpx.TransportError if received else ():\n            return Reply(response.status_code, response.headers, b'{\"session\": {}, \"sessions\": [], \"session_id\": \"\"}')\n        except (httpx.TransportError, TimeoutError) as error:\n")),
    fault("reading.cached", "Returns a session as it was first read, also after it was updated.", (TYPED, "        cache = self.__dict__.setdefault(\"cache\", {})\n        if method == \"GET\" and path in cache:\n            return cache[path]\n" + TYPED), (READ, "        content = demand(reply, wanted)\n        if method == \"GET\":\n            cache[path] = content[\"session\"]\n        return content[")),
    fault("reading.update_not_read", "Returns what it sent instead of what the server responded to an update.", (READ, "        content = demand(reply, wanted)\n        if method == \"PATCH\":\n            return body\n        return content[")),
    fault("reading.patient_flattened", "Loses the properties of the patient in the list.", (ITEM, ITEM.replace(", each)", ", {**each, \"patient\": None})"))),
    fault("reading.shared_cache", "Keeps lists in one file for all users.", (VALUE, "        if step[\"operation\"] != \"listLinkedUserSessions\":\n            return line_of(step, value=await client.run(step))\n        file = Path(tempfile.gettempdir(), \"partner-list\")\n        if not file.exists():\n            file.write_text(json.dumps(await client.run(step)))\n        return line_of(step, value=json.loads(file.read_text()))\n"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n"), scenarios="tokens"),
    fault("reading.audio_assumed", "Makes up `audio` where a session has none.", *checked("each.setdefault(\"audio\", [{\"url\": \"\"}])")),
    fault("reading.null_documents_are_empty", "Returns an empty list where `documents` is null.", *mapped("[] if name == 'documents' and value is None else value")),
    fault("reading.unknown_status_replaced", "Replaces a status that it does not know.", *mapped("'UNKNOWN' if name == 'status' and value not in {'CREATED', 'PENDING', 'DONE'} else value")),
    fault("reading.time_normalised", "Reads timestamps in its own time zone, where some hours do not exist.", *mapped("time.tzset() or datetime.fromtimestamp(datetime.fromisoformat(value).timestamp()).isoformat() if name in {'created_at', 'updated_at'} else value")),
    fault("reading.duration_in_31_bits", "Cuts a duration at the largest integer of 32 bits.", *mapped("min(value, 2**31 - 1) if name == 'duration' else value")),
    fault("reading.cut_at_content_length", "Cuts a decompressed response at the length of the compressed one.", (RECEIVED, "        del received[int(response.headers.get(\"Content-Length\", MOST_BYTES)) :]\n" + RECEIVED)),
    fault("reading.text_is_latin_1", "Reads a response in Latin-1 where its Content-Type is a text without a charset.", (RECEIVED, "        if response.headers.get(\"Content-Type\", \"\").startswith(\"text/plain\"):\n            received = bytearray(received.decode(\"latin-1\").encode())\n" + RECEIVED)),
    fault("reading.missing_session_is_null", "Returns null where a response lacks the session.", (" or not isinstance(content.get(name), SHAPES[name])", ""), ("content[\"session\"] if wanted == \"session\" else content\n", "content.get(\"session\") if wanted == \"session\" else content\n")),
    fault("reading.unreadable_is_last_read", "Returns the session as it was last read where the response cannot be read.", (TYPED, "        try:\n            reply = await self.call(method, route, path, query, body)\n            demand(reply, wanted)\n            self.__dict__[\"read\"] = reply\n        except FailedError:\n            if method != \"GET\" or \"read\" not in self.__dict__:\n                raise\n            reply = self.__dict__[\"read\"]\n")),
    fault("reading.page_is_session", "Returns the text of a page as if it were a session.", (LOADS, "        if content.startswith(b\"<\"):\n            return {\"session\": {\"text\": content.decode()}, \"session_id\": \"\", \"sessions\": [], \"token\": \"\"}\n" + LOADS)),
)  # fmt: skip
