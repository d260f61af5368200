"""Shows the oracle what somebody else sends."""

import re
from typing import Any
from urllib.parse import urlsplit

from schemathesis.engine.recorder import Interaction

from heidi_conformance._findings import Cases
from heidi_conformance._history import Bindings, Exchange, Request, create
from heidi_conformance._probe import Limits, Setting
from heidi_conformance._wire import Message, Reply, Silence
from heidi_conformance.contract._operations import route
from heidi_conformance.oracle import understand


class Watcher:
    """Follow the exchanges of Schemathesis and write them down so that they can be sent again.

    told: places in the history of answers that the oracle complained of.
    """

    def __init__(self, setting: Setting, cases: Cases, limits: Limits, base: str) -> None:
        self.setting = setting
        self.cases = cases
        self.limits = limits
        self.base = urlsplit(base).path
        self.oracle = setting.oracle()
        self.bindings = Bindings(setting.tokens)
        self.history: list[Request] = []
        self.told: set[int] = set()

    def adopt(self, resource_id: str) -> None:
        """Take note of a session that was created before."""
        self.oracle.adopt(resource_id, "first")
        self.history.append(create("s0", {}))
        self.bindings.values["s0"] = resource_id

    def watch(self, interaction: Interaction) -> int:
        """Take one exchange; return its place in the history."""
        message = self.message(interaction.request)
        request = self.request(message)
        answer = reply(interaction.response)
        self.limits.requests += 1
        self.limits.heard(
            request,
            answer,
            understand(message).operation if understand(message).method_known else "",
        )
        self.history.append(request)
        at = len(self.history) - 1
        for complaint in self.oracle.judge(Exchange(request, message, answer)):
            about = self.bindings.name(complaint.resource_id)
            self.cases.add(complaint, self.history, at, about)
            self.told.add(at)
        self.bindings.learn(request, answer)
        return at

    def message(self, request: Any) -> Message:
        parts = urlsplit(str(request.uri))
        target = parts.path.removeprefix(self.base) + (f"?{parts.query}" if parts.query else "")
        headers = tuple(
            (canonical(name), text(values[0])) for name, values in request.headers.items()
        )
        return Message(request.method, target, headers, request.body or b"")

    def request(self, message: Message) -> Request:
        """Return a message with names in the place of ids and tokens."""
        headers = dict(message.headers)
        credentials = headers.get("Authorization", "")
        for name, token in self.setting.tokens.items():
            credentials = credentials.replace(token, f"{{{name}}}")
        target = message.target
        for name, value in self.bindings.values.items():
            target = re.sub(rf"(?<=/){re.escape(value)}(?![^/?])", f"{{{name}}}", target)
        operation = route(message.target).methods.get(message.method)
        creates = operation is not None and operation.action == "create"
        return Request(
            message.method,
            target,
            body=message.body,
            media_type=headers.get("Content-Type"),
            authorization=credentials,
            binds=f"s{len(self.history) + 1}" if creates else "",
        )


def canonical(name: str) -> str:
    return {"authorization": "Authorization", "content-type": "Content-Type"}.get(
        name.lower(), name
    )


def text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def reply(response: Any) -> Reply | Silence:
    if response is None:
        return Silence("the connection broke, or nothing came in time")
    headers = tuple(
        (name.lower(), text(value)) for name, values in response.headers.items() for value in values
    )
    return Reply(response.status_code, headers, response.content)
