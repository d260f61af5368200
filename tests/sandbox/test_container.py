"""The Dockerfile and the compose file: every command in them, run without Docker."""

import json
import os
import re
import shlex
import shutil
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from scripts.bench.postgresql import REQUIRED
from tests.sandbox.api import TRUST
from tests.sandbox.process import environment, free_port

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PROGRAMS = (os.environ.get("PATH", os.defpath), "/usr/local/bin", "/usr/local/pgsql/bin")
INSTALLING = 240  # seconds, where nothing is in a cache


class Instruction(NamedTuple):
    """One line of the Dockerfile."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Return the words of its JSON form."""
        words: list[str] = json.loads(self.text[self.text.index("[") :])
        return words


def instructions() -> Iterator[Instruction]:
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, text = line.partition(" ")
            yield Instruction(name, text)


def of(name: str) -> list[Instruction]:
    return [one for one in instructions() if one.name == name]


def test_the_dockerfile_has_the_user_and_the_command() -> None:
    assert ["python:3.11-slim AS build", "python:3.11-slim"] == [one.text for one in of("FROM")]
    (user,) = of("USER")
    assert 0 < int(user.text.split(":")[0])
    assert "curl" not in (ROOT / "Dockerfile").read_text()


def test_copied_files_exist_and_are_not_ignored() -> None:
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = [one.text.split()[:-1] for one in of("COPY") if not one.text.startswith("--from")]
    assert kept == {name for names in copied for name in names}
    for name in kept:
        assert (ROOT / name).exists()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder filled by the build steps, like the root of the image."""
    root = tmp_path_factory.mktemp("image")
    build = root / "build"
    for one in of("COPY"):
        if not one.text.startswith("--from"):
            *names, _ = one.text.split()
            for name in names:
                (build / name).parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / name).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / name, build / name, ignore=ignored)
                else:
                    shutil.copy(ROOT / name, build / name)
    venv.create(root / "python", with_pip=True)
    variables = {"PATH": f"{root}/python/bin:{os.environ['PATH']}", "VIRTUAL_ENV": ""}
    for one in of("ENV")[:1]:
        variables |= dict(word.split("=", 1) for word in rooted(one.text, root).split())
    variables["UV_COMPILE_BYTECODE"] = "0"  # which takes half of the time
    for one in of("RUN"):
        subprocess.run(
            shlex.split(rooted(one.text, root)),
            cwd=build,
            env=environment(**variables),
            check=True,
            timeout=INSTALLING,
        )
    return root


def rooted(text: str, root: Path) -> str:
    """Replace the absolute paths of the image by those below a folder."""
    return re.sub(r"(?<![\w.])/(app|data|run)\b", rf"{root}/\1", text)


def is_healthy(image: Path, port: str) -> bool:
    """Run the health check of the image."""
    (check,) = of("HEALTHCHECK")
    command, *words = check.words
    done = subprocess.run(
        [str(image / "app" / "bin" / command), *words],
        env=environment(**variables(), HEIDI_SANDBOX_PORT=port),
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def variables() -> dict[str, str]:
    """Return the environment that the image sets for the sandbox."""
    words = [word.split("=", 1) for one in of("ENV") for word in one.text.split()]
    return {name: text for name, text in words if name == "HEIDI_SANDBOX_HOST"}


def run(image: Path, command: list[str], port: str, tmp_path: Path) -> subprocess.Popen[str]:
    (entry,) = of("ENTRYPOINT")
    program, *first = entry.words
    words = [rooted(word, tmp_path) for word in command]
    return subprocess.Popen(
        [str(image / "app" / "bin" / program), *first, *words],
        cwd=tmp_path,
        env=environment(**variables(), HEIDI_SANDBOX_PORT=port, HOME=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_the_image_serves_and_is_healthy_and_stops(image: Path, tmp_path: Path) -> None:
    (command,) = of("CMD")
    port = str(free_port())
    assert not is_healthy(image, port)
    with run(image, command.words, port, tmp_path) as running:
        try:
            assert running.stdout is not None
            assert f"http://127.0.0.1:{port}/" in running.stdout.readline()
            assert is_healthy(image, port)
        finally:
            running.terminate()
        _, err = running.communicate(timeout=20)
        assert (0, "") == (running.returncode, err)
    assert (tmp_path / "heidi-sandbox.db").is_file()


@pytest.mark.slow
def test_the_address_does_not_depend_on_the_command_line(image: Path, tmp_path: Path) -> None:
    port = str(free_port())
    with run(image, ["serve", "--chaos"], port, tmp_path) as running:
        try:
            assert running.stdout is not None
            running.stdout.readline()
            everywhere = f" 00000000:{int(port):04X} "  # as Linux writes 0.0.0.0
            assert everywhere in Path("/proc/net/tcp").read_text()
            assert is_healthy(image, port)
        finally:
            running.terminate()
        running.communicate(timeout=20)


def test_the_image_has_labels_and_compose_limits_its_resources() -> None:
    labels = dict(one.text.split("=", 1) for one in of("LABEL"))
    assert {"title", "description", "licenses"} == {name.rpartition(".")[2] for name in labels}
    for service in COMPOSE["services"].values():
        assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()


@pytest.mark.slow
def test_the_image_has_the_sandbox_and_no_tools(image: Path) -> None:
    packages = {
        one.name.partition("-")[0] for one in image.glob("app/lib/*/site-packages/*.dist-info")
    }
    assert {"granian", "heidi_sessions"} <= packages
    assert not {"pytest", "ruff", "schemathesis"} & packages


@pytest.mark.slow
def test_compose_serves_with_secrets_from_files(image: Path, tmp_path: Path) -> None:
    service = COMPOSE["services"]["sandbox"]
    secrets = tmp_path / "run" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "api_key").write_text("hunter2hunter2")
    (secrets / "database_url").write_text("sqlite:///x.db")
    assert {"api_key", "database_url"} == set(service["secrets"])
    command: list[str] = service["command"]
    # Several workers need PostgreSQL.
    at = command.index("--workers")
    port = str(free_port())
    with run(image, command[:at] + command[at + 2 :], port, tmp_path) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().split()[-1]
            response = httpx.get(
                f"{url}/jwt?email=a&third_party_internal_id=b",
                headers={"Heidi-Api-Key": "hunter2hunter2"},
                verify=TRUST,
            )
            assert 200 == response.status_code
        finally:
            running.terminate()
        out, err = running.communicate(timeout=20)
        assert (0, "") == (running.returncode, err)
    assert "hunter2" not in out


def test_compose_names_secrets_that_are_files_and_kept_out_of_git() -> None:
    used = {name for service in COMPOSE["services"].values() for name in service["secrets"]}
    assert used == COMPOSE["secrets"].keys()
    for name, secret in COMPOSE["secrets"].items():
        assert {"file": f"secrets/{name}"} == secret
    assert "/secrets/" in (ROOT / ".gitignore").read_text().split()
    assert "password" not in json.dumps(COMPOSE["services"]["sandbox"]).lower()


def test_compose_listens_only_on_this_machine_and_waits_for_the_database() -> None:
    services = COMPOSE["services"]
    assert ["127.0.0.1:8080:8080"] == services["sandbox"]["ports"]
    assert "ports" not in services["database"]
    assert {"database": {"condition": "service_healthy"}} == services["sandbox"]["depends_on"]


def pg_isready() -> str:
    """Return the program; fail, where PostgreSQL is required, and skip elsewhere, without it."""
    path = os.pathsep.join([*map(str, Path("/usr/lib/postgresql").glob("*/bin")), *PROGRAMS])
    program = shutil.which("pg_isready", path=path)
    if program is None:
        reason = f"no pg_isready of PostgreSQL in {path}"
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(reason)
    return program


def test_the_health_check_of_the_database_reports_no_response_by_tcp() -> None:
    kind, program, *words = COMPOSE["services"]["database"]["healthcheck"]["test"]
    assert ("CMD", "pg_isready") == (kind, program)
    assert "127.0.0.1" == words[words.index("--host") + 1]
    no_response = 2
    command = [pg_isready(), *words, "--port", str(free_port())]
    assert no_response == subprocess.run(command, check=False).returncode
