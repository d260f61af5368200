"""Paging: lost or duplicate sessions, interpreted cursors, walks that never end."""

from tests.conformance.clients.changes import fault

END = '            if cursor is None or page.get("has_next_page") is False:\n                return [*found.values()]\n'
SENT = "    return str(cursor)\n"
REPEATED = '            if query["page"] in asked:\n                raise FailedError("protocol", f"GET {path}: the same page again")\n'
ITEMS = '            for each in page["sessions"]:\n                found.setdefault(each["session_id"], each)\n'
NEXT = '            query["page"] = cursor_text(cursor)\n'
CHECK = '    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)):\n        raise FailedError("protocol", "next_page is neither a string nor an integer")\n'

FAULTS = (
    fault("paging.first_page_alone", "Returns the first page as if it were all.", (END, "            return [*found.values()]\n")),
    fault("paging.last_page_alone", "Returns the last page alone.", (ITEMS, "            found = {each[\"session_id\"]: each for each in page[\"sessions\"]}\n")),
    fault("paging.last_page_lost", "Looks at `has_next_page` before it keeps the page, and loses the last one.", (ITEMS, "            if page.get(\"has_next_page\") is False and found:\n                return [*found.values()]\n" + ITEMS)),
    fault("paging.counted_pages", "Asks for page 2, 3 and 4 instead of sending `next_page` back.", ("        for _ in range(MOST_PAGES):\n", "        for number in range(2, MOST_PAGES):\n"), (NEXT, "            query[\"page\"] = str(number)\n")),
    fault("paging.offset", "Asks for the number of sessions that it has as the next page.", (NEXT, "            query[\"page\"] = str(len(found))\n")),
    fault("paging.last_id", "Sends the id of the last session instead of `next_page`.", (NEXT, "            query[\"page\"] = page[\"sessions\"][-1][\"session_id\"]\n")),
    fault("paging.wrong_parameter", "Sends the cursor as `next_page`, which no server knows.", ("            reply = await self.call(\"GET\", path, path, query)\n", "            sent = {\"next_page\" if name == \"page\" else name: value for name, value in query.items()}\n            reply = await self.call(\"GET\", path, path, sent)\n")),
    fault("paging.cursor_is_number", "Takes only a cursor that is a number.", (SENT, "    return str(int(cursor))\n")),
    fault("paging.cursor_is_text", "Takes only a cursor that is a string.", ("not isinstance(cursor, (str, int))", "not isinstance(cursor, str)")),
    fault("paging.cursor_as_double", "Turns an integer cursor into a double, which rounds it beyond 2^53.", (SENT, "    return cursor if isinstance(cursor, str) else f\"{float(cursor):.0f}\"\n")),
    fault("paging.numeric_cursor_as_double", "Turns a string cursor that looks like a number into a double.", (SENT, "    return f\"{float(cursor):.0f}\" if re.fullmatch(\"[0-9]+\", str(cursor)) else str(cursor)\n")),
    fault("paging.cursor_normalised", "Removes leading zeros of a string cursor that looks like a number.", (SENT, "    return str(int(cursor)) if re.fullmatch(\"[0-9]+\", str(cursor)) else str(cursor)\n")),
    fault("paging.zero_ends", "Treats the cursor 0 as the end.", (END, END.replace("cursor is None", "not cursor"))),
    fault("paging.cursor_not_encoded", "Writes the cursor into the query as it is, so that plus, ampersand and percent signs change it.", ("        url = BASE + path\n", "        url = BASE + path\n        if \"page\" in query:\n            url += f\"?page={query['page']}\"\n            query = {name: value for name, value in query.items() if name != \"page\"}\n            url += \"\".join(f\"&{name}={value}\" for name, value in query.items())\n            query = {}\n")),
    fault("paging.cursor_encoded_twice", "Encodes the cursor twice.", (SENT, "    return quote(str(cursor), safe=\"\")\n")),
    fault("paging.cursor_decoded", "Decodes percent signs in the cursor before it sends it.", (SENT, "    return unquote(str(cursor))\n"), ("import quote, urlsplit", "import quote, unquote, urlsplit")),
    fault("paging.cursor_padding_lost", "Removes the equals signs at the end of a cursor.", (SENT, "    return str(cursor).rstrip(\"=\")\n")),
    fault("paging.cursor_trimmed", "Removes spaces around a cursor.", (SENT, "    return str(cursor).strip()\n")),
    fault("paging.cursor_lower_cased", "Sends the cursor in lower case.", (SENT, "    return str(cursor).lower()\n")),
    fault("paging.cursor_cut", "Keeps 255 characters of a cursor.", (SENT, "    return str(cursor)[:255]\n")),
    fault("paging.cursor_quoted", "Sends a string cursor as JSON, with its quotes.", (SENT, "    return json.dumps(cursor)\n")),
    fault("paging.cursor_ascii", "Sends a cursor without its non-ASCII characters.", (SENT, "    return str(cursor).encode(\"ascii\", \"ignore\").decode()\n")),
    fault("paging.contradiction_loops", "Goes on while `has_next_page` is true, and asks for page null for ever.", (END, "            if page.get(\"has_next_page\") is not True:\n                return [*found.values()]\n"), (REPEATED, ""), (CHECK, ""), (SENT, "    return \"null\" if cursor is None else str(cursor)\n")),
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
    fault("paging.cursor_in_64_bits", "Keeps 64 bits of an integer cursor.", (SENT, "    return str((cursor + 2**63) % 2**64 - 2**63) if isinstance(cursor, int) else str(cursor)\n")),
    fault("paging.empty_list_is_not_found", "Reports an empty list as not found.", (END, "            if not found and cursor is None:\n                raise FailedError(\"not_found\", \"no session\")\n" + END)),
    fault("paging.grown_list_starts_again", "Starts again when the number of all sessions changes, and keeps what it has.", (ITEMS, ITEMS + "            if total is not None and page[\"total_count\"] != total:\n                twice += found.values()\n                query.pop(\"page\", None)\n                asked.clear()\n                total = page[\"total_count\"]\n                continue\n            total = page[\"total_count\"]\n"), ("        asked: set[str] = set()\n", "        asked: set[str] = set()\n        twice: list[Json] = []\n        total = None\n"), (END, END.replace("[*found.values()]", "[*found.values(), *twice]"))),
)  # fmt: skip
