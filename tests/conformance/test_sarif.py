"""SARIF as code hosts read it."""

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
from heidi_conformance._baseline import compare
from heidi_conformance.reports._sarif import as_sarif

from .test_html import FINDING, HOSTILE, VERDICT

TEXT = {"type": "string", "minLength": 1}
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": TEXT}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
# What OASIS SARIF 2.1.0 requires of the members that are written, and what GitHub does besides.
SHAPE = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "semanticVersion": {"pattern": r"^\d+\.\d+\.\d+"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription"],
                                            "properties": {
                                                "id": TEXT,
                                                "shortDescription": MESSAGE,
                                                "defaultConfiguration": {
                                                    "properties": {"level": LEVEL}
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "invocations": {
                        "items": {
                            "required": ["executionSuccessful"],
                            "properties": {
                                "toolExecutionNotifications": {
                                    "items": {
                                        "required": ["message"],
                                        "properties": {"message": MESSAGE, "level": LEVEL},
                                    }
                                }
                            },
                        }
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": [
                                "ruleId", "ruleIndex", "message", "level", "locations",
                                "partialFingerprints",
                            ],
                            "properties": {
                                "ruleId": TEXT,
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "message": MESSAGE,
                                "level": LEVEL,
                                "occurrenceCount": {"type": "integer", "minimum": 1},
                                "baselineState": {"enum": ["new", "unchanged"]},
                                "fingerprints": {"additionalProperties": TEXT},
                                "partialFingerprints": {
                                    "required": ["primaryLocationLineHash"],
                                    "additionalProperties": TEXT,
                                },
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "required": ["uri"],
                                                        "properties": {
                                                            "uri": {"format": "uri-reference"}
                                                        },
                                                    },
                                                    "region": {
                                                        "required": ["startLine"],
                                                        "properties": {
                                                            "startLine": {"minimum": 1}
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip


def run(text: str) -> Any:
    document = json.loads(text)
    jsonschema_rs.Draft202012Validator(SHAPE, validate_formats=True).validate(document)
    (only,) = document["runs"]
    return only


def test_a_finding_is_a_result_of_its_rule_with_its_level() -> None:
    found = run(as_sarif(VERDICT))

    (result,) = found["results"]
    rules = found["tool"]["driver"]["rules"]
    assert "counts" == result["ruleId"] == rules[result["ruleIndex"]]["id"]
    assert "warning" == result["level"]
    assert "Expected: 2. Got: 3." in result["message"]["text"]
    assert "decision:S16" in result["message"]["text"]
    assert 3 == result["occurrenceCount"]
    assert ["counts", "works", "expired-token", "numbers"] == [rule["id"] for rule in rules]


def test_what_breaks_the_page_is_an_error() -> None:
    (result,) = run(as_sarif(replace(VERDICT, findings=(replace(FINDING, level="documented"),))))[
        "results"
    ]

    assert "error" == result["level"]


def test_two_runs_give_a_finding_the_same_fingerprint_and_another_cause_another() -> None:
    later = replace(FINDING, requests=("curl other",), seen=9, got="4", title="told differently")
    other = replace(FINDING, detail="another cause")

    mark, again, different = (
        run(as_sarif(replace(VERDICT, findings=(found,))))["results"][0]["partialFingerprints"]
        for found in (FINDING, later, other)
    )
    assert mark == again
    assert mark != different


def test_results_say_whether_they_are_new() -> None:
    known = replace(FINDING, detail="known")
    now = replace(VERDICT, findings=(FINDING, known))

    found = run(as_sarif(now, compare(replace(VERDICT, findings=(known,)), now)))

    assert ["new", "unchanged"] == [item["baselineState"] for item in found["results"]]


def test_a_server_that_conforms_has_no_result() -> None:
    assert [] == run(as_sarif(replace(VERDICT, findings=())))["results"]


def test_hostile_text_stays_text() -> None:
    hostile = replace(FINDING, rule=HOSTILE, operation=HOSTILE, title=HOSTILE, got="\ud800")
    text = as_sarif(replace(VERDICT, findings=(hostile,), notes=(HOSTILE,)))

    (result,) = run(text)["results"]
    assert "\\x1b[31m" in result["message"]["text"]
    assert "\\ud800" in result["message"]["text"]
