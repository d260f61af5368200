"""The main job, end to end, from the document to the publication.

    python -m scripts.build

A step whose inputs have not changed since it last succeeded is not run again. The version is
checked last, so that everything else is up to date when it must be raised.
Exit codes: 0 fine, 1 findings, 2 a step could not run.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

from scripts.library.outputs import replace
from scripts.library.running import Memory, Program, Step, StepFailure, run
from scripts.publication.tables import GUIDES, refresh
from scripts.steps import check, version
from scripts.steps.client import DOCUMENT, render
from scripts.steps.client import OUTPUT as GENERATED
from scripts.steps.documents import DOCUMENTS, OUTPUT, OVERLAYS, ROOT, SPEC, bundle
from scripts.steps.lint import LINTERS, VAGUE, Finding, lint
from scripts.steps.sandbox import REPORT
from scripts.steps.site import publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MEMORY: Final = ROOT / "build" / "steps.json"
LINTED: Final = (SPEC, *(OUTPUT / f"{name}.yaml" for name in DOCUMENTS))


def derive() -> str:
    """Bring the three documents up to date."""
    changed = replace(ROOT / OUTPUT, bundle())
    return f"{', '.join(DOCUMENTS)} from {SPEC} and {OVERLAYS}/{_changes(changed)}"


def lint_documents() -> str:
    """Lint the source and the derived documents."""
    findings = [
        dataclasses.replace(finding, path=finding.path.relative_to(ROOT))
        for finding in lint([ROOT / path for path in LINTED])
    ]
    if findings:
        raise StepFailure(1, "fix the source and run make again", map(str, distinct(findings)))
    return f"no finding in {len(LINTED)} documents"


def compare_with_release() -> str:
    """Check that the version moved as far as the documents did."""
    verdict = version.check()
    if verdict.faults:
        raise StepFailure(1, str(verdict))
    return verdict.summary


def distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Put the source first, and leave out what is said already.

    That is what the derived documents have from the source, what another linter says of the same
    place, what the others say of values if our check says something of them, and what is said
    without its place if any place is known.
    """
    findings = _once(findings)
    source = [finding for finding in findings if finding.path == SPEC]
    known = {dataclasses.replace(finding, path=SPEC) for finding in source}
    derived: dict[Finding, Finding] = {}
    for finding in findings:
        same = dataclasses.replace(finding, path=SPEC)
        if same not in known:
            derived.setdefault(same, finding)
    return [*source, *derived.values()]


def _once(findings: Sequence[Finding]) -> list[Finding]:
    exact = {finding.path for finding in findings if finding.rule == "value-fits-schema"}
    kept = [each for each in findings if not (each.is_about_values and each.path in exact)]
    order = [*LINTERS]
    first: dict[tuple[Path, str], str] = {}
    for finding in sorted(kept, key=lambda each: order.index(each.tool)):
        first.setdefault((finding.path, finding.place), finding.tool)
    placed = {finding.path for finding in kept if finding.tool != VAGUE}
    return sorted(
        finding
        for finding in kept
        if finding.tool == first[finding.path, finding.place]
        and (finding.is_placed or finding.path not in placed)
    )


def regenerate() -> str:
    """Bring the generated client up to date."""
    changed = replace(ROOT / GENERATED, render(ROOT / DOCUMENT))
    return f"{GENERATED}{_changes(changed)}"


def write_publication() -> str:
    """Bring the tables of the guides and the publication up to date."""
    refresh()
    folder, changed = publish()
    return f"{(folder / 'index.html').relative_to(ROOT)}{_changes(changed)}"


STEPS: Final = (
    Step("documents", derive),
    Step(
        "lint",
        lint_documents,
        inputs=(
            str(SPEC),
            f"{OUTPUT}/*",
            "openapi/semantics.schema.yaml",
            "scripts/steps/lint.py",
            "scripts/library/*.py",
            "scripts/toolkit/**/*.py",
            "scripts/node/*.*",
            "uv.lock",
        ),
    ),
    Step("client", regenerate),
    Step(
        "check",
        check.check,
        inputs=(
            str(SPEC),
            f"{OUTPUT}/*",
            f"{GENERATED}/**/*.py",
            "overrides/heidi_sessions/**/*.py",
            "sandbox/**/*.py",
            "scripts/steps/check.py",
            "scripts/generator/*.py",
            "scripts/library/*.py",
            "scripts/publication/*.py",
            "scripts/toolkit/**/*.py",
            "uv.lock",
        ),
    ),
    Step("site", write_publication),
    Step(
        "sandbox",
        Program("scripts.steps.sandbox", ROOT),
        inputs=(
            f"{OUTPUT}/*",
            "conformance/**/*.py",
            "sandbox/**/*.py",
            "scripts/steps/sandbox.py",
            "scripts/library/serving.py",
            "scripts/toolkit/**/*.py",
            "uv.lock",
        ),
        outputs=(REPORT,),
        after="documents",
    ),
    Step(
        "version",
        compare_with_release,
        inputs=(str(SPEC), f"{OVERLAYS}/*", "openapi/releases/**/*", "scripts/**/*.py"),
    ),
)


def _changes(changed: Sequence[str]) -> str:
    return f" ({_files(changed)} changed)" if changed else ""


def _files(names: Sequence[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def uncommitted(root: Path = ROOT) -> list[str]:
    """Name the derived files, and the guides with derived tables, that differ from the last commit.

    Outside a git checkout there is nothing to differ from.
    """
    status = subprocess.run(
        ["git", "status", "--porcelain", "--", "generated", GUIDES],  # noqa: S607  the user's own git
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line[3:] for line in status.stdout.splitlines()]


def summary(differing: Sequence[str]) -> str:
    """Say where to look, and what to do next."""
    state = f"is not as committed: {_files(differing)}; commit them with the sources"
    return "\n".join(
        [
            f"  what is derived {state if differing else 'is current'}",
            f"  report in {REPORT.parent.relative_to(ROOT)}/",
            "  next: make preview · make sandbox · make conformance URL=… · make test",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    argparse.ArgumentParser(prog="scripts.build", description=__doc__).parse_args(argv)
    console = Console(soft_wrap=True)
    try:
        run(STEPS, Memory(MEMORY), console, ROOT)
    except StepFailure as failure:
        console.print(f"[red]✗[/] {escape(str(failure))}", highlight=False)
        return failure.code
    except KeyboardInterrupt:
        console.print("[red]✗[/] interrupted; what was finished stays")
        return 130
    console.print(summary(uncommitted()), highlight=False, markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
