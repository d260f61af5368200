"""The guide "Testing your integration": its driver, its commands and its lines are as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from heidi_conformance import Verdict
from heidi_conformance.client._protocol import ERRORS, UNSUPPORTED, schema
from heidi_conformance.client.scenarios import RULES

from scripts.steps.documents import ROOT

GUIDE = (ROOT / "openapi/guides/integration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.fixture
def environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "HOME": os.environ.get("HOME", "/")}


def run(
    command: str, folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_driver_of_the_guide_gives_the_verdict_of_the_guide(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (driver,) = blocks("python")
    (tmp_path / "driver.py").write_text(driver, encoding="utf-8")
    _, command, _ = blocks("sh")
    done = run(command, tmp_path, environment)
    (line,) = blocks("text")
    assert (1, True) == (done.returncode, line in done.stdout), done.stderr
    report = (tmp_path / "reports/client/report.json").read_text(encoding="utf-8")
    verdict = Verdict.from_json(report)
    assert {"token-revoked"} == {item.rule for item in verdict.findings}
    assert {path.name for path in (tmp_path / "reports/client").iterdir()} == {
        "report.json", "report.html", "report.sarif", "junit.xml",
    }  # fmt: skip


def test_a_client_is_observed_as_the_guide_shows(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    *_, command = blocks("sh")
    done = run(command, tmp_path, environment)
    assert 0 == done.returncode, done.stderr
    assert "the observed client conforms, as far as it was judged" in done.stdout
    assert (tmp_path / "observed/report.html").exists()


def test_the_lines_of_the_guide_are_those_of_the_schema() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema())
    lines = [line for text in blocks("json") for line in text.splitlines()]
    assert 10 == len(lines)
    assert all(validator.is_valid(json.loads(line)) for line in lines)
    for wrong in (
        {},
        {"id": 1},
        {"id": 1, "error": "lost"},
        {"id": 1, "value": 1, "error": "protocol"},
    ):
        assert not validator.is_valid(wrong)


def test_guide_and_schema_name_every_error() -> None:
    assert [*ERRORS, UNSUPPORTED] == schema()["$defs"]["result"]["properties"]["error"]["enum"]
    assert all(f"| `{name}` |" in GUIDE for name in (*ERRORS, UNSUPPORTED))


def test_the_workflow_of_the_guide_runs_the_command() -> None:
    (text,) = blocks("yaml")
    steps = yaml.safe_load(text)["jobs"]["heidi"]["steps"]
    assert "heidi-conformance client --complete -- python driver.py" in [
        s.get("run") for s in steps
    ]


def test_there_are_at_least_forty_scenarios_with_a_source_and_words() -> None:
    assert len(RULES) > 40
    assert all(item.source and item.words and item.operation for item in RULES.values())
