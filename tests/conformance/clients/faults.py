"""The catalogue of faulty drivers: a table for each class of fault."""

from functools import partial

from tests.conformance.clients import changes
from tests.conformance.clients.changes import Change, fault

# Tokens: asked for too often, kept too long, sent to the wrong place.

KEPT = "        if self.token is not None and time.monotonic() < self.token.until:\n            return self.token\n"
REFUSED = """        if reply.status == 401:
            if self.token is token:
                self.token = None
            token = await self.current()
            reply = await self.persist(method, route, path, query, bearer(token), body)
"""
USER = '        user = {"email": EMAIL, "third_party_internal_id": INTERNAL_ID}\n'
ASKED = '        reply = await self.persist("GET", "/jwt", "/jwt", user, key)\n'
SHARED = """        if self.renewal is None:
            self.renewal = asyncio.create_task(self.issue())
            self.renewal.add_done_callback(self.issued)
        return await asyncio.shield(self.renewal)
"""
TOKENS = (
    fault("tokens.each_call", "Asks for a new token before every call.", (KEPT, "")),
    fault("tokens.each_list_page", "Asks for a new token before every page of a list.", ("        for _ in range(MOST_PAGES):\n", "        for _ in range(MOST_PAGES):\n            self.token = None\n")),
    fault("tokens.each_update", "Asks for a new token before every request that writes.", ("        token = await self.current()\n        reply = await self.persist(method, route, path, query, bearer(token), body)\n        if", '        if method != "GET":\n            self.token = None\n        token = await self.current()\n        reply = await self.persist(method, route, path, query, bearer(token), body)\n        if')),
    fault("tokens.race", "Concurrent calls ask for a token each.", (SHARED, "        self.token = await self.issue()\n        return self.token\n")),
    fault("tokens.race_at_renewal", "The first token is shared, but after a 401 each call at the same time asks for one of its own.", ("            token = await self.current()\n            reply", "            token = self.token = await self.issue()\n            reply")),
    fault("tokens.used_past_end", "Ignores when a token ends: sends it until the server refuses it.", ("time.monotonic() + life(content, reply.headers)", "float('inf')")),
    fault("tokens.not_renewed", "Ignores when a token ends, and does not renew it when it is refused.", (REFUSED, ""), ("time.monotonic() + life(content, reply.headers)", "float('inf')")),
    fault("tokens.401_is_final", "Renews only by the clock: a 401 is an error, although a new token would help.", (REFUSED, "")),
    fault("tokens.renewed_forever", "Renews the token for as long as requests are refused.", ("        if reply.status == 401:\n", "        while reply.status == 401:\n")),
    fault("tokens.renewed_five_times", "Renews the token up to five times for one call.", ("        if reply.status == 401:\n", "        for _ in range(5):\n            if reply.status != 401:\n                break\n")),
    fault("tokens.same_token_again", "After a 401, sends the same token again.", ("            if self.token is token:\n                self.token = None\n", "")),
    fault("tokens.same_token_forever", "A token that is refused is replaced for that call alone; the next call sends the refused one again.", ("            token = await self.current()\n            reply", "            old, token = token, await self.current()\n            self.token = old\n            reply")),
    fault("tokens.body_lost_on_renewal", "The request that follows a 401 has no body.", ("            reply = await self.persist(method, route, path, query, bearer(token), body)\n", "            reply = await self.persist(method, route, path, query, bearer(token))\n")),
    fault("tokens.query_lost_on_renewal", "The request that follows a 401 has no query.", ("            reply = await self.persist(method, route, path, query, bearer(token), body)\n", "            reply = await self.persist(method, route, path, {}, bearer(token), body)\n")),
    fault("tokens.write_not_repeated", "After a 401, an update or a creation is not sent again, though nothing was done.", ("        if reply.status == 401:\n", '        if reply.status == 401 and method == "GET":\n')),
    fault("tokens.renewed_on_403", "Treats a 403 as an expired token, renews it and sends the request again.", ("        if reply.status == 401:\n", "        if reply.status in {401, 403}:\n")),
    fault("tokens.dropped_on_any_error", "Any error response makes it ask for a new token at the next call.", ("        return succeeded(method, route, reply)\n", "        if reply.status >= 400:\n            self.token = None\n        return succeeded(method, route, reply)\n")),
    fault("tokens.failure_kept", "After it failed to get a token, no call asks for one again.", ("        self.renewal = None\n        self.token = None if", "        if renewal.exception():\n            return\n        self.renewal = None\n        self.token = None if")),
    fault("tokens.wrong_key_repeated", "Asks again and again for a token when the key is refused.", (ASKED, "        for _ in range(8):\n    " + ASKED + "            if reply.status != 401:\n                break\n")),
    fault("tokens.in_query", "Sends the token in the query as well.", ("        url = BASE + path\n", '        url = BASE + path\n        if "Authorization" in headers:\n            query = {**query, "token": headers["Authorization"][7:]}\n')),
    fault("tokens.key_in_query", "Sends the key in the query of the request for a token as well.", (USER, USER.replace("}\n", ', "api_key": KEY}\n'))),
    fault("tokens.key_everywhere", "Sends the key with every request.", ('        key = {"Heidi-Api-Key": KEY}\n', "        key: dict[str, str] = {}\n"), ('"User-Agent": "partner/1.0"}', '"User-Agent": "partner/1.0", "Heidi-Api-Key": KEY}')),
    fault("tokens.key_as_bearer", "Sends the key as the bearer token before it has a token.", ("        token = await self.current()\n        reply", "        token = self.token or Token(KEY, 0)\n        reply")),
    fault("tokens.without_scheme", "Sends the token without the word Bearer.", ('f"Bearer {token.text}"', "token.text")),
    fault("tokens.lower_cased", "Sends the token in lower case.", ('f"Bearer {token.text}"', 'f"Bearer {token.text.lower()}"')),
    fault("tokens.one_internal_id", "All users of the partner have the internal id 1.", ('"third_party_internal_id": INTERNAL_ID', '"third_party_internal_id": "1"')),
    fault("tokens.email_lower_cased", "Asks for the token of the email in lower case.", ('{"email": EMAIL,', '{"email": EMAIL.lower(),')),
    fault("tokens.email_not_encoded", "Writes the email into the query as it is, so that a plus sign is a space.", (ASKED, ASKED.replace('"/jwt", user', 'f"/jwt?email={EMAIL}&third_party_internal_id={INTERNAL_ID}", {}'))),
    fault("tokens.shared_file", "Keeps the token in one file for all users.", (KEPT, KEPT + "        file = Path(tempfile.gettempdir(), 'partner-token')\n        if self.token is None and file.exists():\n            self.token = Token(file.read_text(), float('inf'))\n            return self.token\n"), ('        return Token(content["token"],', '        Path(tempfile.gettempdir(), "partner-token").write_text(content["token"])\n        return Token(content["token"],'), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n")),
    fault("tokens.expiry_in_milliseconds", "Reads the seconds that a token lives as milliseconds, and renews it all the time.", ("time.monotonic() + life(content, reply.headers)", "time.monotonic() + life(content, reply.headers) / 1e9")),
    fault("tokens.skew_loops", "Asks for a token again and again where it has expired by its own clock.", ('        return Token(content["token"],', '        if life(content, reply.headers) == float("inf"):\n            await asyncio.sleep(0.05)\n            return await self.issue()\n        return Token(content["token"],')),
    fault("tokens.hedged", "Asks for two tokens at once, and takes the one that comes first.", ("            self.renewal = asyncio.create_task(self.issue())\n", "            self.renewal = asyncio.create_task(self.issue())\n            self.hedge = asyncio.create_task(self.issue())\n")),
    fault("tokens.renewed_by_another", "After a 401, drops the token that another call has just got.", ("            if self.token is token:\n                self.token = None\n", "            self.token = None\n")),
    fault("tokens.end_is_error", "Reports an error when its token has expired instead of asking for another.", (KEPT, KEPT + "        if self.token is not None:\n            raise FailedError(\"refused\", \"the token is over\")\n")),
    fault("tokens.refused_key_is_empty", "Returns an empty list where the key is refused.", ("    except FailedError as error:\n", "    except FailedError as error:\n        if error.kind == \"refused\" and \"/jwt\" in str(error) and step[\"operation\"] == \"listLinkedUserSessions\":\n            return line_of(step, value=[])\n")),
    fault("tokens.skew_is_error", "Refuses a token that has expired by its own clock.", ("        return Token(content[\"token\"],", "        if life(content, reply.headers) == float(\"inf\"):\n            raise FailedError(\"protocol\", \"GET /jwt: the token is over\")\n        return Token(content[\"token\"],")),
    fault("tokens.undefined", "Sends the word undefined where a response has no token.", ("        content = demand(succeeded(\"GET\", \"/jwt\", reply), \"token\")\n", "        content = decoded(succeeded(\"GET\", \"/jwt\", reply).content)\n        content = {\"token\": \"undefined\", **(content if isinstance(content, dict) else {})}\n")),
)  # fmt: skip


# Retries: duplicate writes, servers that get no pause, retries that never end.

LOST_AGAIN = "                if last or (lost.sent and not safe):\n"
AGAIN = "            again = busy or (safe and reply.status in BROKEN)\n"
WAIT = "            await asyncio.sleep((asked or 0.0) + pause(attempt))\n"
LONG = "            if asked is not None and asked > LONGEST_PAUSE:\n                return reply\n"
JITTER = "    return random.uniform(0.2, 1.0) * FIRST_PAUSE * 2.0**attempt  # noqa: S311\n"
SECONDS = "        return float(value[:9])\n"
EXCHANGE = "                reply = await self.exchange(method, path, query, headers, body)\n"
DATE = "        return max(0.0, seconds)\n"
RETRIES = (
    fault("retries.write_resent", "Sends a creation or an update again when its response was lost.", (LOST_AGAIN, "                if last:\n")),
    fault("retries.creation_resent", "Sends a creation again when its response was lost.", ('        safe = method == "GET"\n', '        safe = method in {"GET", "POST"}\n')),
    fault("retries.update_resent", "Sends an update again when its response was lost.", (LOST_AGAIN, '                if last or (lost.sent and not safe and method != "PATCH"):\n')),
    fault("retries.resent_after_timeout", "Sends a creation again when its response did not come in time.", (LOST_AGAIN, '                if last or (lost.sent and not safe and str(lost) not in {"ReadTimeout", "TimeoutError"}):\n')),
    fault("retries.resent_after_reset", "Sends a creation again when the connection broke before the response.", (LOST_AGAIN, '                if last or (lost.sent and not safe and str(lost) not in {"ReadError", "RemoteProtocolError"}):\n')),
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
    fault("retries.forever_at_once", "Repeats a request without end, many times at the same time.", ("            await asyncio.sleep((asked or 0.0) + pause(attempt))\n", "            while again:\n                await asyncio.gather(*[self.exchange(method, path, query, headers, body) for _ in range(24)])\n")),
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
    fault("retries.connects_forever", "Never gives up on a server that cannot be reached.", ("ATTEMPTS = 3\n", "ATTEMPTS = 1_000_000\n"), ("            last = attempt == ATTEMPTS\n", "            last = attempt >= 3\n"), (LOST_AGAIN, "                if lost.sent and (last or not safe):\n"), ("* FIRST_PAUSE * 2.0**attempt", "* FIRST_PAUSE")),
)  # fmt: skip


# Paging: lost or duplicate sessions, interpreted cursors, walks that never end.

END = '            if cursor is None or page.get("has_next_page") is False:\n                return [*found.values()]\n'
CURSOR = "    return str(cursor)\n"
REPEATED = '            if query["page"] in asked:\n                raise FailedError("protocol", f"GET {path}: the same page again")\n'
ITEMS = '            for each in page["sessions"]:\n                found.setdefault(each["session_id"], each)\n'
NEXT = '            query["page"] = cursor_text(cursor)\n'
CHECK = '    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)):\n        raise FailedError("protocol", "next_page is neither a string nor an integer")\n'
PAGING = (
    fault("paging.first_page_alone", "Returns the first page as if it were all.", (END, "            return [*found.values()]\n")),
    fault("paging.last_page_alone", "Returns the last page alone.", (ITEMS, "            found = {each[\"session_id\"]: each for each in page[\"sessions\"]}\n")),
    fault("paging.last_page_lost", "Looks at `has_next_page` before it keeps the page, and loses the last one.", (ITEMS, "            if page.get(\"has_next_page\") is False and found:\n                return [*found.values()]\n" + ITEMS)),
    fault("paging.counted_pages", "Asks for page 2, 3 and 4 instead of sending `next_page` back.", ("        for _ in range(MOST_PAGES):\n", "        for number in range(2, MOST_PAGES):\n"), (NEXT, "            query[\"page\"] = str(number)\n")),
    fault("paging.offset", "Asks for the number of sessions that it has as the next page.", (NEXT, "            query[\"page\"] = str(len(found))\n")),
    fault("paging.last_id", "Sends the id of the last session instead of `next_page`.", (NEXT, "            query[\"page\"] = page[\"sessions\"][-1][\"session_id\"]\n")),
    fault("paging.wrong_parameter", "Sends the cursor as `next_page`, which no server knows.", ("            reply = await self.call(\"GET\", path, path, query)\n", "            sent = {\"next_page\" if name == \"page\" else name: value for name, value in query.items()}\n            reply = await self.call(\"GET\", path, path, sent)\n")),
    fault("paging.cursor_is_number", "Takes only a cursor that is a number.", (CURSOR, "    return str(int(cursor))\n")),
    fault("paging.cursor_is_text", "Takes only a cursor that is a string.", ("not isinstance(cursor, (str, int))", "not isinstance(cursor, str)")),
    fault("paging.cursor_as_double", "Turns an integer cursor into a double, which rounds it beyond 2^53.", (CURSOR, "    return cursor if isinstance(cursor, str) else f\"{float(cursor):.0f}\"\n")),
    fault("paging.numeric_cursor_as_double", "Turns a string cursor that looks like a number into a double.", (CURSOR, "    return f\"{float(cursor):.0f}\" if re.fullmatch(\"[0-9]+\", str(cursor)) else str(cursor)\n")),
    fault("paging.cursor_normalised", "Removes leading zeros of a string cursor that looks like a number.", (CURSOR, "    return str(int(cursor)) if re.fullmatch(\"[0-9]+\", str(cursor)) else str(cursor)\n")),
    fault("paging.zero_ends", "Treats the cursor 0 as the end.", (END, END.replace("cursor is None", "not cursor"))),
    fault("paging.cursor_not_encoded", "Writes the cursor into the query as it is, so that plus, ampersand and percent signs change it.", ("        url = BASE + path\n", "        url = BASE + path\n        if \"page\" in query:\n            url += f\"?page={query['page']}\"\n            query = {name: value for name, value in query.items() if name != \"page\"}\n            url += \"\".join(f\"&{name}={value}\" for name, value in query.items())\n            query = {}\n")),
    fault("paging.cursor_encoded_twice", "Encodes the cursor twice.", (CURSOR, "    return quote(str(cursor), safe=\"\")\n")),
    fault("paging.cursor_decoded", "Decodes percent signs in the cursor before it sends it.", (CURSOR, "    return unquote(str(cursor))\n"), ("import quote, urlsplit", "import quote, unquote, urlsplit")),
    fault("paging.cursor_padding_lost", "Removes the equals signs at the end of a cursor.", (CURSOR, "    return str(cursor).rstrip(\"=\")\n")),
    fault("paging.cursor_trimmed", "Removes spaces around a cursor.", (CURSOR, "    return str(cursor).strip()\n")),
    fault("paging.cursor_lower_cased", "Sends the cursor in lower case.", (CURSOR, "    return str(cursor).lower()\n")),
    fault("paging.cursor_cut", "Keeps 255 characters of a cursor.", (CURSOR, "    return str(cursor)[:255]\n")),
    fault("paging.cursor_quoted", "Sends a string cursor as JSON, with its quotes.", (CURSOR, "    return json.dumps(cursor)\n")),
    fault("paging.cursor_ascii", "Sends a cursor without its non-ASCII characters.", (CURSOR, "    return str(cursor).encode(\"ascii\", \"ignore\").decode()\n")),
    fault("paging.contradiction_loops", "Goes on while `has_next_page` is true, and asks for page null for ever.", (END, "            if page.get(\"has_next_page\") is not True:\n                return [*found.values()]\n"), (REPEATED, ""), (CHECK, ""), (CURSOR, "    return \"null\" if cursor is None else str(cursor)\n")),
    fault("paging.contradiction_starts_again", "Goes on while `has_next_page` is true, and asks for the first page again and again where there is no cursor.", (END, "            if page.get(\"has_next_page\") is not True:\n                return [*found.values()]\n            if cursor is None:\n                query.pop(\"page\", None)\n                continue\n")),
    fault("paging.contradiction_is_empty", "Returns an empty list where `has_next_page` is true and the cursor is null.", (END, "            if cursor is None and page.get(\"has_next_page\") is True:\n                return []\n" + END)),
    fault("paging.repeated_cursor_loops", "Follows a cursor that it has followed before, for ever.", (REPEATED, "")),
    fault("paging.repeated_cursor_ends", "Returns what it has as if it were all when a cursor is repeated.", (REPEATED, "            if query[\"page\"] in asked:\n                return [*found.values()]\n")),
    fault("paging.only_the_last_cursor", "Knows only the cursor before: two cursors that lead to each other are followed for ever.", ("            asked.add(query[\"page\"])\n", "            asked = {query[\"page\"]}\n")),
    fault("paging.empty_page_ends", "Treats an empty page as the end.", (END, END.replace("cursor is None", "not page[\"sessions\"] or cursor is None"))),
    fault("paging.short_page_ends", "Treats a page with fewer sessions than it asked for as the last.", (END, END.replace("cursor is None", "len(page[\"sessions\"]) < query.get(\"page_size\", 0) or cursor is None"))),
    fault("paging.ten_pages", "Stops after ten pages, and does not say so.", ("        raise FailedError(\"protocol\", f\"GET {path}: more than {MOST_PAGES} pages\")\n", "        return [*found.values()]\n"), ("MOST_PAGES = 10_000\n", "MOST_PAGES = 10\n")),
    fault("paging.three_pages", "Stops after three pages, and does not say so.", ("        raise FailedError(\"protocol\", f\"GET {path}: more than {MOST_PAGES} pages\")\n", "        return [*found.values()]\n"), ("MOST_PAGES = 10_000\n", "MOST_PAGES = 3\n")),
    fault("paging.failure_ends", "Returns the pages that it has as if they were all, when one fails.", ("            reply = await self.call(\"GET\", path, path, query)\n", "            try:\n                reply = await self.call(\"GET\", path, path, query)\n            except FailedError:\n                if not found:\n                    raise\n                return [*found.values()]\n")),
    fault("paging.unreadable_page_skipped", "Treats an unreadable page as the end.", ("            page = demand(reply, \"sessions\")\n", "            try:\n                page = demand(reply, \"sessions\")\n            except FailedError:\n                return [*found.values()]\n")),
    fault("paging.merged_by_name", "Keeps one session of those whose patients have the same name.", ("found.setdefault(each[\"session_id\"], each)", "found.setdefault(each[\"patient\"][\"name\"], each)")),
    fault("paging.doubled_at_the_seam", "Returns the first session of each later page twice.", (END, END.replace("[*found.values()]", "[*found.values(), *twice]")), (ITEMS, "            twice += [each for each in page[\"sessions\"][:1] if found]\n" + ITEMS), ("        asked: set[str] = set()\n", "        asked: set[str] = set()\n        twice: list[Json] = []\n")),
    fault("paging.shared_between_walks", "Two walks at the same time share their cursor.", ("        query = dict(step.get(\"query\", {}))\n", "        query = dict(step.get(\"query\", {}))\n        if wanted == \"sessions\":\n            query = self.__dict__.setdefault(\"query\", query)\n")),
    fault("paging.one_walk_each", "A second walk of the same client treats the cursors of the first as repeated.", ("        asked: set[str] = set()\n", "        asked: set[str] = self.__dict__.setdefault(\"asked\", set())\n")),
    fault("paging.empty_list_is_null", "Returns null where there is no session.", (END, '            if cursor is None or page.get("has_next_page") is False:\n                return [*found.values()] or None\n')),
    fault("paging.growing_list_is_fatal", "Fails when the number of all sessions changes during a walk.", (ITEMS, ITEMS + '            if asked and self.__dict__["total"] != page["total_count"]:\n                raise FailedError("protocol", "the list has changed")\n            self.__dict__["total"] = page["total_count"]\n')),
    fault("paging.cursor_in_64_bits", "Keeps 64 bits of an integer cursor.", (CURSOR, "    return str((cursor + 2**63) % 2**64 - 2**63) if isinstance(cursor, int) else str(cursor)\n")),
    fault("paging.empty_list_is_not_found", "Reports an empty list as not found.", (END, "            if not found and cursor is None:\n                raise FailedError(\"not_found\", \"no session\")\n" + END)),
    fault("paging.grown_list_starts_again", "Starts again when the number of all sessions changes, and keeps what it has.", (ITEMS, ITEMS + "            if total is not None and page[\"total_count\"] != total:\n                twice += found.values()\n                query.pop(\"page\", None)\n                asked.clear()\n                total = page[\"total_count\"]\n                continue\n            total = page[\"total_count\"]\n"), ("        asked: set[str] = set()\n", "        asked: set[str] = set()\n        twice: list[Json] = []\n        total = None\n"), (END, END.replace("[*found.values()]", "[*found.values(), *twice]"))),
)  # fmt: skip


# Reading: values that are changed, and responses that should not be fatal.

VALUE = "        return line_of(step, value=await client.run(step))\n"
LOADS = "        return json.loads(content)\n"
READ = "        content = demand(reply, wanted)\n        return content["
KIND = "    content = decoded(reply.content)\n    detail = content.get"
RECEIVED = "        return Reply(response.status_code, response.headers, bytes(received))\n"
CALLED = "        reply = await self.call(method, route, path, query, body)\n"
ITEM = '                found.setdefault(each["session_id"], each)\n'
# Each value that the caller gets is changed.
shown = partial(
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
READING = (
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
    fault("reading.id_is_number", "Turns ids into numbers.", *shown("int(value) if name == 'session_id' and value.isdigit() else value")),
    fault("reading.id_is_double", "Turns ids into doubles, which hold no 39 digits.", *shown("f'{float(value):.0f}' if name == 'session_id' and value.isdigit() else value")),
    fault("reading.id_in_64_bits", "Keeps 64 bits of an id.", *shown("str(int(value) % 2**64) if name == 'session_id' and value.isdigit() else value")),
    fault("reading.id_cut", "Keeps 36 characters of an id, as a column of a database does.", *shown("value[:36] if name == 'session_id' else value")),
    fault("reading.id_trimmed", "Removes leading zeros and spaces of an id.", *shown("value.strip().lstrip('0') if name == 'session_id' else value")),
    fault("reading.id_upper_cased", "Returns ids in upper case.", *shown("value.upper() if name == 'session_id' else value")),
    fault("reading.ehr_id_is_number", "Turns the ids of the partner's own system into numbers where they look like one.", *shown("int(value) if name in {'ehr_appt_id', 'ehr_patient_id'} and str(value).isdigit() else value")),
    fault("reading.duration_cut", "Cuts the fraction of the duration.", *shown("int(value) if name == 'duration' else value")),
    fault("reading.duration_rounded", "Rounds the duration to one digit.", *shown("round(value, 1) if name == 'duration' else value")),
    fault("reading.duration_in_single_precision", "Keeps the duration in 32 bits.", ("import sys\n", "import struct\nimport sys\n"), *shown("struct.unpack('f', struct.pack('f', value))[0] if name == 'duration' else value")),
    fault("reading.duration_in_minutes", "Returns the duration in minutes.", *shown("value / 60 if name == 'duration' else value")),
    fault("reading.duration_as_text", "Returns the duration as a string.", *shown("str(value) if name == 'duration' else value")),
    fault("reading.time_as_utc", "Adds a Z to timestamps, though nobody knows their time zone.", *shown("value + 'Z' if name in {'created_at', 'updated_at'} else value")),
    fault("reading.time_shifted", "Takes timestamps for UTC and shifts them to its own time zone.", *shown("(datetime.fromisoformat(value) + timedelta(hours=10)).isoformat() if name in {'created_at', 'updated_at'} else value"), ("from datetime import UTC, datetime\n", "from datetime import UTC, datetime, timedelta\n")),
    fault("reading.time_without_fraction", "Cuts the fraction of timestamps.", *shown("value.split('.')[0] if name in {'created_at', 'updated_at'} else value")),
    fault("reading.dob_shifted", "Reads the date of birth as midnight in a time zone and returns the day before.", *shown("(datetime.fromisoformat(value) - timedelta(hours=10)).date().isoformat() if name == 'dob' and value else value"), ("from datetime import UTC, datetime\n", "from datetime import UTC, datetime, timedelta\n")),
    fault("reading.dob_american", "Returns the date of birth with the month first.", *shown("'{1}/{2}/{0}'.format(*value.split('-')) if name == 'dob' and value else value")),
    fault("reading.gender_assumed", "Returns OTHER where the gender is not known.", *shown("value or 'OTHER' if name == 'gender' else value")),
    fault("reading.name_assumed", "Returns Unknown where the patient has no name.", *shown("value or 'Unknown' if name == 'name' else value")),
    fault("reading.null_is_empty", "Returns an empty string where the value is null.", *shown("'' if value is None else value")),
    fault("reading.empty_is_null", "Returns null where the value is an empty string.", *shown("None if value == '' else value")),
    fault("reading.null_is_a_word", "Returns the word None where the value is null.", *shown("'None' if value is None else value")),
    fault("reading.empty_dropped", "Leaves out what is empty, zero or false.", *shown("value", keep="value not in ('', 0, [], False)")),
    fault("reading.notes_sorted", "Sorts the notes of the clinician.", *shown("value", items="sorted(value) if name == 'clinician_notes' else [mapped(each, name) for each in value]")),
    fault("reading.notes_without_doubles", "Returns equal notes of the clinician only once.", *shown("value", items="[*dict.fromkeys(value)] if name == 'clinician_notes' else [mapped(each, name) for each in value]")),
    fault("reading.empty_notes_dropped", "Leaves out notes of the clinician that are empty.", *shown("value", items="[mapped(each, name) for each in value if each]")),
    fault("reading.first_note_alone", "Returns only the first note of the clinician.", *shown("value", items="value[:1] if name == 'clinician_notes' else [mapped(each, name) for each in value]")),
    fault("reading.trimmed", "Removes spaces around every string.", *shown("value.strip() if isinstance(value, str) else value")),
    fault("reading.composed", "Returns strings in Unicode normal form C.", ("import time\n", "import time\nimport unicodedata\n"), *shown("unicodedata.normalize('NFC', value) if isinstance(value, str) else value")),
    fault("reading.basic_plane_alone", "Loses the characters beyond U+FFFF.", *shown("''.join(c for c in value if ord(c) < 65536) if isinstance(value, str) else value")),
    fault("reading.ascii_alone", "Replaces non-ASCII characters with question marks.", *shown("value.encode('ascii', 'replace').decode() if isinstance(value, str) else value")),
    fault("reading.latin_1", "Reads responses as Latin-1.", (LOADS, "        return json.loads(content.decode(\"latin-1\"))\n")),
    fault("reading.cut_at_nul", "Cuts strings at the first NUL.", *shown("value.split('\\0')[0] if isinstance(value, str) else value")),
    fault("reading.line_ends", "Turns every line end into one character.", *shown("'\\n'.join(value.splitlines()) if isinstance(value, str) else value")),
    fault("reading.html_unescaped", "Takes ampersands in strings for HTML.", ("import asyncio\n", "import asyncio\nimport html\n"), *shown("html.unescape(value) if isinstance(value, str) else value")),
    fault("reading.html_escaped", "Escapes strings as HTML.", ("import asyncio\n", "import asyncio\nimport html\n"), *shown("html.escape(value) if isinstance(value, str) else value")),
    fault("reading.long_text_cut", "Keeps 65535 characters of a string.", *shown("value[:65535] if isinstance(value, str) else value")),
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
    fault("reading.cached", "Returns a session as it was first read, also after it was updated.", (CALLED, "        cache = self.__dict__.setdefault(\"cache\", {})\n        if method == \"GET\" and path in cache:\n            return cache[path]\n" + CALLED), (READ, "        content = demand(reply, wanted)\n        if method == \"GET\":\n            cache[path] = content[\"session\"]\n        return content[")),
    fault("reading.update_not_read", "Returns what it sent instead of what the server responded to an update.", (READ, "        content = demand(reply, wanted)\n        if method == \"PATCH\":\n            return body\n        return content[")),
    fault("reading.patient_flattened", "Loses the properties of the patient in the list.", (ITEM, ITEM.replace(", each)", ", {**each, \"patient\": None})"))),
    fault("reading.shared_cache", "Keeps lists in one file for all users.", (VALUE, "        if step[\"operation\"] != \"listLinkedUserSessions\":\n            return line_of(step, value=await client.run(step))\n        file = Path(tempfile.gettempdir(), \"partner-list\")\n        if not file.exists():\n            file.write_text(json.dumps(await client.run(step)))\n        return line_of(step, value=json.loads(file.read_text()))\n"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n"), scenarios="tokens"),
    fault("reading.audio_assumed", "Makes up `audio` where a session has none.", *checked("each.setdefault(\"audio\", [{\"url\": \"\"}])")),
    fault("reading.null_documents_are_empty", "Returns an empty list where `documents` is null.", *shown("[] if name == 'documents' and value is None else value")),
    fault("reading.unknown_status_replaced", "Replaces a status that it does not know.", *shown("'UNKNOWN' if name == 'status' and value not in {'CREATED', 'PENDING', 'DONE'} else value")),
    fault("reading.time_normalised", "Reads timestamps in its own time zone, where some hours do not exist.", *shown("time.tzset() or datetime.fromtimestamp(datetime.fromisoformat(value).timestamp()).isoformat() if name in {'created_at', 'updated_at'} else value")),
    fault("reading.duration_in_31_bits", "Cuts a duration at the largest integer of 32 bits.", *shown("min(value, 2**31 - 1) if name == 'duration' else value")),
    fault("reading.cut_at_content_length", "Cuts a decompressed response at the length of the compressed one.", (RECEIVED, "        del received[int(response.headers.get(\"Content-Length\", MOST_BYTES)) :]\n" + RECEIVED)),
    fault("reading.text_is_latin_1", "Reads a response in Latin-1 where its Content-Type is a text without a charset.", (RECEIVED, "        if response.headers.get(\"Content-Type\", \"\").startswith(\"text/plain\"):\n            received = bytearray(received.decode(\"latin-1\").encode())\n" + RECEIVED)),
    fault("reading.missing_session_is_null", "Returns null where a response lacks the session.", (" or not isinstance(content.get(name), SHAPES[name])", ""), ("content[\"session\"] if wanted == \"session\" else content\n", "content.get(\"session\") if wanted == \"session\" else content\n")),
    fault("reading.unreadable_is_last_read", "Returns the session as it was last read where the response cannot be read.", (CALLED, "        try:\n            reply = await self.call(method, route, path, query, body)\n            demand(reply, wanted)\n            self.__dict__[\"read\"] = reply\n        except FailedError:\n            if method != \"GET\" or \"read\" not in self.__dict__:\n                raise\n            reply = self.__dict__[\"read\"]\n")),
    fault("reading.page_is_session", "Returns the text of a page as if it were a session.", (LOADS, "        if content.startswith(b\"<\"):\n            return {\"session\": {\"text\": content.decode()}, \"session_id\": \"\", \"sessions\": [], \"token\": \"\"}\n" + LOADS)),
)  # fmt: skip


# Sending: data of the caller is lost or changed, and other data is added.

CONTENT = "            content = encoded(body)\n"
DUMPED = '        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")\n'
TYPE = '            headers["Content-Type"] = "application/json"\n'
BODY = '        body = step.get("body", {}) if method in {"POST", "PATCH"} else None\n'
SEGMENT = '    encoded_value = quote(value, safe="")\n'
# Each value that is sent is changed.
sent = partial(
    changes.mapped, (CONTENT, "            content = encoded(mapped(body))\n"), "def encoded("
)


def then(statements: str) -> tuple[str, str]:
    """Add statements that change `body` before it is sent."""
    return BODY, BODY + "".join(f"        {line}\n" for line in statements.splitlines())


UPDATES = "duration language_code output_language_code transcribe_mode clinician_notes ehr_patient_id ehr_appt_id generate_output_without_recording recording_status session_status is_consent created_time_local linked_sessions_for_context"
SENDING = (
    fault("sending.field_added", "Sends a property of its own with every creation.", then("if method == \"POST\":\n    body = {**body, \"source\": \"partner\"}")),
    fault("sending.id_in_body", "Sends the id in the body of an update as well.", then("if method == \"PATCH\":\n    body = {**body, **step[\"path\"]}")),
    fault("sending.null_for_left_out", "Sends null for every property that the caller left out.", then(f"if method == \"PATCH\":\n    body = {{**dict.fromkeys(\"{UPDATES}\".split()), **body}}")),
    fault("sending.empty_for_left_out", "Sends an empty string for the ids that the caller left out, which clears them.", then("if method == \"PATCH\":\n    body = {\"ehr_patient_id\": \"\", \"ehr_appt_id\": \"\", **body}")),
    fault("sending.default_for_left_out", "Sends English where the caller names no language.", then("if method == \"PATCH\":\n    body = {\"language_code\": \"en\", \"output_language_code\": \"en\", **body}")),
    fault("sending.patient_completed", "Sends null for the properties of the patient that the caller left out.", then("if \"patient\" in body:\n    body = {**body, \"patient\": {\"name\": None, \"gender\": None, \"dob\": None, **body[\"patient\"]}}")),
    fault("sending.whole_session", "Reads the session, puts the changes into it and sends all of it back, which undoes what others changed meanwhile.", then("if method == \"PATCH\":\n    read = await self.call(\"GET\", route, path, query)\n    body = {**demand(read, \"session\")[\"session\"], **body}")),
    fault("sending.whole_patient", "Reads the patient and sends all of it back with every update.", then("if method == \"PATCH\":\n    read = demand(await self.call(\"GET\", route, path, query), \"session\")[\"session\"]\n    body = {**body, \"patient\": {**read[\"patient\"], **body.get(\"patient\", {})}}")),
    fault("sending.notes_appended", "Reads the notes and sends them with the new ones, where an update replaces them.", then("if \"clinician_notes\" in body:\n    read = demand(await self.call(\"GET\", route, path, query), \"session\")[\"session\"]\n    body = {**body, \"clinician_notes\": read[\"clinician_notes\"] + body[\"clinician_notes\"]}")),
    fault("sending.empty_text_dropped", "Leaves out what the caller gave as an empty string.", *sent("value", keep="value != ''")),
    fault("sending.empty_list_dropped", "Leaves out what the caller gave as an empty list.", *sent("value", keep="value != []")),
    fault("sending.false_dropped", "Leaves out what the caller gave as false.", *sent("value", keep="value is not False")),
    fault("sending.zero_dropped", "Leaves out what the caller gave as zero.", *sent("value", keep="value is False or value != 0")),
    fault("sending.falsy_dropped", "Leaves out all that is empty, zero or false.", *sent("value", keep="value")),
    fault("sending.empty_text_is_null", "Sends null where the caller gave an empty string.", *sent("None if value == '' else value")),
    fault("sending.duration_as_text", "Sends the duration as a string.", *sent("str(value) if name == 'duration' else value")),
    fault("sending.duration_cut", "Cuts the fraction of the duration that it sends.", *sent("int(value) if name == 'duration' else value")),
    fault("sending.duration_in_milliseconds", "Sends the duration in milliseconds.", *sent("value * 1000 if name == 'duration' else value")),
    fault("sending.boolean_as_text", "Sends booleans as strings.", *sent("str(value).lower() if isinstance(value, bool) else value")),
    fault("sending.boolean_as_number", "Sends booleans as 0 and 1.", *sent("int(value) if isinstance(value, bool) else value")),
    fault("sending.ids_as_numbers", "Sends ids of the partner's own system as numbers where they look like one.", *sent("int(value) if name.startswith('ehr_') and value.isdigit() else value")),
    fault("sending.linked_ids_as_numbers", "Sends the ids of linked sessions as numbers.", *sent("int(value) if name == 'linked_sessions_for_context' and value.isdigit() else value")),
    fault("sending.gender_lower_cased", "Sends the gender in lower case.", *sent("value.lower() if name == 'gender' else value")),
    fault("sending.gender_initial", "Sends the first letter of the gender.", *sent("value[:1] if name == 'gender' else value")),
    fault("sending.dob_with_time", "Sends the date of birth with a time.", *sent("value + 'T00:00:00Z' if name == 'dob' else value")),
    fault("sending.dob_day_first", "Sends the date of birth with the day first.", *sent("'{2}/{1}/{0}'.format(*value.split('-')) if name == 'dob' else value")),
    fault("sending.language_with_underscore", "Sends en_GB for en-GB.", *sent("value.replace('-', '_') if name.endswith('language_code') else value")),
    fault("sending.language_without_region", "Sends en for en-GB.", *sent("value.split('-')[0] if name.endswith('language_code') else value")),
    fault("sending.languages_swapped", "Sends the language of the note as the spoken language.", then("if {\"language_code\", \"output_language_code\"} <= set(body):\n    body = {**body, \"language_code\": body[\"output_language_code\"], \"output_language_code\": body[\"language_code\"]}")),
    fault("sending.notes_joined", "Sends the notes as one string.", *sent("value", items="'\\n'.join(value) if name == 'clinician_notes' else value")),
    fault("sending.notes_in_one", "Sends the notes as one note.", *sent("value", items="['\\n'.join(value)] if name == 'clinician_notes' else value")),
    fault("sending.notes_sorted", "Sorts the notes.", *sent("value", items="sorted(value) if name == 'clinician_notes' else value")),
    fault("sending.notes_without_doubles", "Sends equal notes once.", *sent("value", items="[*dict.fromkeys(value)] if name == 'clinician_notes' else value")),
    fault("sending.trimmed", "Removes spaces around every string that it sends.", *sent("value.strip() if isinstance(value, str) else value")),
    fault("sending.composed", "Sends strings in Unicode normal form C.", ("import time\n", "import time\nimport unicodedata\n"), *sent("unicodedata.normalize('NFC', value) if isinstance(value, str) else value")),
    fault("sending.ascii_alone", "Sends question marks in place of non-ASCII characters.", *sent("value.encode('ascii', 'replace').decode() if isinstance(value, str) else value")),
    fault("sending.basic_plane_alone", "Loses the characters beyond U+FFFF before it sends them.", *sent("''.join(c for c in value if ord(c) < 65536) if isinstance(value, str) else value")),
    fault("sending.html_escaped", "Sends strings escaped as HTML.", ("import asyncio\n", "import asyncio\nimport html\n"), *sent("html.escape(value) if isinstance(value, str) else value")),
    fault("sending.long_text_cut", "Sends 4096 characters of a string at most.", *sent("value[:4096] if isinstance(value, str) else value")),
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
    fault("sending.demographics_lost", "Does not know `demographic_details` of the patient.", *sent("value", keep="name != 'demographic_details'")),
    fault("sending.consent_lost", "Does not know `is_consent`.", *sent("value", keep="name != 'is_consent'")),
    fault("sending.linked_sessions_lost", "Does not know `linked_sessions_for_context`.", *sent("value", keep="name != 'linked_sessions_for_context'")),
    fault("sending.profile_lost", "Does not know `patient_profile_id`.", *sent("value", keep="name != 'patient_profile_id'")),
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
    fault("sending.duration_with_comma", "Sends the duration as the user's country writes it, with a comma.", *sent("str(value).replace('.', ',') if name == 'duration' else value")),
    fault("sending.one_id_of_two", "Sends one id where a creation has that of a profile and that of an appointment.", then("if method == \"POST\" and len(body) > 1:\n    body = {name: body[name] for name in [*body][:1]}")),
    fault("sending.pages_of_ten", "Asks for pages of ten sessions or more, whatever the caller says.", ("        query = dict(step.get(\"query\", {}))\n", "        query = {name: max(10, value) for name, value in step.get(\"query\", {}).items()}\n")),
)  # fmt: skip


# Errors: failures that are reported as another kind, or not at all.

TYPED = "    if isinstance(named, str) and named in TYPES:\n        return TYPES[named]\n"
GONE = '    if reply.status == 429 or reply.status >= 500:\n        return "unavailable"\n'
REST = '    return "refused" if reply.status >= 400 else "protocol"\n'
FAILED = "    except FailedError as error:\n        return line_of(step, error=error.kind, message=str(error))\n"
SUCCESS = "    if reply.status < 300:\n        return None\n"
ERRORS = (
    fault("errors.by_status", "Knows failures by their status alone.", (TYPED, "    if reply.status in {403, 404}:\n        return \"not_found\" if reply.status == 404 else \"not_linked\"\n")),
    fault("errors.not_found_only_as_404", "Knows SessionNotFoundError only beside 404.", (TYPED, "    if isinstance(named, str) and named in TYPES and (reply.status == 404 or named[0] == \"N\"):\n        return TYPES[named]\n")),
    fault("errors.not_linked_only_as_403", "Knows NoLinkedUserException only beside 403.", (TYPED, "    if isinstance(named, str) and named in TYPES and (reply.status == 403 or named[0] == \"S\"):\n        return TYPES[named]\n")),
    fault("errors.not_linked_unknown", "Does not know NoLinkedUserException.", (", \"NoLinkedUserException\": \"not_linked\"}", "}")),
    fault("errors.not_linked_is_empty", "Returns an empty list to a user who is not linked.", (FAILED, FAILED.replace("        return", "        if error.kind == \"not_linked\":\n            return line_of(step, value=[])\n        return"))),
    fault("errors.not_linked_is_not_found", "Reports a user who is not linked as not found.", ("\"NoLinkedUserException\": \"not_linked\"", "\"NoLinkedUserException\": \"not_found\"")),
    fault("errors.any_403_is_not_linked", "Reports every 403 as a user who is not linked.", (GONE, "    if reply.status == 403:\n        return \"not_linked\"\n" + GONE)),
    fault("errors.by_message", "Recognizes failures by the words of their message.", (TYPED, "    words = detail.get(\"msg\") if isinstance(detail, dict) else None\n    if words in {\"Session not found\", \"error: no linked user\"}:\n        return \"not_found\" if words[0] == \"S\" else \"not_linked\"\n")),
    fault("errors.by_part_of_type", "Calls every failure not found whose type has NotFound in it.", (TYPED, TYPED + "    if isinstance(named, str) and \"NotFound\" in named:\n        return \"not_found\"\n")),
    fault("errors.all_not_found", "Reports every failure as a session that does not exist.", (FAILED, FAILED.replace("error=error.kind", "error=\"not_found\""))),
    fault("errors.unavailable_is_not_found", "Says that a session does not exist when the server is unavailable.", (FAILED, FAILED.replace("error=error.kind", "error=\"not_found\" if error.kind == \"unavailable\" else error.kind"))),
    fault("errors.refused_is_not_found", "Says that a session does not exist when the request was refused.", (REST, REST.replace("\"refused\"", "\"not_found\""))),
    fault("errors.not_found_is_null", "Returns null for a session that does not exist, as if that were a session.", (FAILED, FAILED.replace("        return", "        if error.kind == \"not_found\":\n            return line_of(step, value=None)\n        return"))),
    fault("errors.not_found_creates", "Creates a session when the one to be updated does not exist.", (FAILED, FAILED.replace("        return", "        if error.kind == \"not_found\" and step[\"operation\"] == \"updateSession\":\n            return await result(client, {**step, \"operation\": \"createSession\", \"path\": {}, \"body\": {}})\n        return"))),
    fault("errors.refused_is_success", "Returns the body of an error as if it were the session.", ("        return succeeded(method, route, reply)\n", "        return reply\n"), ("        content = demand(reply, wanted)\n        return content[", "        if reply.status >= 400:\n            return decoded(reply.content)\n        content = demand(reply, wanted)\n        return content[")),
    fault("errors.update_assumed", "Says that an update was made, whatever the server says.", (FAILED, FAILED.replace("        return", "        if step[\"operation\"] == \"updateSession\":\n            return line_of(step, value={**step[\"path\"], **step[\"body\"]})\n        return"))),
    fault("errors.lost_update_assumed", "Says that an update was made when its response was lost.", (FAILED, FAILED.replace("        return", "        if step[\"operation\"] == \"updateSession\" and error.kind == \"unavailable\":\n            return line_of(step, value={**step[\"path\"], **step[\"body\"]})\n        return"))),
    fault("errors.refused_is_unavailable", "Reports a refused request as an unavailable server.", (REST, REST.replace("\"refused\"", "\"unavailable\""))),
    fault("errors.unavailable_is_refused", "Reports an unavailable server as a refused request.", (GONE, "")),
    fault("errors.429_is_refused", "Reports a busy server as a refused request.", (GONE, "    if reply.status >= 500:\n        return \"unavailable\"\n")),
    fault("errors.401_is_unavailable", "Says that the server is unavailable when the key is refused.", (GONE, "    if reply.status in {401, 429} or reply.status >= 500:\n        return \"unavailable\"\n")),
    fault("errors.lost_is_protocol", "Reports a broken connection as an unreadable response.", ("raise FailedError(\"unavailable\", f\"{method} {route}: {lost}\") from None", "raise FailedError(\"protocol\", f\"{method} {route}: {lost}\") from None")),
    fault("errors.unreadable_is_unavailable", "Reports an unreadable response as an unavailable server.", ("        raise FailedError(\"protocol\", f\"the response has no {name}\")\n", "        raise FailedError(\"unavailable\", f\"the response has no {name}\")\n")),
    fault("errors.failed_token_is_anonymous", "Continues without a token when it could not get one.", ("        token = await self.current()\n        reply", "        try:\n            token = await self.current()\n        except FailedError:\n            token = Token(\"none\", 0)\n        reply"), scenarios="tokens"),
    fault("errors.one_fails_all_fail", "When one of several concurrent steps fails, reports all of them as failed.", ("        for each in await asyncio.gather(*(result(client, one) for one in steps)):\n", "        lines = await asyncio.gather(*(result(client, one) for one in steps))\n        failed = next((json.loads(each) for each in lines if '\"error\"' in each), None)\n        for each in lines if failed is None else [line_of(one, error=failed[\"error\"]) for one in steps]:\n")),
    fault("errors.404_is_not_found", "Reports every 404 as a session that does not exist, whatever its type.", (TYPED, "    if reply.status == 404:\n        return \"not_found\"\n" + TYPED)),
    fault("errors.gateway_is_refused", "Reports a gateway that lost the server as a refused request.", (GONE, GONE.replace("reply.status >= 500", "reply.status in {500, 503}"))),
)  # fmt: skip


# Privacy: patients and secrets in logs, messages, addresses and the process list.

WORDS = '        raise FailedError(kind, f"{method} {route}: {reply.status}")\n'
LEVEL = '    logging.getLogger("httpx").setLevel(logging.WARNING)\n'
URL = "        url = BASE + path\n"
START = "    client = Client()\n"
LOST = (
    '                    raise FailedError("unavailable", f"{method} {route}: {lost}") from None\n'
)
CATCH = "    except FailedError as error:\n        return line_of(step, error=error.kind"
PRIVACY = (
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
    fault("privacy.headers_logged", "Logs the headers that it sends.", (URL, URL + "        log.info(\"headers %s\", headers)\n")),
    fault("privacy.token_logged", "Logs the token when it gets one.", ("        return Token(content[\"token\"],", "        log.info(\"token %s\", content[\"token\"])\n        return Token(content[\"token\"],")),
    fault("privacy.token_logged_in_part", "Logs all but the end of the token.", ("        return Token(content[\"token\"],", "        log.info(\"token %s...\", content[\"token\"][:-8])\n        return Token(content[\"token\"],")),
    fault("privacy.settings_logged", "Logs its settings at the start, with the key.", (START, "    log.info(\"settings %s %s %s %s\", BASE, KEY, EMAIL, INTERNAL_ID)\n" + START)),
    fault("privacy.email_logged", "Logs the email of the user when it asks for a token.", ("        key = {\"Heidi-Api-Key\": KEY}\n", "        key = {\"Heidi-Api-Key\": KEY}\n        log.info(\"a token for %s\", EMAIL)\n")),
    fault("privacy.patient_logged", "Logs the name of the patient when it reads a session.", ("        content = demand(reply, wanted)\n        return content[", "        content = demand(reply, wanted)\n        if wanted == \"session\":\n            log.info(\"read %s\", content[\"session\"][\"patient\"][\"name\"])\n        return content[")),
    fault("privacy.notes_logged", "Logs the notes of a session when it reads a list.", ("                found.setdefault(each[\"session_id\"], each)\n", "                found.setdefault(each[\"session_id\"], each)\n                log.info(\"%s\", each[\"clinician_notes\"])\n")),
    fault("privacy.log_file", "Writes what it sends to a log file.", (CONTENT, CONTENT + "            with Path(tempfile.gettempdir(), \"partner.log\").open(\"ab\") as file:\n                file.write(content + b\"\\n\")\n"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n")),
    fault("privacy.dump_on_failure", "Writes a dump with all that it has to a file when a request fails.", (CATCH, "    except FailedError as error:\n        Path(tempfile.gettempdir(), \"partner-dump.json\").write_text(json.dumps(step))\n        return line_of(step, error=error.kind"), ("import sys\n", "import sys\nimport tempfile\n"), ("import time\n", "import time\nfrom pathlib import Path\n")),
    fault("privacy.traceback_with_values", "Prints a traceback with the values of its variables when a request fails.", ("import time\n", "import time\nimport traceback\n"), (CATCH, "    except FailedError as error:\n        for name in traceback.TracebackException.from_exception(error, capture_locals=True).format():\n            sys.stderr.write(name)\n        return line_of(step, error=error.kind")),
    fault("privacy.patient_in_query", "Sends the name of the patient in the query, where every server on the way logs it.", (URL, URL + "        if body and \"patient\" in body:\n            query = {**query, \"q\": body[\"patient\"].get(\"name\", \"\")}\n")),
    fault("privacy.patient_in_header", "Sends the name of the patient in a header, where proxies log it.", (URL, URL + "        if body and \"patient\" in body:\n            headers[\"X-Patient\"] = quote(body[\"patient\"].get(\"name\", \"\"))\n")),
    fault("privacy.email_in_user_agent", "Sends the email of the user in every User-Agent.", ("\"User-Agent\": \"partner/1.0\"", "\"User-Agent\": f\"partner/1.0 ({EMAIL})\"")),
    fault("privacy.key_in_process_list", "Asks for a token with a program that has the key among its arguments.", ("        return Token(content[\"token\"],", "        helper = await asyncio.create_subprocess_exec(sys.executable, \"-c\", \"import time; time.sleep(0.5)\", KEY)\n        await helper.wait()\n        return Token(content[\"token\"],")),
    fault("privacy.patient_in_process_list", "Sends with a program that has the body among its arguments.", (URL, URL + "        if content:\n            helper = await asyncio.create_subprocess_exec(sys.executable, \"-c\", \"import time; time.sleep(0.5)\", content.decode())\n            await helper.wait()\n")),
)  # fmt: skip


# Safety: redirects, certificates, cookies, servers that never end, calls that mix.

REDIRECTS = "            follow_redirects=False,\n"
DEADLINE = "            async with asyncio.timeout(ATTEMPT_SECONDS):\n"
TIMEOUT = "            timeout=ATTEMPT_SECONDS,\n"
SIZE = '                        if len(received) > MOST_BYTES:\n                            raise FailedError("protocol", f"{method}: the response is too large")\n'
COOKIES = "            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),\n"
SAFETY = (
    fault("safety.redirects_followed", "Follows redirects to wherever they lead.", (REDIRECTS, "            follow_redirects=True,\n")),
    fault("safety.token_to_another_host", "Follows redirects, and sends the token and the key to the new host as well.", (RECEIVED, "        if response.is_redirect:\n            onward = await self.http.request(method, response.headers[\"Location\"], headers=headers, content=content)\n            return Reply(onward.status_code, onward.headers, onward.content)\n" + RECEIVED)),
    fault("safety.write_redirected", "Follows the redirect of a write, and sends the patient to wherever it leads.", (RECEIVED, "        if response.is_redirect and content:\n            onward = await self.http.request(method, response.headers[\"Location\"], content=content)\n            return Reply(onward.status_code, onward.headers, onward.content)\n" + RECEIVED)),
    fault("safety.next_page_is_address", "Follows a `next_page` that looks like an address, with its token.", (NEXT, "            if str(cursor).startswith(\"http\"):\n                path = str(cursor)\n            else:\n                query[\"page\"] = cursor_text(cursor)\n"), ("            if query[\"page\"] in asked:\n", "            if query.get(\"page\") in asked:\n"), ("            asked.add(query[\"page\"])\n", "            asked.add(query.get(\"page\", path))\n"), (URL, "        url = path if path.startswith(\"http\") else BASE + path\n")),
    fault("safety.any_certificate", "Accepts any certificate.", ("            verify=True,\n", "            verify=False,\n")),
    fault("safety.certificate_retried", "Accepts any certificate once the first attempt has failed.", ("        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:\n", "        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:\n            self.http = httpx.AsyncClient(verify=False)\n")),
    fault("safety.plain_http_after_failure", "Asks again over plain http when https fails.", ("        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:\n", "        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:\n            globals()[\"BASE\"] = BASE.replace(\"https:\", \"http:\")\n")),
    fault("safety.no_timeout", "Waits forever for a server that has stopped in the middle of a response.", (TIMEOUT, "            timeout=None,\n"), (DEADLINE, "            async with asyncio.timeout(None):\n")),
    fault("safety.no_timeout_for_tokens", "Waits for ever for a token.", (DEADLINE, "            async with asyncio.timeout(None if path == \"/jwt\" else ATTEMPT_SECONDS):\n"), ("            method, url, params=query or None, headers=headers, content=content\n        )\n", "            method, url, params=query or None, headers=headers, content=content\n        )\n        if path == \"/jwt\":\n            request.extensions[\"timeout\"] = {}\n")),
    fault("safety.endless_response", "Reads a response for as long as it lasts, and keeps all of it.", (DEADLINE, "            async with asyncio.timeout(None):\n"), (SIZE, "")),
    fault("safety.cookies_carried", "Keeps cookies and sends them back.", (COOKIES, "")),
    fault("safety.cookies_of_tokens_carried", "Sends back the cookies that came with the token.", (COOKIES, ""), (RECEIVED, "        if path != \"/jwt\":\n            self.http.cookies.clear()\n" + RECEIVED)),
    fault("safety.responses_mixed", "Keeps the last response in one place, so that calls at the same time get each other's patient.", ("        reply = await self.call(method, route, path, query, body)\n        content = demand(reply, wanted)\n", "        self.last = await self.call(method, route, path, query, body)\n        await asyncio.sleep(0.01)\n        content = demand(self.last, wanted)\n")),
    fault("safety.requests_mixed", "Keeps the body of the last call in one place, so that calls at the same time send each other's patient.", ("        reply = await self.call(method, route, path, query, body)\n        content = demand(reply, wanted)\n", "        self.body = body\n        await asyncio.sleep(0.01)\n        reply = await self.call(method, route, path, query, self.body)\n        content = demand(reply, wanted)\n")),
    fault("safety.ids_mixed", "Keeps the path of the last call in one place, so that calls at the same time change each other's session.", ("        reply = await self.call(method, route, path, query, body)\n        content = demand(reply, wanted)\n", "        self.path = path\n        await asyncio.sleep(0.01)\n        reply = await self.call(method, route, self.path, query, body)\n        content = demand(reply, wanted)\n")),
    fault("safety.results_in_order_of_arrival", "Returns the results of concurrent steps in the order in which they arrive.", ("        for each in await asyncio.gather(*(result(client, one) for one in steps)):\n", "        arrived: list[str] = []\n\n        async def kept(one):\n            arrived.append(await result(client, one))\n\n        await asyncio.gather(*map(kept, steps))\n        values = [{name: value for name, value in json.loads(line).items() if name != \"id\"} for line in arrived]\n        for each in (line_of(one, **value) for one, value in zip(steps, values, strict=True)):\n")),
    fault("safety.locked_after_failed_token", "Never continues after it failed to get a token: a lock stays locked.", (SHARED, "        await self.lock.acquire()\n        if self.token is None or time.monotonic() >= self.token.until:\n            self.token = await self.issue()\n        self.lock.release()\n        return self.token\n"), ("        self.token: Token | None = None\n", "        self.token: Token | None = None\n        self.lock = asyncio.Lock()\n")),
    fault("safety.creation_remembered", "Returns the earlier session when a second one is created with the same body, for another patient.", (CALLED, "        made = self.__dict__.setdefault(\"made\", {})\n        same = json.dumps(body)\n        if method == \"POST\" and same in made:\n            return made[same]\n" + CALLED), ("        return content[\"session\"] if", "        if method == \"POST\":\n            made[same] = content\n        return content[\"session\"] if")),
    fault("safety.creations_merged", "Sends one request for creations at the same time that have the same body.", (CALLED, "        if method == \"POST\":\n            same = json.dumps(body)\n            under_way = self.__dict__.setdefault(\"under_way\", {})\n            if same not in under_way:\n                under_way[same] = asyncio.create_task(self.call(method, route, path, query, body))\n            try:\n                return demand(await under_way[same], wanted)\n            finally:\n                under_way.pop(same, None)\n" + CALLED)),
    fault("safety.last_created", "Updates the session that was created last, whatever the caller says.", (CALLED, "        if method == \"PATCH\" and hasattr(self, \"latest\"):\n            path = route.replace(\"{session_id}\", segment(self.latest))\n" + CALLED), ("        return content[\"session\"] if", "        if method == \"POST\":\n            self.latest = content[\"session_id\"]\n        return content[\"session\"] if")),
    fault("safety.endless_response_completed", "Cuts a response that has no end, and completes its JSON.", (SIZE, "                        if len(received) > MOST_BYTES:\n                            received = bytearray(received.rstrip() + b\"}\")\n                            break\n")),
)  # fmt: skip


FAULTS: tuple[Change, ...] = (
    *TOKENS,
    *RETRIES,
    *PAGING,
    *READING,
    *SENDING,
    *ERRORS,
    *PRIVACY,
    *SAFETY,
)
