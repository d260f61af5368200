"""The collections run against the sandbox, and every answer is what the document says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import jsonschema_rs
import pytest
from heidi_sandbox import serving

from scripts.bundle import ROOT, derive
from scripts.dereference import dereference
from scripts.publication.requests import BASE_URL, REQUESTS

if TYPE_CHECKING:
    from pathlib import Path

    from heidi_sandbox import Sandbox

App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

MODULES = ROOT / "scripts/node/node_modules"
POSTMAN = "heidi-sessions.postman_collection.json"


class Exchange(NamedTuple):
    """One request of a run, by name, with its answer and what the collection says of it."""

    name: str
    status: int
    body: Any
    failed: list[str]
    passed: list[str]


def postman(folder: Path, sandbox: Sandbox, tmp_path: Path) -> list[Exchange]:
    """Run the collection with newman; the key stays out of the command line."""
    values = [{"key": "baseUrl", "value": sandbox.url}, {"key": "apiKey", "value": sandbox.api_key}]
    environment, report = tmp_path / "environment.json", tmp_path / "report.json"
    environment.write_text(json.dumps({"name": "sandbox", "values": values}), encoding="utf-8")
    options = ["--reporters", "json", "--reporter-json-export", str(report)]
    command = [str(MODULES / "newman/bin/newman.js"), "run", str(folder / POSTMAN)]
    subprocess.run(
        ["node", "--no-deprecation", *command, "--environment", str(environment), *options],  # noqa: S607
        capture_output=True,
        check=False,
        timeout=120,
    )
    found: list[Exchange] = []
    for execution in json.loads(report.read_text(encoding="utf-8"))["run"]["executions"]:
        said = execution.get("assertions", [])
        content = bytes(execution["response"]["stream"]["data"])
        found.append(
            Exchange(
                execution["item"]["name"],
                execution["response"]["code"],
                json.loads(content),
                [check["assertion"] for check in said if "error" in check],
                [check["assertion"] for check in said if "error" not in check],
            )
        )
    return found


def http(folder: Path, sandbox: Sandbox, tmp_path: Path) -> list[Exchange]:
    """Run the file with httpYac, with the key in the file that the head of it names."""
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8").replace(BASE_URL, sandbox.url)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    file = tmp_path / "heidi-sessions.http"
    (name,) = re.findall(
        r"^# (\S+) beside this file", file.read_text(encoding="utf-8"), re.MULTILINE
    )
    secrets = {"sandbox": {"apiKey": sandbox.api_key}}
    (tmp_path / name).write_text(json.dumps(secrets), encoding="utf-8")
    command = [str(MODULES / "httpyac/bin/httpyac.js"), "send", str(file)]
    done = subprocess.run(
        ["node", *command, "--all", "--env", "sandbox", "--json"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return [
        Exchange(
            request["title"].partition(": ")[2],
            request["response"]["statusCode"],
            json.loads(request["response"]["body"]),
            [check["message"] for check in request["testResults"] if check["status"] != "SUCCESS"],
            [check["message"] for check in request["testResults"] if check["status"] == "SUCCESS"],
        )
        for request in json.loads(done.stdout)["requests"]
    ]


RUNNERS = {"postman": postman, "http": http}


@pytest.fixture(scope="module", params=RUNNERS)
def exchanges(
    request: pytest.FixtureRequest,
    site: Path,
    sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Exchange]:
    folder = tmp_path_factory.mktemp("run")
    return RUNNERS[request.param](site / "collections", sandbox, folder)


def test_each_request_is_answered_with_the_status_that_the_collection_expects(
    exchanges: list[Exchange],
) -> None:
    expected = [(request.name, request.status, list[str]()) for request in REQUESTS]
    assert expected == [(found.name, found.status, found.failed) for found in exchanges]


def test_the_collection_itself_checks_every_answer(exchanges: list[Exchange]) -> None:
    for request, found in zip(REQUESTS, exchanges, strict=True):
        assert {str(request.status), request.error} - {None} <= set(found.passed)


def test_each_answer_is_what_the_document_says(exchanges: list[Exchange]) -> None:
    document: Any = dereference(derive("strict", ROOT))
    operations = {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    for request, found in zip(REQUESTS, exchanges, strict=True):
        response = operations[request.operation]["responses"][str(found.status)]
        schema = response["content"]["application/json"]["schema"]
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(found.body), request.name
        if request.error:
            assert found.body["detail"]["type"] == request.error


def test_every_operation_succeeds_once_and_the_main_errors_are_there() -> None:
    succeeded = {request.operation for request in REQUESTS if request.status == 200}
    assert "createSession getSession issueToken listLinkedUserSessions updateSession".split() == (
        sorted(succeeded)
    )
    assert {400, 401, 403, 404, 405, 415, 422} == {r.status for r in REQUESTS} - {200}


def test_the_pages_that_are_walked_are_two_different_ones(exchanges: list[Exchange]) -> None:
    pages = [found.body for found in exchanges if found.name.endswith(" page")]
    ids = [session["session_id"] for page in pages for session in page["sessions"]]
    assert 2 == len(set(ids))


def answer_gone(app: App) -> App:
    """Let the sandbox say 410 where it would say 404."""

    async def changed(scope: Any, receive: Any, send: Any) -> None:
        async def send_changed(message: Any) -> None:
            gone = {"status": 410} if message.get("status") == 404 else {}
            await send({**message, **gone})

        await app(scope, receive, send_changed)

    return changed


@pytest.mark.parametrize("name", RUNNERS)
def test_a_server_that_answers_otherwise_fails_the_collection(
    name: str, site: Path, tmp_path: Path
) -> None:
    with serving(wrap=answer_gone) as sandbox:
        found = RUNNERS[name](site / "collections", sandbox, tmp_path)
    failed = {exchange.name: exchange.failed for exchange in found if exchange.failed}
    assert {"Get: no such session": ["404"], "Update: no such session": ["404"]} == failed


def test_no_key_and_no_token_is_in_what_is_published(site: Path) -> None:
    variables = json.loads((site / "collections" / POSTMAN).read_text(encoding="utf-8"))["variable"]
    empty = {"apiKey", "token", "unlinkedToken", "sessionId", "nextPage"}
    assert empty == {variable["key"] for variable in variables if not variable["value"]}
    for path in site.rglob("*"):
        if path.is_file() and "assets" not in path.parts:
            assert not re.search(rb"eyJ[\w-]{10,}\.", path.read_bytes()), path
