"""The workflows are valid Arazzo, and run against the sandbox as their guide says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from heidi_sessions import Heidi
from heidi_spec_tools.documents import dump_yaml, load

from scripts.publication.workflows import NAME, workflows
from scripts.steps.documents import ROOT, derive
from scripts.steps.lint import REDOCLY
from tests.publish.additions import add_to
from tests.publish.conftest import copy_sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heidi_sandbox import Sandbox

QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def command() -> str:
    """Return the command of the guide, with the locked Redocly."""
    guide = (ROOT / "openapi/guides/workflows.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    tools: Any = load(ROOT / "scripts/node/package.json")
    published = f"npx --yes @redocly/cli@{tools['dependencies']['@redocly/cli']}"
    assert 1 == block.count(published)
    return str(block).replace(published, f"node {REDOCLY}").rstrip()


class Exchange(NamedTuple):
    """A request that the runner sent, and its response."""

    request: str
    status: int
    body: Any


def run(
    site: Path, sandbox: Sandbox, tmp_path: Path, api_key: str = ""
) -> tuple[int, list[Exchange]]:
    """Run the guide's command; returns its exit code and what went over the wire."""
    record = tmp_path / "record.har"
    own = {"HEIDI_API_KEY": api_key or sandbox.api_key, "HEIDI_BASE_URL": sandbox.url}
    done = subprocess.run(
        ["bash", "-euc", f"{command()} --har-output {record}"],  # noqa: S607
        cwd=(site / NAME).parent,
        env=os.environ | QUIET | own,
        capture_output=True,
        check=False,
        timeout=120,
    )
    entries = json.loads(record.read_text(encoding="utf-8"))["log"]["entries"]
    return done.returncode, [
        Exchange(
            f"{each['request']['method']} "
            + urlsplit(each["request"]["url"].removeprefix(sandbox.url)).path,
            each["response"]["status"],
            json.loads(each["response"]["content"]["text"]),
        )
        for each in entries
    ]


TOKEN, LIST = "GET /jwt", "GET /sessions/linked-user"


@pytest.mark.slow
def test_the_guide_runs_each_workflow(site: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    with Heidi(
        base_url=sandbox.url,
        api_key=sandbox.api_key,
        email="user@example.com",
        third_party_internal_id="1",
    ) as client:
        created = {client.sessions.create().session_id for _ in range(24)}
    code, exchanges = run(site, sandbox, tmp_path)
    assert 0 == code
    new = exchanges[1].body["session_id"]
    creation = [(TOKEN, 200), ("POST /sessions", 200), (f"PATCH /sessions/{new}", 200)]
    walk = [(TOKEN, 200), (LIST, 200), (LIST, 200), (LIST, 200)]
    recovery = [(LIST, 401), (TOKEN, 200), (LIST, 200)]
    assert creation + walk + recovery == [(each.request, each.status) for each in exchanges]
    seen = [session["session_id"] for page in exchanges[4:7] for session in page.body["sessions"]]
    assert sorted({*created, new}) == sorted(seen)


def test_a_workflow_ends_when_the_key_is_refused(
    site: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    code, exchanges = run(site, sandbox, tmp_path, api_key="wrong")
    refused = [(TOKEN, 401), (TOKEN, 401), (LIST, 401), (TOKEN, 401)]
    assert (1, refused) == (code, [(each.request, each.status) for each in exchanges])


def linted(document: Any, tmp_path: Path) -> str:
    """Return the problems that Redocly finds in an Arazzo document."""
    path = tmp_path / "workflows.arazzo.yaml"
    path.write_text(dump_yaml(document), encoding="utf-8")
    done = subprocess.run(
        ["node", REDOCLY, "lint", "--extends", "recommended-strict", "--format", "json", path],  # noqa: S607
        env=os.environ | QUIET,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return " ".join(each["message"] for each in json.loads(done.stdout)["problems"])


def unknown(document: Any) -> None:
    document["workflows"][0]["retries"] = 1


def twice(document: Any) -> None:
    document["workflows"][0]["steps"] *= 2


def nothing(document: Any) -> None:
    del document["workflows"][0]["steps"][0]["operationId"]


def kind(document: Any) -> None:
    document["workflows"][2]["steps"][0]["onSuccess"][0]["type"] = "stop"


def test_the_workflows_are_valid(site: Path, tmp_path: Path) -> None:
    document: Any = load(site / NAME)
    assert document["arazzo"].startswith("1.1.")
    assert "" == linted(document, tmp_path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (unknown, "`retries` is not expected"),
        (twice, "unique"),
        (nothing, "operationId"),
        (kind, "`type` can be one of"),
    ],
)
def test_an_invalid_arazzo_document_is_reported(
    spoil: Callable[[Any], None], reason: str, site: Path, tmp_path: Path
) -> None:
    document: Any = load(site / NAME)
    spoil(document)
    assert reason in linted(document, tmp_path)


def test_another_resource_has_its_own_workflows(tmp_path: Path) -> None:
    root = copy_sources(tmp_path)
    add_to(root)
    document: Any = derive("strict", root)
    found = {each["workflowId"]: each for each in workflows(document)["workflows"]}
    assert ["writeLetter", "editLetter"] == [
        step["stepId"] for step in found["createThenUpdateLetter"]["steps"][1:]
    ]
    (first, *_) = found["walkListLettersFrom"]["steps"]
    assert {"name": "after", "in": "query", "value": "$inputs.page"} in first["parameters"]
    assert ["token", "page"] == found["walkListLettersFrom"]["inputs"]["required"]


def test_a_document_without_resources_has_no_workflow() -> None:
    base: Any = derive("base")
    for item in base["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("x-semantics", None)
    assert [] == workflows(base)["workflows"]
