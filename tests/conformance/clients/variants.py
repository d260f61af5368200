"""Correct drivers of another style: none of their choices is a fault."""

from .changes import Change, variant
from .faults import checked, sent, shown

HEADERS = '            headers={"Accept": "application/json", "User-Agent": "partner/1.0"},\n'
LONG = "            if asked is not None and asked > LONGEST_PAUSE:\n                return reply\n"
WAIT = "            await asyncio.sleep((asked or 0.0) + pause(attempt))\n"
AGAIN = "            again = busy or (safe and reply.status in BROKEN)\n"
BUSY = "            busy = reply.status == 429 or (reply.status == 503 and asked is not None)\n"
KEPT = "        if self.token is not None and time.monotonic() < self.token.until:\n            return self.token\n"
TOKEN = '        return Token(content["token"], time.monotonic() + life(content, reply.headers))\n'
LIFE = '    return max(seconds - EARLY, seconds * 0.9) if seconds > 0 else float("inf")\n'
DUMPED = '        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")\n'
RESULT = '        return content["session"] if wanted == "session" else content\n'
START = "    client = Client()\n"
GATHER = "        for each in await asyncio.gather(*(result(client, one) for one in steps)):\n"
SEND = "                response = await self.http.send(request, stream=True)\n"
BUILT = "        request = self.http.build_request(\n"
SEGMENT = '    encoded_value = quote(value, safe="")\n'
MESSAGE = "        return line_of(step, error=error.kind, message=str(error))\n"
BODY = '        body = step.get("body", {}) if method in {"POST", "PATCH"} else None\n'
CONTENT = "        content = demand(reply, wanted)\n        return content["
KNOWN = (
    "session_id session_name patient audio clinician_notes consult_note duration created_at"
    " updated_at language_code output_language_code documents ehr_appt_id ehr_provider"
    " ehr_patient_id name gender dob status result heading brain voice_style generation_method"
    " template_id ai_command_id ai_command_text feedback dictation_cleanup_mode"
)
EXCHANGE = """        received = bytearray()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                response = await self.http.send(request, stream=True)
                try:
                    async for chunk in response.aiter_bytes():
                        received += chunk
                        if len(received) > MOST_BYTES:
                            raise FailedError("protocol", f"{method}: the response is too large")
                finally:
                    await response.aclose()
"""
SYNCHRONOUS = """        try:
            response = await asyncio.to_thread(self.blocking, request)
            received = response.content
"""
URLLIB = """

class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


def blocking(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Reply:
    opener = urllib.request.build_opener(Stay)
    headers = {"User-Agent": "partner/1.0", **headers}
    request = urllib.request.Request(url, content, headers, method=method)
    try:
        with opener.open(request, timeout=ATTEMPT_SECONDS) as response:
            return Reply(response.status, httpx.Headers([*response.headers.items()]), response.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, httpx.Headers([*error.headers.items()]), error.read(MOST_BYTES))
    except urllib.error.URLError as error:
        sent = not isinstance(error.reason, ConnectionRefusedError | ssl.SSLError)
        raise LostError(type(error).__name__, sent=sent) from None
    except (OSError, http.client.HTTPException) as error:
        raise LostError(type(error).__name__, sent=True) from None


# What is sent
"""
BY_URLLIB = '        given = f"?{urlencode(query)}" if query else ""\n        return await asyncio.to_thread(blocking, method, BASE + path + given, headers, content)\n'
STORE = """        file = Path(tempfile.gettempdir(), hashlib.sha256(f"{BASE} {EMAIL} {INTERNAL_ID}".encode()).hexdigest())
"""
READ_FILE = """        if self.token is None and file.exists():
            text, until = file.read_text().split()
            if time.time() < float(until):
                self.token = Token(text, time.monotonic() + float(until) - time.time())
                return self.token
"""
WRITE_FILE = """        seconds = min(life(content, reply.headers), 86400.0)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stored:
            stored.write(f"{content['token']} {time.time() + seconds}")
"""

RECONNECTING = """                try:
                    response = await self.http.send(request, stream=True)
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    if method != "GET":
                        raise
                    response = await self.http.send(request, stream=True)
"""

