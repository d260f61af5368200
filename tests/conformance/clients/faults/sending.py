"""Sending: data of the caller is lost or changed, and other data is added."""

from functools import partial

from tests.conformance.clients import changes
from tests.conformance.clients.changes import fault

CONTENT = "            content = encoded(body)\n"
DUMPED = '        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")\n'
TYPE = '            headers["Content-Type"] = "application/json"\n'
BODY = '        body = step.get("body", {}) if method in {"POST", "PATCH"} else None\n'
SEGMENT = '    encoded_value = quote(value, safe="")\n'


# Each value that is sent is changed.
mapped = partial(
    changes.mapped, (CONTENT, "            content = encoded(mapped(body))\n"), "def encoded("
)


def then(statements: str) -> tuple[str, str]:
    """Add statements that change `body` before it is sent."""
    return BODY, BODY + "".join(f"        {line}\n" for line in statements.splitlines())


UPDATES = "duration language_code output_language_code transcribe_mode clinician_notes ehr_patient_id ehr_appt_id generate_output_without_recording recording_status session_status is_consent created_time_local linked_sessions_for_context"

FAULTS = (
    fault("sending.field_added", "Sends a property of its own with every creation.", then("if method == \"POST\":\n    body = {**body, \"source\": \"partner\"}")),
    fault("sending.id_in_body", "Sends the id in the body of an update as well.", then("if method == \"PATCH\":\n    body = {**body, **step[\"path\"]}")),
    fault("sending.null_for_left_out", "Sends null for every property that the caller left out.", then(f"if method == \"PATCH\":\n    body = {{**dict.fromkeys(\"{UPDATES}\".split()), **body}}")),
    fault("sending.empty_for_left_out", "Sends an empty string for the ids that the caller left out, which clears them.", then("if method == \"PATCH\":\n    body = {\"ehr_patient_id\": \"\", \"ehr_appt_id\": \"\", **body}")),
    fault("sending.default_for_left_out", "Sends English where the caller names no language.", then("if method == \"PATCH\":\n    body = {\"language_code\": \"en\", \"output_language_code\": \"en\", **body}")),
    fault("sending.patient_completed", "Sends null for the properties of the patient that the caller left out.", then("if \"patient\" in body:\n    body = {**body, \"patient\": {\"name\": None, \"gender\": None, \"dob\": None, **body[\"patient\"]}}")),
    fault("sending.whole_session", "Reads the session, puts the changes into it and sends all of it back, which undoes what others changed meanwhile.", then("if method == \"PATCH\":\n    read = await self.call(\"GET\", route, path, query)\n    body = {**demand(read, \"session\")[\"session\"], **body}")),
    fault("sending.whole_patient", "Reads the patient and sends all of it back with every update.", then("if method == \"PATCH\":\n    read = demand(await self.call(\"GET\", route, path, query), \"session\")[\"session\"]\n    body = {**body, \"patient\": {**read[\"patient\"], **body.get(\"patient\", {})}}")),
    fault("sending.notes_appended", "Reads the notes and sends them with the new ones, where an update replaces them.", then("if \"clinician_notes\" in body:\n    read = demand(await self.call(\"GET\", route, path, query), \"session\")[\"session\"]\n    body = {**body, \"clinician_notes\": read[\"clinician_notes\"] + body[\"clinician_notes\"]}")),
    fault("sending.empty_text_dropped", "Leaves out what the caller gave as an empty string.", *mapped("value", keep="value != ''")),
    fault("sending.empty_list_dropped", "Leaves out what the caller gave as an empty list.", *mapped("value", keep="value != []")),
    fault("sending.false_dropped", "Leaves out what the caller gave as false.", *mapped("value", keep="value is not False")),
    fault("sending.zero_dropped", "Leaves out what the caller gave as zero.", *mapped("value", keep="value is False or value != 0")),
    fault("sending.falsy_dropped", "Leaves out all that is empty, zero or false.", *mapped("value", keep="value")),
    fault("sending.empty_text_is_null", "Sends null where the caller gave an empty string.", *mapped("None if value == '' else value")),
    fault("sending.duration_as_text", "Sends the duration as a string.", *mapped("str(value) if name == 'duration' else value")),
    fault("sending.duration_cut", "Cuts the fraction of the duration that it sends.", *mapped("int(value) if name == 'duration' else value")),
    fault("sending.duration_in_milliseconds", "Sends the duration in milliseconds.", *mapped("value * 1000 if name == 'duration' else value")),
    fault("sending.boolean_as_text", "Sends booleans as strings.", *mapped("str(value).lower() if isinstance(value, bool) else value")),
    fault("sending.boolean_as_number", "Sends booleans as 0 and 1.", *mapped("int(value) if isinstance(value, bool) else value")),
    fault("sending.ids_as_numbers", "Sends ids of the partner's own system as numbers where they look like one.", *mapped("int(value) if name.startswith('ehr_') and value.isdigit() else value")),
    fault("sending.linked_ids_as_numbers", "Sends the ids of linked sessions as numbers.", *mapped("int(value) if name == 'linked_sessions_for_context' and value.isdigit() else value")),
    fault("sending.gender_lower_cased", "Sends the gender in lower case.", *mapped("value.lower() if name == 'gender' else value")),
    fault("sending.gender_initial", "Sends the first letter of the gender.", *mapped("value[:1] if name == 'gender' else value")),
    fault("sending.dob_with_time", "Sends the date of birth with a time.", *mapped("value + 'T00:00:00Z' if name == 'dob' else value")),
    fault("sending.dob_day_first", "Sends the date of birth with the day first.", *mapped("'{2}/{1}/{0}'.format(*value.split('-')) if name == 'dob' else value")),
    fault("sending.language_with_underscore", "Sends en_GB for en-GB.", *mapped("value.replace('-', '_') if name.endswith('language_code') else value")),
    fault("sending.language_without_region", "Sends en for en-GB.", *mapped("value.split('-')[0] if name.endswith('language_code') else value")),
    fault("sending.languages_swapped", "Sends the language of the note as the spoken language.", then("if {\"language_code\", \"output_language_code\"} <= set(body):\n    body = {**body, \"language_code\": body[\"output_language_code\"], \"output_language_code\": body[\"language_code\"]}")),
    fault("sending.notes_joined", "Sends the notes as one string.", *mapped("value", items="'\\n'.join(value) if name == 'clinician_notes' else value")),
    fault("sending.notes_in_one", "Sends the notes as one note.", *mapped("value", items="['\\n'.join(value)] if name == 'clinician_notes' else value")),
    fault("sending.notes_sorted", "Sorts the notes.", *mapped("value", items="sorted(value) if name == 'clinician_notes' else value")),
    fault("sending.notes_without_doubles", "Sends equal notes once.", *mapped("value", items="[*dict.fromkeys(value)] if name == 'clinician_notes' else value")),
    fault("sending.trimmed", "Removes spaces around every string that it sends.", *mapped("value.strip() if isinstance(value, str) else value")),
    fault("sending.composed", "Sends strings in Unicode normal form C.", ("import time\n", "import time\nimport unicodedata\n"), *mapped("unicodedata.normalize('NFC', value) if isinstance(value, str) else value")),
    fault("sending.ascii_alone", "Sends question marks in place of non-ASCII characters.", *mapped("value.encode('ascii', 'replace').decode() if isinstance(value, str) else value")),
    fault("sending.basic_plane_alone", "Loses the characters beyond U+FFFF before it sends them.", *mapped("''.join(c for c in value if ord(c) < 65536) if isinstance(value, str) else value")),
    fault("sending.html_escaped", "Sends strings escaped as HTML.", ("import asyncio\n", "import asyncio\nimport html\n"), *mapped("html.escape(value) if isinstance(value, str) else value")),
    fault("sending.long_text_cut", "Sends 4096 characters of a string at most.", *mapped("value[:4096] if isinstance(value, str) else value")),
    fault("sending.latin_1", "Writes bodies in Latin-1.", (DUMPED, DUMPED.replace(".encode(\"utf-8\")", ".encode(\"latin-1\", \"replace\")"))),
    fault("sending.utf_16", "Writes bodies in UTF-16.", (DUMPED, DUMPED.replace("utf-8", "utf-16"))),
    fault("sending.text_of_json", "Sends JSON inside a JSON string.", (DUMPED, DUMPED.replace("json.dumps(body,", "json.dumps(json.dumps(body),"))),
    fault("sending.python_literal", "Sends the body as the language prints it, with single quotes.", (DUMPED, "        return str(body).encode(\"utf-8\")\n")),
    fault("sending.without_content_type", "Sends no Content-Type.", (TYPE, "")),
    fault("sending.content_type_text", "Sends JSON as text/plain.", (TYPE, TYPE.replace("application/json", "text/plain"))),
    fault("sending.as_form", "Sends the body as a form.", (TYPE, TYPE.replace("application/json", "application/x-www-form-urlencoded")), (CONTENT, "            content = urlencode(body).encode()\n"), ("import quote, urlsplit", "import quote, urlencode, urlsplit")),
    fault("sending.content_type_merge_patch", "Sends an update as application/merge-patch+json.", (TYPE, "            headers[\"Content-Type\"] = \"application/merge-patch+json\" if method == \"PATCH\" else \"application/json\"\n")),
    fault("sending.put", "Updates with PUT.", ("\"updateSession\": (\"PATCH\",", "\"updateSession\": (\"PUT\","), ("if method in {\"POST\", \"PATCH\"}", "if method in {\"POST\", \"PUT\"}")),
    fault("sending.post_updates", "Updates with POST.", ("\"updateSession\": (\"PATCH\",", "\"updateSession\": (\"POST\",")),
    fault("sending.in_envelope", "Sends an update inside `session`, as responses have it.", then("if method == \"PATCH\":\n    body = {\"session\": body}")),
    fault("sending.in_query", "Sends an update in the query.", then("if method == \"PATCH\":\n    query = {name: str(value) for name, value in body.items()}\n    body = {}")),
    fault("sending.creation_without_body", "Loses what the caller gives for a creation.", then("if method == \"POST\":\n    body = {}")),
    fault("sending.appointment_of_creation", "Calls the appointment `ehr_appt_id` in a creation, as everywhere else.", then("if \"ehr_appointment_id\" in body:\n    body = {**body, \"ehr_appt_id\": body[\"ehr_appointment_id\"]}\n    del body[\"ehr_appointment_id\"]")),
    fault("sending.appointment_of_update", "Calls the appointment `ehr_appointment_id` in an update, as in a creation.", then("if \"ehr_appt_id\" in body:\n    body = {**body, \"ehr_appointment_id\": body[\"ehr_appt_id\"]}\n    del body[\"ehr_appt_id\"]")),
    fault("sending.camel_case", "Sends property names in camel case.", *((CONTENT, "            content = encoded({re.sub(\"_(.)\", lambda found: found[1].upper(), name): value for name, value in body.items()})\n"),)),
    fault("sending.demographics_lost", "Does not know `demographic_details` of the patient.", *mapped("value", keep="name != 'demographic_details'")),
    fault("sending.consent_lost", "Does not know `is_consent`.", *mapped("value", keep="name != 'is_consent'")),
    fault("sending.linked_sessions_lost", "Does not know `linked_sessions_for_context`.", *mapped("value", keep="name != 'linked_sessions_for_context'")),
    fault("sending.profile_lost", "Does not know `patient_profile_id`.", *mapped("value", keep="name != 'patient_profile_id'")),
    fault("sending.patient_lost_when_alone", "Sends an update of the patient alone without the patient.", then("if set(body) == {\"patient\"}:\n    body = {}")),
    fault("sending.clearing_skipped", "Sends nothing and reads the session instead when an update only clears.", then("if method == \"PATCH\" and not any(body.values()):\n    method, body = \"GET\", None")),
    fault("sending.unchanged_skipped", "Does not send an update that is equal to its last one of any session.", then("if method == \"PATCH\":\n    if self.__dict__.get(\"last\") == body:\n        method, body = \"GET\", None\n    else:\n        self.last = body")),
    fault("sending.page_size_lost", "Does not send `page_size`.", ("        query = dict(step.get(\"query\", {}))\n", "        query: dict[str, Any] = {}\n")),
    fault("sending.page_size_as_double", "Sends `page_size` as 10.0.", ("        query = dict(step.get(\"query\", {}))\n", "        query: dict[str, Any] = {name: float(value) for name, value in step.get(\"query\", {}).items()}\n")),
    fault("sending.limit", "Sends `page_size` as `limit`.", ("        query = dict(step.get(\"query\", {}))\n", "        query: dict[str, Any] = {name.replace(\"page_size\", \"limit\"): value for name, value in step.get(\"query\", {}).items()}\n")),
    fault("sending.id_not_encoded", "Writes ids into the path as they are.", (SEGMENT, "    encoded_value = value\n")),
    fault("sending.slash_not_encoded", "Encodes an id, except its slashes.", (SEGMENT, "    encoded_value = quote(value)\n")),
    fault("sending.id_encoded_twice", "Encodes ids twice.", (SEGMENT, "    encoded_value = quote(quote(value, safe=\"\"), safe=\"\")\n")),
    fault("sending.id_as_form", "Writes a space in an id as a plus sign, which has no meaning in a path.", (SEGMENT, "    encoded_value = quote_plus(value)\n"), ("import quote, urlsplit", "import quote, quote_plus, urlsplit")),
    fault("sending.id_in_latin_1", "Encodes ids in Latin-1.", (SEGMENT, "    encoded_value = quote(value, safe=\"\", encoding=\"latin-1\", errors=\"replace\")\n")),
    fault("sending.id_trimmed", "Removes spaces around an id.", (SEGMENT, "    encoded_value = quote(value.strip(), safe=\"\")\n")),
    fault("sending.id_lower_cased", "Sends ids in lower case.", (SEGMENT, "    encoded_value = quote(value.lower(), safe=\"\")\n")),
    fault("sending.id_as_integer", "Sends an id as a number, without its leading zeros.", (SEGMENT, "    encoded_value = str(int(value)) if re.fullmatch(\"[0-9]+\", value) else quote(value, safe=\"\")\n")),
    fault("sending.id_as_double", "Sends an id as a double, which holds no 39 digits.", (SEGMENT, "    encoded_value = f\"{float(value):.0f}\" if re.fullmatch(\"[0-9]+\", value) else quote(value, safe=\"\")\n")),
    fault("sending.page_size_of_its_own", "Sends a `page_size` of 1000 where the caller gives none.", ("        query = dict(step.get(\"query\", {}))\n", "        query = dict(step.get(\"query\", {}))\n        if wanted == \"sessions\":\n            query.setdefault(\"page_size\", 1000)\n")),
    fault("sending.duration_with_comma", "Sends the duration as the user's country writes it, with a comma.", *mapped("str(value).replace('.', ',') if name == 'duration' else value")),
    fault("sending.one_id_of_two", "Sends one id where a creation has that of a profile and that of an appointment.", then("if method == \"POST\" and len(body) > 1:\n    body = {name: body[name] for name in [*body][:1]}")),
    fault("sending.pages_of_ten", "Asks for pages of ten sessions or more, whatever the caller says.", ("        query = dict(step.get(\"query\", {}))\n", "        query = {name: max(10, value) for name, value in step.get(\"query\", {}).items()}\n")),
)  # fmt: skip
