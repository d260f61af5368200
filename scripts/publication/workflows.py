"""Workflows as an Arazzo 1.1 document, made of the requests of the collections.

Source: https://spec.openapis.org/arazzo/v1.1.0.html. What a workflow does follows `x-semantics`:
create a resource and update it, walk all pages of a list, and get a new token after a 401.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import unquote

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import dump_yaml
from heidi_spec_tools.nodes import place

from scripts.publication.operations import JSON, operations
from scripts.publication.requests import camel, collection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heidi_spec_tools.documents import Json

    from scripts.publication.operations import Operation
    from scripts.publication.requests import Request

NAME: Final = "collections/heidi-sessions.arazzo.yaml"
SOURCE: Final = "heidi"
DOCUMENT: Final = "../documents/strict.yaml"
"""The document that the steps refer to, beside the folder of the workflows."""

_VARIABLE: Final = re.compile(r"\{\{(\w+)\}\}")
_OUTPUT: Final = re.compile(r"\$steps\.([\w-]+)\.outputs\.(\w+)")
_SECRET: Final[Json] = {"type": "string", "format": "password"}
_INPUTS: Final[Mapping[str, Json]] = {"apiKey": _SECRET, "token": _SECRET, "page": {}}
"""What is known of an input, by its name; a page may be a string or a number."""

Step: TypeAlias = "dict[str, Any]"


def files(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the file of the workflows, none where the document has no workflow."""
    made = workflows(document)
    return {NAME: dump_yaml(made)} if made["workflows"] else {}


