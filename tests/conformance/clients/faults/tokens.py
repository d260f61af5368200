"""Tokens: asked for too often, kept too long, sent to the wrong place."""

from tests.conformance.clients.changes import fault

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

FAULTS = (
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
