"""A verdict as one page of HTML that needs nothing else, for people."""

import base64
import hashlib
import re
from collections import Counter
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from heidi_conformance._text import counted, excerpt, visible
from heidi_conformance._verdict import Verdict
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._operations import TITLE
from heidi_conformance.evidence._baseline import Comparison
from heidi_conformance.run._probe import TAG

from ._cells import cells, origin, promise

# So many cards are shown with their requests; of more, a reader opens what matters.
OPEN = 5
LEVELS = {
    "documented": "what the vendor's page says",
    "strict": "all of the contract: the vendor's page, and what was decided where it is silent",
    "practice": "the vendor's page, our decisions, and good practice",
}
RULE = {"server": "rule", "client": "scenario"}
STABILITY = {
    "confirmed": "The requests below showed it again, twice, on sessions of their own.",
    "flaky": "Flaky: the requests below do not show it every time.",
    "untried": "The requests below were not sent a second time.",
}


def as_page(verdict: Verdict, comparison: Comparison | None = None) -> str:
    """Return the verdict as a page. It runs and loads nothing but what is in it."""
    style, script = asset("page.css"), asset("page.js")
    table = cells(verdict)
    reasons: dict[str, dict[str, None]] = {}
    for (rule, _), cell in table.items():
        if cell.outcome.result == "skipped":
            reasons.setdefault(cell.outcome.why, {})[rule] = None
    new = {finding.fingerprint for finding in comparison.new} if comparison else set[str]()
    return page().render(
        api=TITLE,
        verdict=verdict,
        comparison=comparison,
        sentence=sentence(verdict),
        lead=lead(verdict),
        facts=facts(verdict),
        findings=sorted(verdict.findings, key=lambda item: item.fingerprint not in new),
        new=new,
        open=OPEN,
        rule=RULE[verdict.subject],
        stability=STABILITY,
        counted=counted,
        table=table,
        rules=dict.fromkeys(rule for rule, _ in table),
        operations=dict.fromkeys(operation for _, operation in table),
        reasons=reasons,
        statuses=sorted({status for numbers in verdict.answers.values() for status in numbers}),
        style=Markup(style),  # noqa: S704  # ours alone
        script=Markup(script),  # noqa: S704
        policy=f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
    )


def page() -> Template:
    """Return the template: what goes in as text comes out as text, whatever it holds."""
    known = Environment(autoescape=True, undefined=StrictUndefined, finalize=shown)
    filters: dict[str, Any] = {
        "prose": prose,
        "origin": origin,
        "excerpt": excerpt,
        "promise": promise,
        "breakable": breakable,
    }
    known.filters.update(filters)
    return known.from_string(asset("page.html.jinja"))


def asset(name: str) -> str:
    return resources.files("heidi_conformance.reports").joinpath(name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def shown(value: object) -> object:
    """Escape what does not show in a text; markup was made of such."""
    return visible(value) if type(value) is str else value


def prose(text: str) -> Markup:
    """Return a sentence with what is between backticks as code."""
    parts = [escape(visible(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(visible(text))
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if at % 2 else part for at, part in enumerate(parts))


def breakable(name: str) -> Markup:
    """Spell an operation so that a narrow column can break it between its words."""
    return Markup("<wbr>").join(re.split("(?=[A-Z])", visible(name)))


def sentence(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    return f"{verdict.target} {verdict.judgement}"


def lead(verdict: Verdict) -> str:
    """Describe the level and the result."""
    table = cells(verdict)
    results = Counter(cell.outcome.result for cell in table.values())
    rules, operations = ({place[at] for place in table} for at in (0, 1))
    return (
        f"Level {verdict.level} asks for {LEVELS[verdict.level]}. "
        f"{counted(len(rules), RULE[verdict.subject])} on {counted(len(operations), 'operation')} "
        f"make {counted(len(table), 'check')}: {results['passed']} passed, "
        f"{results['failed']} failed, {results['skipped']} not exercised."
    )


def facts(verdict: Verdict) -> dict[str, str]:
    if verdict.subject == "client":
        return {
            "Client": verdict.target.removeprefix("the client "),
            "Level": verdict.level,
            "Requests seen": f"{verdict.requests:,}",
            "Duration": f"{verdict.seconds:.1f} s",
        }
    return {
        "Target": verdict.target,
        "Level": verdict.level,
        "Requests sent": f"{verdict.requests:,}",
        "Sessions created": f"{verdict.sessions_created:,}",
        f"With {MAIN_FIELDS.mark} {TAG}": f"{verdict.sessions_tagged:,}",
        "Duration": f"{verdict.seconds:.1f} s",
        "Seed": str(verdict.seed),
    }
