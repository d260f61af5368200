"""The ready drivers hold a conversation with the sandbox."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import heidi_spec
import pytest

from .conversation import Talk, holds

if TYPE_CHECKING:
    from scripts.serving import Served

DRIVERS = Path(__file__).parents[3] / "conformance" / "drivers"
TOOLS = Path(sys.executable).parent
COMMANDS = {
    "python.py": sys.executable,
    "python_async.py": sys.executable,
    "stock.py": sys.executable,
    "typescript.mts": str(TOOLS / "node"),
    "curl.sh": "bash",
}


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the client that openapi-python-client generates."""
    folder = tmp_path_factory.mktemp("stock")
    document = Path(heidi_spec.__file__).with_name("client.json")
    command = [f"{TOOLS}/openapi-python-client", "generate", "--path", str(document)]
    command += ["--meta", "none", "--output-path", str(folder / "stock_client")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def start(name: str, sandbox: Served, stock: Path, email: str = "") -> Talk:
    command = [COMMANDS[name], str(DRIVERS / name)]
    return Talk(command, sandbox, email=email, environment={"PYTHONPATH": str(stock)})


@pytest.mark.parametrize("name", COMMANDS)
def test_a_driver_holds_a_conversation(name: str, sandbox: Served, stock: Path) -> None:
    holds(start(name, sandbox, stock))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_driver_says_that_no_user_is_linked(name: str, sandbox: Served, stock: Path) -> None:
    talk = start(name, sandbox, stock, email="nobody+unlinked@example.com")
    try:
        assert "not_linked" == talk.ask("listLinkedUserSessions")["error"]
        assert 0 == talk.end()
    finally:
        talk.kill()


@pytest.mark.parametrize("name", ["python.py", "python_async.py"])
def test_a_driver_that_says_so_takes_other_settings(
    name: str, sandbox: Served, stock: Path
) -> None:
    talk = start(name, sandbox, stock)
    try:
        assert "value" in talk.ask("listLinkedUserSessions")
        renewal = {"id": 99, "settings": {"HEIDI_EMAIL": "nobody+unlinked@example.com"}}
        talk.send(renewal)
        assert [{"id": 99, "value": None}] == talk.results([renewal])
        assert "not_linked" == talk.ask("listLinkedUserSessions")["error"]
        assert 0 == talk.end()
    finally:
        talk.kill()


def test_every_driver_is_tested() -> None:
    assert sorted(COMMANDS) == sorted(path.name for path in DRIVERS.glob("*.*"))
