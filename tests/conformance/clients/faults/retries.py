"""Retries: duplicate writes, servers that get no pause, retries that never end."""

from tests.conformance.clients.changes import fault

LOST = "                if last or (lost.sent and not safe):\n"
AGAIN = "            again = busy or (safe and reply.status in BROKEN)\n"
WAIT = "            await asyncio.sleep((asked or 0.0) + pause(attempt))\n"
LONG = "            if asked is not None and asked > LONGEST_PAUSE:\n                return reply\n"
JITTER = "    return random.uniform(0.2, 1.0) * FIRST_PAUSE * 2.0**attempt  # noqa: S311\n"
SECONDS = "        return float(value[:9])\n"
EXCHANGE = "                reply = await self.exchange(method, path, query, headers, body)\n"
DATE = "        return max(0.0, seconds)\n"

FAULTS = (
    fault("retries.write_resent", "Sends a creation or an update again when its response was lost.", (LOST, "                if last:\n")),
    fault("retries.creation_resent", "Sends a creation again when its response was lost.", ('        safe = method == "GET"\n', '        safe = method in {"GET", "POST"}\n')),
    fault("retries.update_resent", "Sends an update again when its response was lost.", (LOST, '                if last or (lost.sent and not safe and method != "PATCH"):\n')),
    fault("retries.resent_after_timeout", "Sends a creation again when its response did not come in time.", (LOST, '                if last or (lost.sent and not safe and str(lost) not in {"ReadTimeout", "TimeoutError"}):\n')),
    fault("retries.resent_after_reset", "Sends a creation again when the connection broke before the response.", (LOST, '                if last or (lost.sent and not safe and str(lost) not in {"ReadError", "RemoteProtocolError"}):\n')),
    fault("retries.resent_after_half_a_response", "Sends a creation again when its response broke off in the middle.", ('        return Reply(response.status_code, response.headers, bytes(received))\n', '        if method == "POST" and decoded(bytes(received)) is None:\n            raise LostError("unreadable", sent=False)\n        return Reply(response.status_code, response.headers, bytes(received))\n'), ("            raise LostError(type(error).__name__, sent=True) from None", "            raise LostError(type(error).__name__, sent=not received) from None")),
    fault("retries.write_resent_after_502", "Sends a creation or an update again after a 502 or 504, though the server behind the gateway may have done it.", (AGAIN, "            again = busy or reply.status in ({502, 504} | (BROKEN if safe else set()))\n")),
    fault("retries.write_resent_after_500", "Sends a creation or an update again after any 5xx.", (AGAIN, "            again = busy or reply.status in BROKEN\n")),
    fault("retries.write_resent_after_plain_503", "Sends a creation or an update again after a 503 that does not say when to come back.", (AGAIN, "            again = busy or reply.status == 503 or (safe and reply.status in BROKEN)\n")),
    fault("retries.resent_when_unreadable", "Sends a creation again when the response was a success that it could not read.", ("        content = demand(reply, wanted)\n        return content[", '        if method == "POST" and decoded(reply.content) is None:\n            reply = await self.call(method, route, path, query, body)\n        content = demand(reply, wanted)\n        return content[')),
    fault("retries.at_once_after_429", "Asks again at once after a 429, whatever Retry-After says.", (WAIT, "            await asyncio.sleep(0)\n")),
    fault("retries.only_seconds", "Ignores a Retry-After that is a date.", (DATE, "        return None\n")),
    fault("retries.date_breaks_it", "Fails with its own error when Retry-After is a date.", ("    if re.fullmatch(r\"[0-9]+\", value):\n" + SECONDS, "    if value:\n        return float(value)\n")),
    fault("retries.seconds_as_milliseconds", "Reads the seconds of Retry-After as milliseconds.", (SECONDS, "        return float(value[:9]) / 1000\n")),
    fault("retries.seconds_as_minutes", "Reads the seconds of Retry-After as minutes, and gives up where a second would be enough.", (SECONDS, "        return float(value[:9]) * 60\n")),
    fault("retries.only_429", "Obeys Retry-After of a 429 but not of a 503.", (WAIT, "            await asyncio.sleep(((asked or 0.0) if reply.status == 429 else 0.0) + pause(attempt))\n")),
    fault("retries.only_503", "Obeys Retry-After of a 503 but not of a 429.", (WAIT, "            await asyncio.sleep(((asked or 0.0) if reply.status == 503 else 0.0) + pause(attempt))\n")),
    fault("retries.header_by_case", "Knows the header only as `retry-after`, by its exact case.", ('headers.get("Retry-After", "").strip()', '{n.decode(): v.decode() for n, v in headers.raw}.get("retry-after", "")')),
    fault("retries.absurd_obeyed", "Waits for as long as a server asks, a day if it says so.", (LONG, "")),
    fault("retries.forever", "Never gives up on a server that is unavailable.", ("ATTEMPTS = 3\n", "ATTEMPTS = 1_000_000\n"), ("* FIRST_PAUSE * 2.0**attempt", "* 0.1 * FIRST_PAUSE")),
    fault("retries.hammering", "Asks twenty times without a pause when connections break.", ("ATTEMPTS = 3\n", "ATTEMPTS = 20\n"), (JITTER, "    return 0.0\n")),
    fault("retries.no_pause", "Asks again at once when a connection breaks.", ("                await asyncio.sleep(pause(attempt))\n                continue\n", "                continue\n")),
    fault("retries.lockstep", "Waits for the same time after each failure, so that all calls come back at once.", (JITTER, "    return FIRST_PAUSE\n")),
    fault("retries.lockstep_growing", "Waits longer after each failure, but without any chance: all calls come back at once.", (JITTER, "    return FIRST_PAUSE * 2.0**attempt\n")),
    fault("retries.nested", "Retries around retries: nine requests where three are meant.", ("        reply = await self.persist(method, route, path, query, bearer(token), body)\n        if reply.status == 401:\n", "        for _ in range(3):\n            reply = await self.persist(method, route, path, query, bearer(token), body)\n            if reply.status < 429:\n                break\n        if reply.status == 401:\n")),
    fault("retries.invalid_resent", "Retries a request that the server called invalid.", (AGAIN, "            again = busy or reply.status == 422 or (safe and reply.status in BROKEN)\n")),
    fault("retries.any_4xx_resent", "Sends a request again after any 4xx but 401.", (AGAIN, "            again = busy or (reply.status >= 400 and reply.status not in {401, *BROKEN}) or (safe and reply.status in BROKEN)\n"), (" or kind_of(reply) in TYPES.values():\n", ":\n")),
    fault("retries.not_found_resent", "Repeats a request for a session that does not exist.", (AGAIN, "            again = busy or reply.status == 404 or (safe and reply.status in BROKEN)\n"), (" or kind_of(reply) in TYPES.values():\n", ":\n")),
    fault("retries.gives_up_silently", "After the last attempt it returns null as if nothing had happened.", ("        return line_of(step, value=await client.run(step))\n    except FailedError as error:\n", "        return line_of(step, value=await client.run(step))\n    except FailedError as error:\n        if error.kind == \"unavailable\":\n            return line_of(step, value=None)\n")),
    fault("retries.stale_after_failure", "Returns the session as it was last read when the server is unavailable.", ("        reply = await self.call(method, route, path, query, body)\n        content = demand(reply, wanted)\n", "        try:\n            reply = self.last = await self.call(method, route, path, query, body)\n        except FailedError as error:\n            if error.kind != \"unavailable\" or not hasattr(self, \"last\"):\n                raise\n            reply = self.last\n        content = demand(reply, wanted)\n")),
    fault("retries.body_lost", "The second attempt has lost its body.", (EXCHANGE, EXCHANGE.replace("headers, body", "headers, body if attempt == 1 else None"))),
    fault("retries.query_lost", "The second attempt has lost its query.", (EXCHANGE, EXCHANGE.replace("query,", "query if attempt == 1 else {},"))),
    fault("retries.headers_lost", "The second attempt has no headers, and so no token.", (EXCHANGE, EXCHANGE.replace("headers,", "headers if attempt == 1 else {},"))),
    fault("retries.first_at_once", "Asks again at once after the first failure, whatever the server asks for, and waits after the next.", (WAIT, "            await asyncio.sleep((asked or 0.0) + pause(attempt) if attempt > 1 else 0.0)\n")),
    fault("retries.twenty_times", "Tries twenty times before it gives up.", ("ATTEMPTS = 3\n", "ATTEMPTS = 20\n"), (JITTER, "    return random.uniform(0.0, 0.04)\n")),
    fault("retries.twice_after_429", "Sends a creation twice after a 429: it and its HTTP library try again.", (WAIT, WAIT + "            if method == \"POST\":\n                await self.exchange(method, path, query, headers, body)\n")),
    fault("retries.smaller_page", "Asks for smaller pages when it asks again.", (EXCHANGE, EXCHANGE.replace("query,", "{**query, \"page_size\": 1} if attempt > 1 and \"page_size\" in query else query,"))),
    fault("retries.connects_forever", "Never gives up on a server that cannot be reached.", ("ATTEMPTS = 3\n", "ATTEMPTS = 1_000_000\n"), ("            last = attempt == ATTEMPTS\n", "            last = attempt >= 3\n"), (LOST, "                if lost.sent and (last or not safe):\n"), ("* FIRST_PAUSE * 2.0**attempt", "* FIRST_PAUSE")),
)  # fmt: skip
