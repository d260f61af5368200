"""A plain `schemathesis run` with the settings and checks of the judge."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import heidi_conformance
import heidi_sandbox
import pytest
from schemathesis.checks import CHECKS, load_all_checks

from .conftest import new_api
from .faults.simple import TOKEN
from .reference import Handler, Request, Response, faulty, serving

SETTINGS = Path(heidi_conformance.__file__).with_name("schemathesis.toml")


def plain_run(url: str, token: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis as the guide says, with fewer requests."""
    environment = os.environ | {"HEIDI_TOKEN": token, "HEIDI_LEVEL": "strict"}
    write = [sys.executable, "-m", "heidi_conformance.schemathesis"]
    subprocess.run(write, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    program = str(Path(sys.executable).with_name("schemathesis"))
    few = ["--max-examples", "3", "--phases", "examples,stateful", "--seed", "1"]
    return subprocess.run(
        [program, "run", "heidi.json", "--url", url, *few],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_sandbox_passes(tmp_path: Path) -> None:
    with heidi_sandbox.serving() as sandbox:
        done = plain_run(sandbox.url, sandbox.token(), tmp_path)
    assert 0 == done.returncode, done.stdout
    assert "WARNINGS" not in done.stdout


@pytest.mark.slow
def test_a_fault_that_shows_only_afterwards_is_caught_by_its_rule(tmp_path: Path) -> None:
    def forgets(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        if request.method == "GET" and reply.status == 200 and b'"session"' in reply.body:
            content = reply.content
            content["session"]["duration"] = 12345
            return reply.but(content=content)
        return reply

    with serving(faulty(new_api(), forgets)) as url:
        done = plain_run(url, TOKEN, tmp_path)
    assert 1 == done.returncode, done.stdout
    assert "heidi_update_read" in done.stdout or "heidi_new_session" in done.stdout


def test_the_settings_turn_off_the_checks_of_schemathesis() -> None:
    load_all_checks()
    settings = tomllib.loads(SETTINGS.read_text())
    builtin = {name for name in CHECKS.get_all_names() if not name.startswith("heidi_")}
    assert builtin == settings["checks"].keys()


def test_a_level_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    write = [sys.executable, "-m", "heidi_conformance.schemathesis"]
    environment = os.environ | {"HEIDI_LEVEL": "Strict"}
    done = subprocess.run(
        write, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert (
        "heidi-conformance: HEIDI_LEVEL is 'Strict'; it must be documented or strict\n"
        == done.stderr
    )


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text("# mine\n")
    write = [sys.executable, "-m", "heidi_conformance.schemathesis"]
    done = subprocess.run(write, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert "schemathesis.toml cannot be written" in done.stderr
    assert "# mine\n" == (tmp_path / "schemathesis.toml").read_text()