VARIANTS: tuple[Change, ...] = (
    variant("retries.none", "Retries nothing; a token is still renewed after a 401.", ("ATTEMPTS = 3\n", "ATTEMPTS = 1\n")),
    variant("retries.five", "Tries five times.", ("ATTEMPTS = 3\n", "ATTEMPTS = 5\n")),
    variant("retries.reads_alone", "Retries no write, not even one that the server was too busy for.", (BUSY, "            busy = safe and (reply.status == 429 or (reply.status == 503 and asked is not None))\n"), ("                if last or (lost.sent and not safe):\n", "                if last or not safe:\n")),
    variant("retries.not_after_500", "Does not retry a 500, which tends to last.", ("BROKEN = {500, 502,", "BROKEN = {502,")),
    variant("retries.not_after_errors", "Retries only broken connections, 429 and 503.", (AGAIN, "            again = busy or (safe and reply.status == 503)\n")),
    variant("retries.long_waits_cut", "Waits for two seconds and tries again where a server asks for a long pause.", (LONG, "            asked = min(asked, 2.0) if asked is not None else None\n")),
    variant("retries.exactly_when_asked", "Waits for exactly as long as a server asks, without an addition.", (WAIT, "            await asyncio.sleep(pause(attempt) if asked is None else asked)\n")),
    variant("retries.patient", "Waits longer between attempts.", ("FIRST_PAUSE = 0.2\n", "FIRST_PAUSE = 0.4\n")),
    variant("tokens.at_start", "Asks for a token before the first step.", (START, START + "    with contextlib.suppress(FailedError):\n        await client.current()\n"), ("import asyncio\n", "import asyncio\nimport contextlib\n")),
    variant("tokens.fixed_margin", "Renews a token thirty seconds before its end, however long it lives.", (LIFE, '    return seconds - 30 if seconds > 30 else seconds / 2 if seconds > 0 else float("inf")\n')),
    variant("tokens.to_the_last_second", "Uses a token to its very end.", (LIFE, '    return seconds if seconds > 0 else float("inf")\n')),
    variant("tokens.own_file", "Keeps the token in its own file for each user, readable by nobody else.", (KEPT, KEPT + STORE + READ_FILE), (TOKEN, STORE + WRITE_FILE + TOKEN), ("            if self.token is token:\n", STORE.replace("        file", "            file") + "            file.unlink(missing_ok=True)\n            if self.token is token:\n"), ("import asyncio\n", "import asyncio\nimport hashlib\n"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n")),
    variant("tokens.local_clock", "Reads the life of a token by its own clock.", ("        return parsedate_to_datetime(headers[\"Date\"])\n", "        raise KeyError\n")),
    variant("wire.other_headers", "Sends other headers, in another order.", (HEADERS, '            headers={"X-Request-Source": "ehr", "User-Agent": "Mozilla/5.0 (EHR)", "Accept": "*/*", "Accept-Language": "en-GB"},\n')),
    variant("wire.no_compression", "Accepts no compressed responses.", ('"User-Agent": "partner/1.0"}', '"User-Agent": "partner/1.0", "Accept-Encoding": "identity"}')),
    variant("wire.connection_each", "Opens a connection for each request.", (HEADERS, HEADERS + "            limits=httpx.Limits(max_keepalive_connections=0),\n")),
    variant("wire.one_connection", "Sends all requests over one connection, one after the other.", (HEADERS, HEADERS + "            limits=httpx.Limits(max_connections=1),\n")),
    variant("wire.blocking", "Sends with the blocking client of httpx, in threads.", (EXCHANGE, SYNCHRONOUS), (HEADERS + "        )\n", HEADERS + "        )\n        self.threads = httpx.Client(timeout=ATTEMPT_SECONDS, cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])))\n"), ("    # Steps\n", "    def blocking(self, request: httpx.Request) -> httpx.Response:\n        response = self.threads.send(httpx.Request(request.method, request.url, headers=request.headers, content=request.content), stream=True)\n        received = bytearray()\n        for chunk in response.iter_bytes():\n            received += chunk\n            if len(received) > MOST_BYTES:\n                raise FailedError(\"protocol\", \"the response is too large\")\n        response.close()\n        headers = [item for item in response.headers.items() if item[0] not in {\"content-encoding\", \"content-length\", \"transfer-encoding\"}]\n        return httpx.Response(response.status_code, headers=headers, content=bytes(received))\n\n    # Steps\n"), ("    await client.http.aclose()\n", "    await client.http.aclose()\n    client.threads.close()\n")),
    variant("wire.urllib", "Sends with urllib, without a connection that lasts.", (BUILT, BY_URLLIB + BUILT), ("\n\n# What is sent\n", URLLIB), ("import asyncio\n", "import asyncio\nimport http.client\nimport ssl\nimport urllib.error\nimport urllib.request\n"), ("import quote, urlsplit", "import quote, urlencode, urlsplit")),
    variant("wire.reconnects", "Retries nothing; when a connection breaks, its HTTP library sends a read once more over a new one.", ("ATTEMPTS = 3\n", "ATTEMPTS = 1\n"), (SEND, RECONNECTING)),
    variant("wire.chunked", "Sends bodies in chunks, without their length.", (BUILT, "        content = pieces(content) if content is not None else None\n" + BUILT), ("def encoded(", "async def pieces(content):\n    yield content[:7]\n    yield content[7:]\n\n\ndef encoded(")),
    variant("wire.more_encoded", "Percent-encodes each byte of an id, in lower case.", (SEGMENT, '    encoded_value = "".join(f"%{byte:02x}" for byte in value.encode())\n')),
    variant("wire.content_type_with_charset", "Names the charset in the Content-Type.", ('headers["Content-Type"] = "application/json"', 'headers["content-type"] = "application/json; charset=utf-8"')),
    variant("wire.escaped", "Writes non-ASCII characters as escapes.", (DUMPED, DUMPED.replace("ensure_ascii=False", "ensure_ascii=True"))),
    variant("wire.indented", "Indents its JSON and sorts its properties.", (DUMPED, DUMPED.replace("ensure_ascii=False", "ensure_ascii=False, indent=2, sort_keys=True"))),
    variant("wire.integers_with_fraction", "Writes whole durations with a fraction of zero, as a language with doubles does.", *sent("float(value) if name == 'duration' else value")),
    variant("wire.nothing_for_nothing", "Sends no body where the caller gives none.", (BODY, '        body = step.get("body") if method in {"POST", "PATCH"} else None\n')),
    variant("values.unknown_dropped", "Returns only the properties that the page shows.", *shown("value", keep=f"name in '{KNOWN}'.split()")),
    variant("values.envelope", "Returns a session in its envelope.", (RESULT, "        return content\n")),
    variant("values.missing_is_empty", "Returns an empty list for `audio` where a session has none.", *checked('each.setdefault("audio", [])')),
    variant("values.sorted", "Returns properties in another order.", *shown("value"), ("    if isinstance(value, dict):\n        return {name: mapped(value, name) for name, value in value.items() if True}\n", "    if isinstance(value, dict):\n        return {name: mapped(value, name) for name, value in sorted(value.items())}\n")),
    variant("values.doubles", "Returns numbers as doubles.", *shown("float(value) if name == 'duration' else value")),
    variant("errors.no_message", "Gives only the kind of an error.", (MESSAGE, "        return line_of(step, error=error.kind)\n")),
    variant("errors.own_words", "Says what to do in its own words.", (MESSAGE, '        words = {"not_found": "Open the consultation again.", "not_linked": "Link the user first."}\n        return line_of(step, error=error.kind, message=words.get(error.kind, "Try again later."))\n')),
    variant("errors.checked_before", "Refuses what the document does not allow before it is sent.", (BODY, BODY + '        if body and not {*body} <= {"patient_profile_id", "ehr_appointment_id"} and body.get("duration", 0) < 0:\n            raise FailedError("refused", "duration must be 0 or more")\n')),
    variant("steps.one_by_one", "Does steps one after the other, even those to be done at the same time.", (GATHER, "        for each in [await result(client, one) for one in steps]:\n")),
    variant("steps.greeting", "Says its name and version first.", (START, START + '    print(json.dumps({"protocol": 1, "client": "partner 1.0"}), flush=True)\n')),
    variant("steps.as_they_end", "Writes the results of steps at the same time as each ends.", (GATHER, "        for ended in asyncio.as_completed([result(client, one) for one in steps]):\n            each = await ended\n")),
    variant("logs.silent", "Logs nothing.", ("    logging.basicConfig(level=logging.INFO,", "    logging.basicConfig(level=logging.CRITICAL,")),
    variant("logs.identifiers", "Logs the id of a session, which tells nothing about a patient.", ("            log.info(\"%s %s: %s\", method, route, reply.status)\n", "            log.info(\"%s %s: %s\", method, path, reply.status)\n")),
    variant("paging.page_size_chosen", "Asks for a hundred sessions a page if the caller does not say.", ('        query = dict(step.get("query", {}))\n', '        query = dict(step.get("query", {}))\n        if wanted == "sessions":\n            query.setdefault("page_size", 100)\n')),
    variant("paging.reversed", "Returns the sessions that were listed last first.", ("                return [*found.values()]\n", "                return [*reversed(found.values())]\n")),
)  # fmt: skip
