"""A verdict as JUnit, for build servers."""

from xml.etree import ElementTree as ET  # only written here, never parsed

from heidi_conformance._text import on_one_line, visible
from heidi_conformance._verdict import Finding, Verdict

from ._cells import Cell, cells, lines


def as_junit(verdict: Verdict) -> str:
    """Return the verdict as JUnit: a test for every rule on every operation and every finding."""
    suite = ET.Element("testsuite", name=f"heidi-conformance {verdict.level}")
    for cell in cells(verdict).values():
        add(suite, cell)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(verdict.findings)))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", str(verdict.seconds))
    root = ET.Element("testsuites")
    root.append(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def add(suite: ET.Element, cell: Cell) -> None:
    outcome = cell.outcome
    place = {"classname": on_one_line(outcome.operation), "name": on_one_line(outcome.rule)}
    for number, finding in enumerate(cell.findings, start=1):
        case = ET.SubElement(suite, "testcase", place)
        if number > 1:
            case.set("name", f"{place['name']} #{number}")
        failure = ET.SubElement(case, "failure", message=on_one_line(finding.title))
        failure.text = visible(details(finding))
    if not cell.findings:
        case = ET.SubElement(suite, "testcase", place)
        if outcome.result == "skipped":
            ET.SubElement(case, "skipped", message=on_one_line(outcome.why))


def details(finding: Finding) -> str:
    """Return the details of a finding, one line each."""
    return "\n".join((*lines(finding), *finding.requests))
