"""The reports of a run, each whole or not there."""

import json
import os
from pathlib import Path

from heidi_conformance._verdict import CannotJudgeError, Verdict
from heidi_conformance.evidence._baseline import Comparison, as_members

from ._junit import as_junit
from ._page import as_page
from ._sarif import as_sarif


def write_reports(
    verdict: Verdict, folder: Path, comparison: Comparison | None = None
) -> tuple[Path, ...]:
    """Write report.json, junit.xml, report.sarif and report.html, and return their paths.

    Each is put in its place in one step. The same verdict gives the same bytes.

    Args:
        verdict: the content. folder: created if missing. comparison: with the findings of an
        earlier run; shown by all but JUnit.

    Raises:
        CannotJudgeError: the folder cannot be written.
    """
    texts = {
        "report.json": as_json(verdict, comparison),
        "junit.xml": as_junit(verdict),
        "report.sarif": as_sarif(verdict, comparison),
        "report.html": as_page(verdict, comparison),
    }
    return tuple(replaced(folder / name, text) for name, text in texts.items())


def write_json(path: Path, verdict: Verdict, comparison: Comparison | None = None) -> Path:
    """Write the verdict as JSON to a file of any name. Raises CannotJudgeError."""
    return replaced(path, as_json(verdict, comparison))


def as_json(verdict: Verdict, comparison: Comparison | None) -> str:
    """Return the verdict as JSON, from which `Verdict.from_json` reads it again."""
    if comparison is None:
        return verdict.to_json()
    return json.dumps({**verdict.members(), **as_members(comparison)}, indent=2) + "\n"


def replaced(path: Path, text: str) -> Path:
    """Put a file in its place in one step. Raises CannotJudgeError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise CannotJudgeError(
            f"the report cannot be written to {path} ({error.strerror})"
        ) from None
    return path
