"""Privacy: patients and secrets in logs, messages, addresses and the process list."""

from tests.conformance.clients.changes import fault

CONTENT = "            content = encoded(body)\n"
RECEIVED = "        return Reply(response.status_code, response.headers, bytes(received))\n"
WORDS = '        raise FailedError(kind, f"{method} {route}: {reply.status}")\n'
LEVEL = '    logging.getLogger("httpx").setLevel(logging.WARNING)\n'
SENT = "        url = BASE + path\n"
START = "    client = Client()\n"
LOST = (
    '                    raise FailedError("unavailable", f"{method} {route}: {lost}") from None\n'
)
CATCH = "    except FailedError as error:\n        return line_of(step, error=error.kind"

FAULTS = (
    fault("privacy.body_logged", "Logs what it sends.", (CONTENT, CONTENT + "            log.info(\"sent %s\", content.decode())\n")),
    fault("privacy.response_logged", "Logs the responses that it gets.", (RECEIVED, "        log.info(\"received %s\", received.decode(\"utf-8\", \"replace\"))\n" + RECEIVED)),
    fault("privacy.error_response_logged", "Logs the body of an error response, which may repeat what was sent.", (RECEIVED, "        if response.is_error:\n            log.warning(\"received %s\", received.decode(\"utf-8\", \"replace\"))\n" + RECEIVED)),
    fault("privacy.unreadable_logged", "Logs a response that it cannot read.", ("        raise FailedError(\"protocol\", f\"the response has no {name}\")\n", "        log.error(\"unreadable: %s\", reply.content.decode(\"utf-8\", \"replace\"))\n        raise FailedError(\"protocol\", f\"the response has no {name}\")\n")),
    fault("privacy.unreadable_in_message", "Shows the start of a response that it cannot read in its message.", ("f\"the response has no {name}\"", "f\"the response has no {name}: {reply.content[:500].decode('utf-8', 'replace')}\"")),
    fault("privacy.body_logged_after_failure", "Logs what it sent when a request fails.", (WORDS, "        log.error(\"%s failed: %s\", route, LAST)\n" + WORDS), (CONTENT, CONTENT + "            global LAST\n            LAST = content.decode()\n"), ("log = logging", "LAST = \"\"\nlog = logging")),
    fault("privacy.body_logged_before_retry", "Logs what it sent when it tries again.", ("            await asyncio.sleep((asked or 0.0) + pause(attempt))\n", "            log.warning(\"again: %s\", body)\n            await asyncio.sleep((asked or 0.0) + pause(attempt))\n")),
    fault("privacy.body_in_lost_message", "Shows what it sent in the message of a request without a response.", (LOST, LOST.replace(": {lost}", ": {lost} ({body})"))),
    fault("privacy.words_in_message", "Shows the server's words in its message, which may repeat what was sent.", (WORDS, "        raise FailedError(kind, f\"{method} {route}: {reply.status} {(decoded(reply.content) or {}).get('detail')}\")\n")),
    fault("privacy.body_of_error_in_message", "Shows the body of an error in its message.", (WORDS, WORDS.replace("{reply.status}", "{reply.status} {reply.content.decode('utf-8', 'replace')}"))),
    fault("privacy.step_in_message", "Shows the arguments of the call in its message.", (CATCH, "    except FailedError as error:\n        error.args = (f\"{error.args[0]} in {step}\",)\n        return line_of(step, error=error.kind")),
    fault("privacy.addresses_logged", "Logs the address of every request, with the email of the user.", (LEVEL, "")),
    fault("privacy.everything_logged", "Logs all that the HTTP library tells, down to headers.", ("level=logging.INFO", "level=logging.DEBUG"), (LEVEL, "")),
    fault("privacy.headers_logged", "Logs the headers that it sends.", (SENT, SENT + "        log.info(\"headers %s\", headers)\n")),
    fault("privacy.token_logged", "Logs the token when it gets one.", ("        return Token(content[\"token\"],", "        log.info(\"token %s\", content[\"token\"])\n        return Token(content[\"token\"],")),
    fault("privacy.token_logged_in_part", "Logs all but the end of the token.", ("        return Token(content[\"token\"],", "        log.info(\"token %s...\", content[\"token\"][:-8])\n        return Token(content[\"token\"],")),
    fault("privacy.settings_logged", "Logs its settings at the start, with the key.", (START, "    log.info(\"settings %s %s %s %s\", BASE, KEY, EMAIL, INTERNAL_ID)\n" + START)),
    fault("privacy.email_logged", "Logs the email of the user when it asks for a token.", ("        key = {\"Heidi-Api-Key\": KEY}\n", "        key = {\"Heidi-Api-Key\": KEY}\n        log.info(\"a token for %s\", EMAIL)\n")),
    fault("privacy.patient_logged", "Logs the name of the patient when it reads a session.", ("        content = demand(reply, wanted)\n        return content[", "        content = demand(reply, wanted)\n        if wanted == \"session\":\n            log.info(\"read %s\", content[\"session\"][\"patient\"][\"name\"])\n        return content[")),
    fault("privacy.notes_logged", "Logs the notes of a session when it reads a list.", ("                found.setdefault(each[\"session_id\"], each)\n", "                found.setdefault(each[\"session_id\"], each)\n                log.info(\"%s\", each[\"clinician_notes\"])\n")),
    fault("privacy.log_file", "Writes what it sends to a log file.", (CONTENT, CONTENT + "            with Path(tempfile.gettempdir(), \"partner.log\").open(\"ab\") as file:\n                file.write(content + b\"\\n\")\n"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n")),
    fault("privacy.dump_on_failure", "Writes a dump with all that it has to a file when a request fails.", (CATCH, "    except FailedError as error:\n        Path(tempfile.gettempdir(), \"partner-dump.json\").write_text(json.dumps(step))\n        return line_of(step, error=error.kind"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n")),
    fault("privacy.traceback_with_values", "Prints a traceback with the values of its variables when a request fails.", ("import time\n", "import time\nimport traceback\n"), (CATCH, "    except FailedError as error:\n        for name in traceback.TracebackException.from_exception(error, capture_locals=True).format():\n            sys.stderr.write(name)\n        return line_of(step, error=error.kind")),
    fault("privacy.patient_in_query", "Sends the name of the patient in the query, where every server on the way logs it.", (SENT, SENT + "        if body and \"patient\" in body:\n            query = {**query, \"q\": body[\"patient\"].get(\"name\", \"\")}\n")),
    fault("privacy.patient_in_header", "Sends the name of the patient in a header, where proxies log it.", (SENT, SENT + "        if body and \"patient\" in body:\n            headers[\"X-Patient\"] = quote(body[\"patient\"].get(\"name\", \"\"))\n")),
    fault("privacy.email_in_user_agent", "Sends the email of the user in every User-Agent.", ("\"User-Agent\": \"partner/1.0\"", "\"User-Agent\": f\"partner/1.0 ({EMAIL})\"")),
    fault("privacy.key_in_process_list", "Asks for a token with a program that has the key among its arguments.", ("        return Token(content[\"token\"],", "        helper = await asyncio.create_subprocess_exec(sys.executable, \"-c\", \"import time; time.sleep(0.5)\", KEY)\n        await helper.wait()\n        return Token(content[\"token\"],")),
    fault("privacy.patient_in_process_list", "Sends with a program that has the body among its arguments.", (SENT, SENT + "        if content:\n            helper = await asyncio.create_subprocess_exec(sys.executable, \"-c\", \"import time; time.sleep(0.5)\", content.decode())\n            await helper.wait()\n")),
)  # fmt: skip
