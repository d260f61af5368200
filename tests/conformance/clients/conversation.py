"""One conversation with a driver: what every correct client does with a server that works."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scripts.library.serving import Served

PATIENCE = 60.0
"""Seconds that a driver may take for a conversation."""
LISTED = 5
CREATE = {"ehr_appointment_id": "EHR1234"}
UPDATE: dict[str, Any] = {
    "duration": 60.25,
    "patient": {"name": "Zoë 李 \U0001f600", "gender": "OTHER", "dob": "1990-01-31"},
    "clinician_notes": ["Note 2", "Note 1\nwith a tab\t", ""],
    "ehr_patient_id": "",
    "is_consent": False,
}
SHOWN = ("duration", "patient", "clinician_notes", "ehr_patient_id")


class Talk:
    """A driver that runs: give it steps one by one."""

    def __init__(
        self,
        command: Sequence[str],
        sandbox: Served,
        *,
        email: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the driver as a new user, unless an email says otherwise."""
        user = uuid.uuid4().hex
        settings = {
            "HEIDI_BASE_URL": sandbox.url,
            "HEIDI_API_KEY": sandbox.key,
            "HEIDI_EMAIL": email or f"{user}+tag@example.com",
            "HEIDI_THIRD_PARTY_INTERNAL_ID": user,
        }
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {}), **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._last = 0

    def step(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Number a step."""
        self._last += 1
        return {"id": self._last, "operation": operation, **arguments}

    def send(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._process.stdin.flush()

    def results(self, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Read the results of steps, in the order of the steps."""
        assert self._process.stdout is not None
        found: dict[int, dict[str, Any]] = {}
        while len(found) < len(steps):
            line = self._process.stdout.readline()
            assert line, "the driver ended early"
            result = json.loads(line)
            if "id" in result:
                found[result["id"]] = result
        return [found[step["id"]] for step in steps]

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Do one step."""
        step = self.step(operation, **arguments)
        self.send(step)
        (result,) = self.results([step])
        return result

    def together(self, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Do steps at the same time."""
        self._last += 1
        self.send({"id": self._last, "together": [*steps]})
        return self.results(steps)

    def end(self) -> int:
        """Close its standard input, and return its exit code once it has ended."""
        self._process.communicate(timeout=PATIENCE)
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def session(result: Mapping[str, Any]) -> Any:
    """Return the resource of a result, without its envelope."""
    value = result["value"]
    return value.get("session", value)


def converse(talk: Talk) -> Iterator[tuple[str, object, object]]:
    """Yield the subject, the expected and the actual result of each step."""
    created = talk.ask("createSession", body=CREATE)["value"]["session_id"]
    at = {"session_id": created}
    read = session(talk.ask("getSession", path=at))
    yield "get", (created, "EHR1234"), (read["session_id"], read["ehr_appt_id"])

    updated = session(talk.ask("updateSession", path=at, body=UPDATE))
    yield "update", {name: UPDATE[name] for name in SHOWN}, {name: updated[name] for name in SHOWN}
    read = session(talk.ask("getSession", path=at))
    yield "get after update", updated["patient"], read["patient"]

    creations = [talk.step("createSession", body={}) for _ in range(LISTED - 2)]
    ids = {result["value"]["session_id"] for result in talk.together(creations)}
    ids |= {created, talk.ask("createSession")["value"]["session_id"]}
    yield "create together", LISTED, len(ids)

    listed = talk.ask("listLinkedUserSessions", query={"page_size": 2})["value"]
    yield "list", sorted(ids), sorted(each["session_id"] for each in listed)

    reads = [talk.step("getSession", path={"session_id": each}) for each in sorted(ids)]
    found = [session(result)["session_id"] for result in talk.together(reads)]
    yield "get together", sorted(ids), found

    for unknown in ("1", "é/ ?#%2F"):
        missing = talk.ask("getSession", path={"session_id": unknown})
        yield f"get {unknown}", "not_found", missing["error"]
    missing = talk.ask("updateSession", path={"session_id": "1"}, body={"duration": 1})
    yield "update what does not exist", "not_found", missing["error"]
    refused = talk.ask("updateSession", path=at, body={"duration": -1})
    yield "refused", "refused", refused["error"]
    yield "unknown operation", "unsupported", talk.ask("closeSession")["error"]
    yield "end", 0, talk.end()


def holds(talk: Talk) -> None:
    """Assert that a driver does all of it."""
    try:
        results = list(converse(talk))
    finally:
        talk.kill()
    assert [(about, expected) for about, expected, _ in results] == [
        (about, found) for about, _, found in results
    ]
