"""Turn a case and its reproducer into a finding."""

import re
from collections.abc import Mapping

from heidi_conformance._verdict import Finding, Level, Stability, Words
from heidi_conformance.contract import _document
from heidi_conformance.contract._document import Json
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.oracle import Violation
from heidi_conformance.reports._sentences import sentence
from heidi_conformance.rules import RULES, Rule

from ._findings import Case
from ._recipes import curl, python
from ._reduce import Proof

RANKS = {rule: rank for rank, rule in enumerate(RULES)}
# What the vendor's page does not say, of a rule that rests on it.
DECIDED = frozenset({"works/without-body"})
CERTAINTY: tuple[Stability, ...] = ("confirmed", "untried", "flaky")


def finding(
    case: Case, proof: Proof, level: Level, url: str, secrets: Mapping[str, str]
) -> Finding:
    """Return a case as a finding; a secret that a server repeats gives way to its variable.

    secrets: the placeholder of each secret, by the secret in lower case, as media types are shown.
    """
    violation = case.violation
    said = sentence(violation, case.fields)
    rule = RULES[violation.rule]
    document = _document.load(level)

    known = re.compile(
        "|".join(map(re.escape, sorted(secrets, key=len, reverse=True))), re.IGNORECASE
    )

    def clean(text: str) -> str:
        return known.sub(lambda match: secrets[match[0].lower()], text) if secrets else text

    return Finding(
        rule=rule.id,
        level="strict" if violation.code in DECIDED else rule.level,
        operation=violation.operation,
        title=clean(said.title),
        words=words(document, rule, violation),
        expected=clean(said.expected),
        got=clean(said.got),
        requests=tuple(map(clean, curl(proof.requests, url, proof.note))),
        seen=case.seen,
        row=rule.row if level == "strict" else "",
        python=clean(python(proof.requests, url, proof.note)),
        stability=proof.stability,
        code=violation.code,
        detail=clean(violation.detail),
    )


def words(document: Json, rule: Rule, violation: Violation) -> Words:
    """Return what a violation rests on, as far into the operation as the document goes."""
    operation = OPERATIONS[violation.operation]
    success = next(iter(operation.success), "2XX")
    steps = (success if step == "2XX" else step for step in rule.place)
    place = _document.words(document, (*operation.place, *steps))
    source = f"decision:{rule.row}" if rule.row and rule.level == "strict" else place.source
    return Words(place.pointer, source, rule.words)


def order(finding: Finding) -> tuple[int, int, str, str, str]:
    """Sort by certainty, then by the table of rules, where what others rest on comes first.

    What was not confirmed may be the consequence of another finding.
    """
    rank = RANKS.get(finding.rule, len(RANKS))
    certainty = CERTAINTY.index(finding.stability)
    return certainty, rank, finding.rule, finding.operation, finding.title
