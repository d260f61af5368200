"""SARIF as code hosts read it."""

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
from heidi_conformance.evidence._baseline import compare
from heidi_conformance.reports._sarif import as_sarif

from .test_html import FINDING, HOSTILE, VERDICT

Schema = dict[str, Any]


def an_object(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": [*required], "properties": properties}


def a_list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def some(**properties: Schema) -> Schema:
    return an_object(*properties, **properties)


TEXT: Schema = {"type": "string", "minLength": 1}
MESSAGE = some(text=TEXT)
LEVEL: Schema = {"enum": ["none", "note", "warning", "error"]}
PLACE = some(
    physicalLocation=some(
        artifactLocation=some(uri={"format": "uri-reference"}),
        region=some(startLine={"minimum": 1}),
    )
)
RULE = an_object(
    "id",
    "shortDescription",
    id=TEXT,
    shortDescription=MESSAGE,
    defaultConfiguration=an_object(level=LEVEL),
)
RESULT = an_object(
    "ruleId",
    "ruleIndex",
    "message",
    "level",
    "locations",
    "partialFingerprints",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    message=MESSAGE,
    level=LEVEL,
    occurrenceCount={"type": "integer", "minimum": 1},
    baselineState={"enum": ["new", "unchanged"]},
    fingerprints={"additionalProperties": TEXT},
    partialFingerprints={"required": ["primaryLocationLineHash"], "additionalProperties": TEXT},
    locations=a_list(PLACE, minItems=1),
)
DRIVER = an_object(
    "name",
    "rules",
    semanticVersion={"pattern": r"^\d+\.\d+\.\d+"},
    rules=a_list(RULE, uniqueItems=True),
)
TOLD = an_object("message", message=MESSAGE, level=LEVEL)
RUN = an_object(
    "tool",
    "results",
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    tool=some(driver=DRIVER),
    invocations=a_list(an_object("executionSuccessful", toolExecutionNotifications=a_list(TOLD))),
    results=a_list(RESULT),
)
# The constraints of OASIS SARIF 2.1.0 on the properties that we write, and those of GitHub.
SHAPE = an_object(
    "version",
    "runs",
    "$schema",
    version={"const": "2.1.0"},
    runs=a_list(RUN, minItems=1),
    **{"$schema": {"type": "string", "format": "uri"}},
)
SHAPE["additionalProperties"] = False


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
    assert "expected  2\ngot       3" in result["message"]["text"]
    assert "decision S16" in result["message"]["text"]
    assert 3 == result["occurrenceCount"]
    assert ["counts", "works", "expired-token", "numbers"] == [rule["id"] for rule in rules]


def test_a_violation_of_the_page_is_an_error() -> None:
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
