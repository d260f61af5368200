"""Responses to the witnesses of the catalogue, in a form that is the same for all correct servers.

What the contract leaves open is replaced: ids, timestamps, messages, the order of the list, what
a page holds of it, and the types of errors that it does not name.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .caller import Server
from .faults.catalogue import Planted, kept
from .reference import Request, Response

TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
NAMED_TYPES = {"AuthenticationError", "SessionNotFoundError", "NoLinkedUserException"}
# Witnesses that meet a choice: depth, properties sent twice, numbers that no double holds, half a
# surrogate pair, a page of another user, what a walk is told while sessions come, which session is
# the last, 404 or 422 where both are earned.
CHOICES = {
    "fidelity.doubles_beyond",
    "fidelity.sixty_four_bits",
    "ids.traversal",
    "paging.appointments_first",
    "paging.crash_on_foreign_page",
    "paging.cursors_name_the_user",
    "paging.new_session_ends_the_walk",
    "paging.newest_first_by_offset",
    "paging.starts_again",
    "paging.totals_travel",
    "robustness.crash_deep_and_broken",
    "robustness.crash_deep_arrays",
    "robustness.crash_deep_objects",
    "robustness.crash_duplicate_members",
    "robustness.crash_huge_exponents",
    "robustness.crash_lone_surrogates",
    "robustness.crash_lone_surrogates_in_notes",
    "robustness.crash_long_integers",
    "robustness.crash_long_unknown_integers",
    "robustness.crash_surrogates_in_names",
    "robustness.crash_tiny_exponents",
    "robustness.crash_year_zero",
    "tenants.checks_only_what_exists",
    "tenants.reads_all_at_slash",
    "views.stale_second_page",
}


@dataclass
class Tape:
    """The responses of a server, in order; ids are named by the order in which they came."""

    server: Server
    told: list[Any] = field(default_factory=list[Any])
    names: dict[str, str] = field(default_factory=dict[str, str])

    def exchange(self, request: Request) -> Response:
        reply = self.server.exchange(request)
        # A server in this process also writes a body for HEAD, which is never sent.
        bare = replace(reply, body=b"") if request.method == "HEAD" else reply
        self.told.append((f"{request.method} {request.path.rpartition('/')[0]}", self.tell(bare)))
        if request.path == "/jwt":
            # The contract names no challenge for a key.
            self.told[-1][1].pop("www-authenticate")
        return reply

    def tell(self, reply: Response) -> dict[str, Any]:
        headers = {
            "www-authenticate": reply.headers.get("www-authenticate", "").partition(" ")[0],
            "allow": sorted(
                set(reply.headers.get("allow", "").replace(" ", "").split(","))
                - {"HEAD", "OPTIONS", ""}
            ),
            "content-type": reply.headers.get("content-type", "").partition(";")[0].lower(),
        }
        content = reply.content if reply.body else None
        return {"status": reply.status, **headers, "content": self.same("", content)}

    def same(self, name: str, value: Any) -> Any:  # noqa: PLR0911, PLR0912  # a table of cases
        """Return a value without the parts that each server may choose."""
        match name, value:
            case "msg", str():
                return "a message"
            case "type", str():
                return value if value in NAMED_TYPES else "a type"
            case "created_at" | "updated_at", str():
                return "a time" if TIME.fullmatch(value) else value
            case "session_name", str():
                return re.sub("[0-9]+", "n", value)
            case "ehr_provider", str():
                return "a provider"
            case "token" | "expiration_time", str():
                return "a token"
            case "next_page", str() | int():
                return "another page"
            case "session_id" | "", str():
                return self.names.setdefault(value, f"id {len(self.names)}")
            case "linked_sessions_for_context", list():
                return [self.names.get(item, item) for item in value]
            case "sessions", list():
                # In an order that does not depend on that of the list.
                return sorted(json.dumps(self.same("told", item), sort_keys=True) for item in value)
            case _, dict():
                fields = dict(cast("dict[str, Any]", value))
                if len(fields.get("sessions", [])) < fields.get("total_count", 0):
                    # Which sessions a page holds is a choice.
                    fields.pop("sessions")
                return {key: self.same(key, inner) for key, inner in fields.items()}
            case _, bool():
                return str(value)
            case _, str():
                return self.names.get(value, value)
            case _:
                return value


def heard(planted: Planted, server: Server) -> tuple[bool, list[Any]]:
    """Ask the witness of a fault; return what it says of a server, and its responses."""
    tape = Tape(server)
    says = kept(planted.witness, replace(server, exchange=tape.exchange).caller())
    # Requests that overlap come in any order.
    return says, [] if planted.slow else tape.told