def workflows(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the workflows of the strict document as an Arazzo document.

    Raises:
        DocumentError: a reference has no target.
    """
    info = document["info"]
    return {
        "arazzo": "1.1.0",
        "info": {
            "title": f"{info['title']}: workflows",
            "summary": "What takes more than one request.",
            "version": info["version"],
        },
        "sourceDescriptions": [{"name": SOURCE, "url": DOCUMENT, "type": "openapi"}],
        "workflows": [*_Writer(document).workflows()],
    }


def steps(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each step in words: its workflow, what it does, and what may follow."""
    for workflow in workflows(document)["workflows"]:
        name = f"`{workflow['workflowId']}`"
        for step in workflow["steps"]:
            does = step.get("operationId") or step["workflowId"]
            ways = "; ".join(map(_way, step.get("onSuccess", ())))
            yield name, f"`{does}`: {step['description']}", ways
            name = ""


def _way(action: Step) -> str:
    (criterion,) = action["criteria"]
    goal = f"go to `{action['stepId']}`" if "stepId" in action else "end"
    return f"`{criterion['condition']}`: {goal}"


class _Writer:
    def __init__(self, document: Mapping[str, Any]) -> None:
        whole = cast("dict[str, Any]", dereference(dict(document)))
        self.operations = operations(whole)
        self.requests: dict[str, Request] = {}
        for request in collection(document).requests:
            self.requests.setdefault(request.operation, request)
        self.issue = next(iter(self._of("issue")), None)

    def workflows(self) -> Iterator[Json]:
        for create in self._of("create"):
            for update in self._of("update"):
                if update.semantics["resource"] == create.semantics["resource"]:
                    yield self._creation(create, update)
        for operation in self._of("list"):
            yield self._walk(operation)
            yield self._rest(operation)
        if self.issue:
            for operation in [*self._of("list"), *self._of("create")][:1]:
                yield self._recovery(self.issue, operation)

    def _of(self, action: str) -> list[Operation]:
        return [each for each in self.operations if each.action == action]

    # The workflows

    def _creation(self, create: Operation, update: Operation) -> Json:
        resource = create.semantics["resource"]
        return _workflow(
            camel("create then update", resource),
            f"Create a {resource.lower()}, then update it.",
            *self._token(),
            self._step(create, "Keep the id that the response names."),
            self._step(update, "Send it to that id."),
        )

    def _walk(self, operation: Operation) -> Json:
        return _workflow(
            camel("walk", operation.id),
            f"{operation.title}: walk all pages.",
            *self._token(),
            self._page(operation, "Ask for the first page.", {}),
            self._further(operation, "Walk the pages after it."),
        )

    def _rest(self, operation: Operation) -> Json:
        """Walk on from a page; a workflow that calls itself, since no step sees its own outputs."""
        token = operation.semantics["page"]["token"]
        query = {token: "{{page}}"}
        return _workflow(
            _rest(operation),
            f"{operation.title}: walk on from a page.",
            self._page(operation, "Send the page of the last response, unread.", query),
            self._further(operation, "Go on until a response names no page."),
        )

    def _page(self, operation: Operation, description: str, query: Mapping[str, str]) -> Step:
        at = f"$response.body#{operation.semantics['page']['next']}"
        request = self.requests[operation.id]
        request = request._replace(query={**request.query, **query})
        last = {"name": "last", "type": "end", "criteria": [{"condition": f"{at} == null"}]}
        return {
            **self._step(operation, description, request),
            "onSuccess": [last],
            "outputs": {"page": at},
        }

    def _further(self, operation: Operation, description: str) -> Step:
        page = f"$steps.{operation.id}.outputs.page"
        token = self._value("{{token}}")
        return {
            "stepId": "rest",
            "description": description,
            "workflowId": _rest(operation),
            "parameters": [{"name": "token", "value": token}, {"name": "page", "value": page}],
        }

    def _recovery(self, issue: Operation, operation: Operation) -> Json:
        accepted = f"$statusCode == {self.requests[operation.id].status}"
        refused = "$statusCode == 401"
        renew = {"name": "refused", "type": "goto", "stepId": issue.id}
        first = {
            **self._step(operation, "Send a token that may have expired."),
            "successCriteria": [{"condition": f"{accepted} || {refused}"}],
            "onSuccess": [
                {"name": "accepted", "type": "end", "criteria": [{"condition": accepted}]},
                {**renew, "criteria": [{"condition": refused}]},
            ],
        }
        again = self._step(operation, "Send the request once more, with the new token.")
        return _workflow(
            "recoverFrom401",
            "Get a new token after a 401, once.",
            first,
            self._step(issue, "Get a new token."),
            {**again, "stepId": camel(operation.id, "again")},
        )

    # The steps

    def _token(self) -> list[Step]:
        return [self._step(self.issue, "Get a token.")] if self.issue else []

    def _step(self, operation: Operation, description: str, request: Request | None = None) -> Step:
        request = request or self.requests[operation.id]
        step: Step = {
            "stepId": operation.id,
            "description": description,
            "operationId": operation.id,
            "parameters": [*self._sent(operation, request)],
        }
        if request.body is not None:
            step["requestBody"] = {"contentType": JSON, "payload": json.loads(request.body)}
        step["successCriteria"] = [{"condition": f"$statusCode == {request.status}"}]
        if request.keeps:
            step["outputs"] = {
                name: f"$response.body{place(pointer)}" for name, pointer in request.keeps.items()
            }
        return step

    def _sent(self, operation: Operation, request: Request) -> Iterator[Step]:
        pairs = zip(operation.path.split("/"), request.path.split("/"), strict=True)
        places = {
            "header": {n: v for n, v in request.headers.items() if n != "Content-Type"},
            "path": {name[1:-1]: value for name, value in pairs if name.startswith("{")},
            "query": request.query,
        }
        for where, values in places.items():
            for name, value in values.items():
                yield {"name": name, "in": where, "value": self._value(unquote(value))}

    def _value(self, text: str) -> str:
        """Write the variables of a collection as runtime expressions."""

        def expression(match: re.Match[str]) -> str:
            name = match[1]
            kept = (each for each in self.requests.values() if name in each.keeps)
            source = next(kept, None)
            return f"$steps.{source.operation}.outputs.{name}" if source else f"$inputs.{name}"

        if _VARIABLE.fullmatch(text):
            return _VARIABLE.sub(expression, text)
        return _VARIABLE.sub(lambda match: f"{{{expression(match)}}}", text)


def _workflow(name: str, summary: str, *parts: Step) -> Json:
    """Write a workflow; what no step before has given is an input."""
    steps = [_settled(step, parts[:number]) for number, step in enumerate(parts)]
    inputs = dict.fromkeys(re.findall(r"\$inputs\.(\w+)", json.dumps(steps)))
    return {
        "workflowId": name,
        "summary": summary,
        "inputs": {
            "type": "object",
            "required": [*inputs],
            "properties": {each: _INPUTS.get(each, {"type": "string"}) for each in inputs},
        },
        "steps": steps,
    }


def _settled(step: Step, before: Sequence[Step]) -> Json:
    known = {each["stepId"] for each in before}
    text = _OUTPUT.sub(
        lambda found: found[0] if found[1] in known else f"$inputs.{found[2]}", json.dumps(step)
    )
    settled: Json = json.loads(text)
    return settled


def _rest(operation: Operation) -> str:
    return camel("walk", operation.id, "from")
