"""A verdict as files: JSON for programs, JUnit for build servers."""

import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET  # only written here, never parsed

from ._verdict import CannotJudgeError, Finding, Verdict

# What XML 1.0 cannot carry.
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_reports(verdict: Verdict, folder: Path) -> tuple[Path, ...]:
    """Write report.json and junit.xml, each whole or not at all, and return their paths.

    Raises CannotJudgeError where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (
            replaced(folder / "report.json", verdict.to_json()),
            replaced(folder / "junit.xml", as_junit(verdict)),
        )
    except OSError as error:
        raise CannotJudgeError(
            f"the reports cannot be written to {folder} ({error.strerror})"
        ) from None


def replaced(path: Path, text: str) -> Path:
    """Put a file in its place in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def as_junit(verdict: Verdict) -> str:
    """Return the verdict as JUnit: a test for every rule on every operation and every finding."""
    suite = ET.Element("testsuite", name=f"heidi-conformance {verdict.level}")
    for outcome in verdict.outcomes:
        found = [
            finding
            for finding in verdict.findings
            if (finding.rule, finding.operation) == (outcome.rule, outcome.operation)
        ]
        for number, finding in enumerate(found, start=1):
            name = outcome.rule if number == 1 else f"{outcome.rule} #{number}"
            case = ET.SubElement(suite, "testcase", classname=outcome.operation, name=name)
            ET.SubElement(case, "failure", message=fit(finding.title)).text = fit(details(finding))
        if not found:
            case = ET.SubElement(suite, "testcase", classname=outcome.operation, name=outcome.rule)
            if outcome.result == "skipped":
                ET.SubElement(case, "skipped", message=outcome.why)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(verdict.findings)))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", str(verdict.seconds))
    root = ET.Element("testsuites")
    root.append(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def details(finding: Finding) -> str:
    """Return what stands behind a finding, a line each."""
    return "\n".join(
        (
            f"words:    {finding.words.pointer} ({finding.words.source})",
            *([f"          {finding.words.promise}"] if finding.words.promise else []),
            f"expected: {finding.expected}",
            f"got:      {finding.got}",
            *finding.requests,
        )
    )


def fit(text: str) -> str:
    return UNFIT.sub("?", text)
