"""A verdict as SARIF 2.1.0, for code hosts such as GitHub."""

import json
from typing import Any

from heidi_conformance._text import on_one_line, visible
from heidi_conformance._verdict import Finding, Verdict
from heidi_conformance.evidence._baseline import Comparison

from ._cells import cells, lines, promise

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# Violations of the vendor's page break partners; those of our decisions may be deliberate.
LEVELS = {"documented": "error", "strict": "warning", "practice": "warning"}
# A page of the vendor that is not the base document.
PAGE = "page:"
DOCUMENTS = {"documented": "base", "strict": "strict", "practice": "strict"}


def as_sarif(verdict: Verdict, comparison: Comparison | None = None) -> str:
    """Return the verdict as SARIF: a result for every finding, a rule for every rule of the run."""
    rules = list(dict.fromkeys(rule for rule, _ in cells(verdict)))
    new = {finding.fingerprint for finding in comparison.new} if comparison else None
    driver = {
        "name": "heidi-conformance",
        "semanticVersion": verdict.versions.get("heidi-sessions", "0.0.0"),
        "rules": [as_rule(rule, verdict) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"heidi-conformance/{verdict.level}/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": visible(note)}}
                    for note in (*verdict.gaps, *verdict.notes)
                ],
            }
        ],
        "results": [
            as_result(finding, rules.index(finding.rule), verdict, new)
            for finding in verdict.findings
        ],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def as_rule(rule: str, verdict: Verdict) -> dict[str, Any]:
    known = promise(rule)
    level = known.level or verdict.level
    tags = [
        "openapi",
        "conformance",
        level,
        *([known.row] if known.row and verdict.level == "strict" else []),
    ]
    return {
        "id": rule,
        "shortDescription": {"text": known.words or rule.replace("_", " ")},
        "defaultConfiguration": {"level": LEVELS[level]},
        "properties": {"tags": tags},
    }


def as_result(
    finding: Finding, index: int, verdict: Verdict, new: set[str] | None
) -> dict[str, Any]:
    mark = finding.fingerprint
    state = {} if new is None else {"baselineState": "new" if mark in new else "unchanged"}
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": "error" if of_page(finding) else LEVELS[finding.level],
        "message": {"text": visible(message(finding))},
        "locations": [location(finding, verdict)],
        "fingerprints": {"heidiConformance/v1": mark},
        # The one that GitHub groups by; it would else be made of lines that are not there.
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:1"},
        "occurrenceCount": finding.seen,
        **state,
        "properties": {
            "operation": on_one_line(finding.operation),
            "source": finding.words.source,
            "stability": finding.stability,
            "requests": [visible(request) for request in finding.requests],
        },
    }


def message(finding: Finding) -> str:
    return "\n".join((f"{finding.title}.", *lines(finding)))


def of_page(finding: Finding) -> bool:
    """Whether a finding rests on the vendor's page about tokens, which the client document has."""
    return finding.words.source.startswith(PAGE)


def location(finding: Finding, verdict: Verdict) -> dict[str, Any]:
    """Return the place in the document: a server has no file, and GitHub wants one with a line."""
    name = "client" if of_page(finding) else DOCUMENTS[verdict.level]
    document = f"heidi_spec/{name}.yaml"
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": document},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {
                "name": on_one_line(finding.operation),
                "fullyQualifiedName": finding.words.pointer,
                "kind": "object",
            }
        ],
    }
