"""The collections run against the sandbox, and every response matches the document."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import jsonschema_rs
import pytest
from heidi_sandbox import serving
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.nodes import as_list, find, pointer_of

from scripts.publication.operations import operations
from scripts.publication.requests import collection
from scripts.steps.documents import ROOT, derive

if TYPE_CHECKING:
    from pathlib import Path

    from heidi_sandbox import Sandbox

App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

MODULES = ROOT / "scripts/node/node_modules"
POSTMAN = "heidi-sessions.postman_collection.json"

DOCUMENT: Any = derive("strict", ROOT)
COLLECTION = collection(DOCUMENT)
REQUESTS = COLLECTION.requests
OPERATIONS = operations(cast("dict[str, Any]", dereference(DOCUMENT)))


class Exchange(NamedTuple):
    """One request of a run, by name, with its response and the results of the collection."""

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
                json.loads(content or b"null"),
                [check["assertion"] for check in said if "error" in check],
                [check["assertion"] for check in said if "error" not in check],
            )
        )
    return found


def http(folder: Path, sandbox: Sandbox, tmp_path: Path) -> list[Exchange]:
    """Run the file with httpYac, with the key in the file that its head names."""
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8").replace(
            COLLECTION.variables["baseUrl"], sandbox.url
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    file = tmp_path / "heidi-sessions.http"
    (name,) = re.findall(
        r"^# (\S+) beside this file", file.read_text(encoding="utf-8"), re.MULTILINE
    )
    secrets = {"sandbox": {"apiKey": sandbox.api_key}}
    (tmp_path / name).write_text(json.dumps(secrets), encoding="utf-8")
    command = [str(MODULES / "httpyac/bin/httpyac.js"), "send", str(file)]
    report = tmp_path / "report.json"
    with report.open("wb") as output:  # it writes only 64 kB to a pipe
        subprocess.run(
            ["node", *command, "--all", "--env", "sandbox", "--json"],  # noqa: S607
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
    return [
        Exchange(
            request["title"].partition(": ")[2],
            request["response"]["statusCode"],
            json.loads(request["response"].get("body") or "null"),
            [check["message"] for check in request["testResults"] if check["status"] != "SUCCESS"],
            [check["message"] for check in request["testResults"] if check["status"] == "SUCCESS"],
        )
        for request in json.loads(report.read_text(encoding="utf-8"))["requests"]
    ]


RUNNERS = {"postman": postman, "http": http}


@pytest.fixture(scope="module", params=[pytest.param("postman", marks=pytest.mark.slow), "http"])
def exchanges(
    request: pytest.FixtureRequest,
    site: Path,
    sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Exchange]:
    folder = tmp_path_factory.mktemp("run")
    return RUNNERS[request.param](site / "collections", sandbox, folder)


@pytest.mark.slow
def test_each_response_has_the_status_that_the_collection_expects(
    exchanges: list[Exchange],
) -> None:
    expected = [(request.name, request.status, list[str]()) for request in REQUESTS]
    assert expected == [(found.name, found.status, found.failed) for found in exchanges]


def test_the_collection_itself_checks_every_response(exchanges: list[Exchange]) -> None:
    for request, found in zip(REQUESTS, exchanges, strict=True):
        assert {str(request.status), request.error} - {None} <= set(found.passed)


def test_each_response_matches_the_document(exchanges: list[Exchange]) -> None:
    by_id = {operation.id: operation for operation in OPERATIONS}
    for request, found in zip(REQUESTS, exchanges, strict=True):
        response = by_id[request.operation].value["responses"][str(found.status)]
        schema = response["content"]["application/json"]["schema"]
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(found.body), request.name
        if request.error:
            assert find(found.body, request.error_at) == request.error


def test_every_operation_succeeds_and_fails_in_each_way_that_a_request_can_provoke() -> None:
    for operation in OPERATIONS:
        statuses = {each.status for each in REQUESTS if each.operation == operation.id}
        # Requests that are too large or too many are not sent.
        assert operation.responses.keys() - {413, 429} - statuses <= {405, 422}, operation.id
    undocumented = {each.operation for each in REQUESTS if each.status == 405}
    assert len({operation.path for operation in OPERATIONS}) == len(undocumented)
    unlinked = {each.semantics["unlinked"] for each in OPERATIONS if "unlinked" in each.semantics}
    assert unlinked <= {each.error for each in REQUESTS}


def test_the_names_of_requests_are_unique() -> None:
    names = [request.name for request in REQUESTS]
    assert len(set(names)) == len(names)


def test_the_pages_that_are_walked_are_two_different_ones(exchanges: list[Exchange]) -> None:
    (listing,) = (operation for operation in OPERATIONS if operation.action == "list")
    items = pointer_of(f"#{listing.semantics['page']['items']}") or ()
    pages = [found.body for found in exchanges if found.name.endswith(" page")]
    shown = [json.dumps(item) for page in pages for item in as_list(find(page, items))]
    assert 2 == len(set(shown)) == len(shown)


def gone(app: App) -> App:
    """Let the sandbox respond with 410 instead of 404."""

    async def changed(scope: Any, receive: Any, send: Any) -> None:
        async def send_changed(message: Any) -> None:
            other = {"status": 410} if message.get("status") == 404 else {}
            await send({**message, **other})

        await app(scope, receive, send_changed)

    return changed


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNERS)
def test_a_server_with_another_status_fails_the_collection(
    name: str, site: Path, tmp_path: Path
) -> None:
    with serving(wrap=gone) as sandbox:
        found = RUNNERS[name](site / "collections", sandbox, tmp_path)
    failed = {exchange.name: exchange.failed for exchange in found if exchange.failed}
    assert failed
    assert {each.name: ["404"] for each in REQUESTS if each.status == 404} == failed


def test_no_key_and_no_token_is_published(site: Path) -> None:
    variables = json.loads((site / "collections" / POSTMAN).read_text(encoding="utf-8"))["variable"]
    kept = {name for request in REQUESTS for name in request.keeps}
    assert "token" in kept
    assert kept | {"apiKey"} == {variable["key"] for variable in variables if not variable["value"]}
    for path in site.rglob("*"):
        if path.is_file() and "assets" not in path.parts:
            assert not re.search(rb"eyJ[\w-]{10,}\.", path.read_bytes()), path
