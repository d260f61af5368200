"""From complaints to findings: one for each cause, with its words and its proof."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from . import _document
from ._document import Json
from ._history import Request
from ._quoting import VARIABLE
from ._recipes import curl, python
from ._reduce import Cause, Proof
from ._verdict import Finding, Words
from .oracle import OPERATIONS, Complaint
from .rules import RULES, Rule

MOST_SUBJECTS = 6
# What one cause brings about besides, on the same operation.
EXPLAINED_BY = {"token-first": ("token-needed",), "challenge": ("token-needed",)}
PLACES = {
    operation: ("paths", path, method.lower())
    for path, methods in OPERATIONS.items()
    for method, operation in methods.items()
}


@dataclass
class Case:
    """All complaints of one cause. history, at: the first requests seen that led to one."""

    complaint: Complaint
    history: Sequence[Request]
    at: int
    subjects: dict[str, None] = field(default_factory=dict[str, None])
    seen: int = 0

    @property
    def title(self) -> str:
        """The cause as a sentence."""
        subjects = list(self.subjects)
        named = ", ".join(subjects[:MOST_SUBJECTS])
        if len(subjects) > MOST_SUBJECTS:
            named += f" and {len(subjects) - MOST_SUBJECTS} more"
        return f"{self.complaint.operation} {self.complaint.pattern.replace('{}', named)}"


class Cases:
    """What the oracle complained of so far, by cause."""

    def __init__(self) -> None:
        self.known: dict[Cause, Case] = {}

    def add(self, complaint: Complaint, history: Sequence[Request], at: int) -> None:
        """Take one complaint; the shortest way to it is kept."""
        case = self.known.setdefault(complaint.cause, Case(complaint, history, at))
        if at < case.at:
            case.history, case.at = history, at
        case.seen += 1
        if complaint.subject:
            case.subjects[complaint.subject] = None

    def apart(self) -> list[Case]:
        """Return the cases without those that only repeat another."""
        return [case for case in self.known.values() if not self.repeats(case)]

    def repeats(self, case: Case) -> bool:
        """Whether another case tells the same cause better."""
        rule, operation, pattern = case.complaint.cause
        if rule == "no-server-error":
            # The same failure of a valid request.
            valid = pattern.replace("the contract refuses", "the contract allows")
            return pattern != valid and (rule, operation, valid) in self.known
        causes = {(known, where) for known, where, _ in self.known}
        return any((cause, operation) in causes for cause in EXPLAINED_BY.get(rule, ()))


def finding(case: Case, proof: Proof, document: Json, url: str, secrets: Iterable[str]) -> Finding:
    """Return a case as a finding; wherever a server repeats a token, it is taken out."""
    complaint, rule = case.complaint, RULES[case.complaint.rule]

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, VARIABLE)
        return text

    return Finding(
        rule=rule.id,
        level=rule.level,
        operation=complaint.operation,
        title=clean(case.title),
        words=words(document, rule, complaint.operation),
        expected=clean(complaint.expected or rule.words),
        got=clean(complaint.got or "something else"),
        requests=tuple(map(clean, curl(proof.requests, url))),
        seen=case.seen,
        row=rule.row,
        python=clean(python(proof.requests, url)),
        stability=proof.stability,
    )


def words(document: Json, rule: Rule, operation: str) -> Words:
    """Return what a rule rests on, as far into the operation as the document goes."""
    keys: list[str | int] = list(PLACES[operation])
    node = _document.at(document, keys)
    for step in rule.place:
        if not isinstance(node, dict) or step not in node:
            break
        keys.append(step)
        node = _document.at(document, keys)
    place = _document.words(document, keys)
    source = f"decision:{rule.row}" if rule.level == "strict" else place.source
    return Words(place.pointer, source, rule.words)
