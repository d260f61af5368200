"""A copy of the sources in which only openapi/openapi.yaml is edited, and the pipeline on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx
from heidi_spec_tools.documents import dump_yaml, load

from scripts.library.serving import Served, serving
from scripts.steps.documents import DOCUMENTS, OUTPUT, ROOT, SPEC
from tests.owner.subject import CREATE, ERROR, ID, MEANING, READ, RESULT, UPDATE, at

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

FOLDERS: Final = ("openapi", "generated", "overrides", "sandbox", "conformance", "scripts")
PACKAGES: Final = ("", "generated", "overrides", "sandbox", "conformance", "scripts/toolkit")
OWNER: Final = {"email": "owner@example.com", "third_party_internal_id": "1"}
NODE: Final = Path("scripts/node/node_modules")
USER: Final = Path(__file__).with_name("user.py")
JUDGE: Final = """
from heidi_conformance import __main__
from heidi_conformance.evidence import _reduce

_reduce.FOR_ALL = 0
raise SystemExit(__main__.main())
"""
"""The judge, which does not shorten what it finds: many faults at once would take it 20 seconds."""

PIPELINE: Final = (
    ("scripts/steps/documents.py",),
    ("scripts/steps/lint.py", str(SPEC), *(str(OUTPUT / f"{name}.yaml") for name in DOCUMENTS)),
    ("scripts/steps/client.py",),
)


class Project:
    """One copy.

    Attributes:
        root: its folder.
        said: the output of each step of the pipeline, by script.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said: dict[str, str] = {}
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        (root / NODE).symlink_to(ROOT / NODE)
        for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "uv.lock"):
            shutil.copy(ROOT / name, root / name)

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the document, and nothing else."""
        document: Any = load(self.root / SPEC)
        change(document)
        (self.root / SPEC).write_text(dump_yaml(document), encoding="utf-8")

    def make(self) -> None:
        """Derive the documents, lint them, and generate the client; each must succeed."""
        for script, *arguments in PIPELINE:
            result = self.run([script, *arguments])
            self.said[script] = result.stdout + result.stderr
            assert 0 == result.returncode, f"{script}\n{self.said[script]}"

    def document(self, name: str) -> dict[str, Any]:
        """Return a derived document."""
        document: dict[str, Any] = json.loads((self.root / OUTPUT / f"{name}.json").read_bytes())
        return document

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program import the packages of the copy, and nothing of a developer's."""
        path = os.pathsep.join(str(self.root / name) for name in PACKAGES)
        return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": str(self.root)}

    def run(
        self,
        command: Sequence[str],
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run Python on a script or module of the copy."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env={**self.environment, **(environment or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @contextmanager
    def sandbox(self) -> Generator[Served]:
        """Serve the sandbox of the copy."""
        log = self.root / "sandbox.log"
        with serving([sys.executable, "-m", "heidi_sandbox"], log, self.environment) as served:
            yield served

    def judge(self, url: str, credentials: Mapping[str, str]) -> dict[str, Any]:
        """Judge a server at level strict, by the rules, and return the report."""
        folder = self.root / "reports" / url.rpartition(":")[2].partition("/")[0]
        command = ["-c", JUDGE, "run", url, "--level", "strict", "--rules-only"]
        result = self.run([*command, "--report", str(folder)], "", credentials)
        assert result.returncode in (0, 1), result.stderr
        report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return report


class Ended(NamedTuple):
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


class User:
    """A user of the client, the command line, and HTTP.

    One process does everything with the first two, since each would take a second to start.
    """

    def __init__(self, project: Project, served: Served) -> None:
        self.url = served.url
        self.token = served.token(OWNER["email"])
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, trust_env=False)
        self._program = subprocess.Popen(
            [sys.executable, str(USER)],
            cwd=project.root,
            env=project.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Let go of everything."""
        self.http.close()
        self._program.communicate(timeout=30)

    def _do(self, do: str, url: str = "", **rest: Any) -> Any:
        program = self._program
        assert program.stdin is not None
        assert program.stdout is not None
        environment = {"HEIDI_BASE_URL": url or self.url, "HEIDI_TOKEN": self.token}
        program.stdin.write(json.dumps({"do": do, "environment": environment, **rest}) + "\n")
        program.stdin.flush()
        return json.loads(program.stdout.readline())

    def call(self, *steps: Sequence[Any], url: str = "") -> list[Any]:
        """Call methods of the client, one after the other.

        Each step is the name of a method such as `sessions.get`, then positional arguments, then
        keywords as a dictionary. `$0.session_id` as an argument is that attribute of the first
        result. An error is returned as `{"error": class, "type": …, "status": …}`.
        """
        values: list[Any] = self._do("call", url, steps=steps)
        return values

    def command(self, *arguments: str, stdin: str = "", url: str = "") -> Ended:
        """Run the command line."""
        return Ended(*self._do("command", url, arguments=arguments, stdin=stdin))

    def keywords(self, call: str) -> dict[str, bool]:
        """Return the parameters of a method of the client, and whether each is required."""
        keywords: dict[str, bool] = self._do("keywords", call=call)
        return keywords

    def create(self, body: dict[str, Any] | None = None) -> str:
        """Create a resource, and return its id."""
        status, shown = self.ask(CREATE.method, CREATE.path, json=body or {})
        assert 200 == status, shown
        return str(at(shown, CREATE.semantics["id"]))

    def update(self, identifier: str, body: Any) -> tuple[int, Any]:
        """Update a resource; return the status, and the resource or the message of the error."""
        status, shown = self.ask(UPDATE.method, path_of(identifier), json=body)
        return status, at(shown, RESULT if status < 300 else ERROR["message"])

    def ask(self, method: str, path: str, **rest: Any) -> tuple[int, Any]:
        """Send a request; return the status and the JSON of the response, None without a body."""
        response = self.http.request(method, self.url + path, **rest)
        return response.status_code, response.json() if response.content else None


def path_of(identifier: str) -> str:
    """Return the path of one resource."""
    return READ.path.replace(f"{{{MEANING.get('parameter', ID)}}}", identifier)
