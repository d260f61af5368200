"""The rules as checks of Schemathesis, for a plain `schemathesis run`.

`python -m heidi_conformance.schemathesis` writes the settings and the document into a folder. The
settings load this module, send the token in `HEIDI_TOKEN` with every request, and leave out the
checks of Schemathesis itself, which do not know the earlier requests of a server. `HEIDI_LEVEL`
is the level.
"""

import json
import os
import sys
import threading
from importlib import resources
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import urlsplit

import schemathesis
from schemathesis import Case, CheckContext, Response

from ._verdict import Level
from ._wire import Message, Reply
from .contract import _document
from .contract._operations import MAIN, OPERATIONS, route
from .evidence._history import Exchange, Request
from .oracle import Violation
from .reports import sentence
from .rules import TABLE, Rule
from .run._probe import Setting


def chosen(text: str) -> Level:
    """Return a level by its name; end with 2 for any other text."""
    if text not in get_args(Level):
        known = " or ".join(get_args(Level))
        sys.stderr.write(f"heidi-conformance: HEIDI_LEVEL is {text[:40]!r}; it must be {known}\n")
        raise SystemExit(2)
    return cast("Level", text)


LEVEL = chosen(os.environ.get("HEIDI_LEVEL", "documented"))
SETTINGS, DOCUMENT = "schemathesis.toml", "heidi.json"
# As the oracle spells the headers that it looks at.
CANONICAL = {"authorization": "Authorization", "content-type": "Content-Type"}


class Follower:
    """Shows every exchange to an oracle, once, in the order in which they happen."""

    def __init__(self) -> None:
        token = os.environ.get("HEIDI_TOKEN", "")
        self.oracle = Setting(LEVEL, {"first": token}).oracle()
        self.lock = threading.Lock()
        self.last: Response | None = None
        self.violations: list[Violation] = []

    def follow(self, case: Case[Any], response: Response) -> list[Violation]:
        """Return the violations of a response, for the checks of all rules."""
        with self.lock:
            if self.last is not response:
                self.last = response
                self.violations = self.judged(case, response)
            return self.violations

    def judged(self, case: Case[Any], response: Response) -> list[Violation]:
        schema: Any = case.operation.schema
        base = urlsplit(str(schema.get_base_url())).path
        message = as_message(response.request, base.rstrip("/"))
        reply = as_reply(response)
        operation = route(message.target).methods.get(message.method)
        # Earlier resources are unknown to the judge; those that a list shows may be read.
        for resource_id in OPERATIONS[operation.id].ids_on(reply.content) if operation else ():
            if (MAIN.name, resource_id) not in self.oracle.resources:
                self.oracle.adopt(resource_id, "first")
        return self.oracle.judge(Exchange(Request(message.method, message.target), message, reply))


def as_message(request: Any, base: str) -> Message:
    parts = urlsplit(str(request.url))
    target = parts.path.removeprefix(base) + (f"?{parts.query}" if parts.query else "")
    body: Any = request.body or b""
    headers = (
        (CANONICAL.get(name.lower(), name), text_of(text))
        for name, text in cast("dict[str, Any]", request.headers).items()
    )
    raw = body.encode() if isinstance(body, str) else body
    return Message(request.method, target, tuple(headers), raw)


def as_reply(response: Response) -> Reply:
    headers = ((name.lower(), text) for name, texts in response.headers.items() for text in texts)
    return Reply(response.status_code, tuple(headers), response.content)


def text_of(text: Any) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else str(text)


FOLLOWER = Follower()


def check_of(rule: Rule) -> type[Any]:
    """Return the check of a rule, which Schemathesis knows by the name of the class."""

    class Check:
        def after_response(
            self, _: CheckContext, response: Response, case: Case[Any]
        ) -> bool | None:
            told = FOLLOWER.follow(case, response)
            mine = [sentence(violation) for violation in told if violation.rule == rule.id]
            if mine:
                lines = (f"{item.title}\nexpected {item.expected}\ngot {item.got}" for item in mine)
                raise AssertionError("\n".join((*lines, rule.words)))
            return None

    Check.__name__ = f"heidi_{rule.id.replace('-', '_')}"
    return Check


for _rule in TABLE:
    if LEVEL in ("strict", _rule.level):
        schemathesis.check(cast("Any", check_of(_rule)))


def main() -> int:
    """Write settings and document into the working directory; return the exit code."""
    document = _document.open_to(_document.load(LEVEL), MAIN.owner)
    settings = resources.files("heidi_conformance") / SETTINGS
    files = {SETTINGS: settings.read_text("utf-8"), DOCUMENT: json.dumps(document, indent=2)}
    for name, text in files.items():
        try:
            with Path(name).open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            sys.stderr.write(f"{name} cannot be written ({error.strerror})\n")
            return 2
    sys.stdout.write(f'schemathesis run {DOCUMENT} --url "$HEIDI_BASE_URL"\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
