"""The rules as tests of pytest; `heidi_conformance_pytest` brings them with --heidi-url."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import _access, _credentials
from ._judge import judge
from ._settings import SESSIONS
from ._text import on_one_line
from ._verdict import CannotJudgeError, Finding, Verdict
from ._wire import Way, Wire
from .reports import write_reports
from .reports._cells import lines
from .rules import TABLE

__all__ = ["Rules"]

Place = tuple[str, str]
REST = ("other-findings", "any")
# Of `judge`: each is an option of pytest, with `--heidi-` before its name.
OPTIONS = "level seed max_sessions rules_only read_only proxy ca_file".split()


def places() -> Iterator[Place]:
    """Yield rule and operation of every test."""
    for rule in TABLE:
        for operation in rule.operations:
            yield rule.id, operation


class Rules:
    """Add a test for each rule on each operation, and judge the server when the first one runs."""

    def __init__(self, config: pytest.Config) -> None:
        self.option: Callable[[str], Any] = config.getoption
        try:
            self.url = _access.base_url(str(self.option("heidi_url")))
            self.permit()
            self.tokens_at_hand()
        except CannotJudgeError as error:
            raise pytest.UsageError(str(error)) from None
        self.verdict: Verdict | None = None
        self.reason = ""
        self.selected: set[str] = set()

    def permit(self) -> None:
        """Raise CannotJudgeError where writing is not allowed."""
        _access.permit(
            self.url,
            f"up to {self.option('heidi_max_sessions') or SESSIONS} sessions",
            allowed=self.option("heidi_allow_writes") or self.option("heidi_read_only"),
            instead="--heidi-allow-writes if that is fine, or --heidi-read-only",
        )

    def tokens_at_hand(self) -> None:
        """Raise CannotJudgeError where the environment holds no token and no key."""
        given = _credentials.secrets({})
        if not any(given[flag] for flag in _credentials.FIRST):
            raise CannotJudgeError("there is no token; set HEIDI_TOKEN, or HEIDI_API_KEY")

    # --- hooks ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add the tests, where -k and -m still see them."""
        group: Group = new_node(
            Group, session, name="heidi-conformance", nodeid="heidi-conformance"
        )
        tests = [RuleTest.make(group, place, self) for place in (*places(), REST)]
        items += tests
        # Plugins that count collected tests see them too.
        report = pytest.CollectReport(group.nodeid, "passed", None, [*tests])
        session.ihook.pytest_collectreport(report=report)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record the tests that -k and -m left."""
        self.selected = {item.place[0] for item in session.items if isinstance(item, RuleTest)}

    def pytest_report_header(self) -> str:
        """Say what is judged."""
        return f"heidi: {_access.target(self.url)}, level {self.option('heidi_level')}"

    # --- the run ---

    def judged(self) -> Verdict | None:
        """Judge once; None if that failed, and `reason` says why."""
        if self.verdict is None and not self.reason:
            try:
                self.verdict = self.run()
            except CannotJudgeError as error:
                self.reason = str(error)
        return self.verdict

    def run(self) -> Verdict:
        """Judge the server; without random requests, only by the selected rules."""
        given = {name: self.option(f"heidi_{name}") for name in OPTIONS}
        settings: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        proxy = settings["proxy"] = _access.proxy_url(settings.get("proxy", ""))
        with Wire(Way(self.url, proxy, settings.get("ca_file", ""))) as wire:
            client = _access.Client(wire)
            tokens = _credentials.credentials(client, {})
        known, chosen = {rule.id for rule in TABLE}, self.selected - {REST[0]}
        verdict = judge(
            self.url,
            **settings,
            **_credentials.options(tokens, client.issued),
            rules=chosen if chosen <= known else (),
        )
        if folder := self.option("heidi_report"):
            write_reports(verdict, Path(folder))
        return verdict


def new_node(kind: Any, parent: pytest.Collector, **names: str) -> Any:
    """Return a node of pytest's tree; pytest types this too loosely to be checked."""
    return kind.from_parent(parent, **names)


class Group(pytest.Collector):
    """What the tests hang from; there is no file."""

    def collect(self) -> list[pytest.Item]:
        """Return nothing: the tests are added by the hook."""
        return []


class BrokenRuleError(Exception):
    """Carries the findings of one test to its report."""


class RuleTest(pytest.Item):
    """One rule on one operation."""

    place: Place
    source: Rules

    @classmethod
    def make(cls, parent: Group, place: Place, source: Rules) -> "RuleTest":
        """Return the test of a rule on an operation."""
        rule, operation = place
        item: RuleTest = new_node(cls, parent, name=f"{rule}[{operation}]")
        item.place, item.source = place, source
        item.add_marker("heidi")
        return item

    def runtest(self) -> None:
        """Fail with the findings, or skip with the reason. The first test runs the judge."""
        first = not self.source.reason
        verdict = self.source.judged()
        if verdict is None:
            if first:
                raise BrokenRuleError(f"could not be judged: {self.source.reason}")
            pytest.skip("could not be judged")
        findings = [item for item in verdict.findings if self.is_about(item)]
        if findings:
            raise BrokenRuleError("\n\n".join(map(card, findings)))
        outcomes = {(item.rule, item.operation): item for item in verdict.outcomes}
        outcome = outcomes.get(self.place)
        if outcome and outcome.result == "skipped":
            pytest.skip(outcome.why)

    def is_about(self, finding: Finding) -> bool:
        """Whether a finding belongs to this test; the last one takes what no other has."""
        place = finding.rule, finding.operation
        return place not in set(places()) if self.place == REST else place == self.place

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ARG002  # as pytest has it
    ) -> Any:
        """Return the card alone: a traceback of the judge says nothing about the server."""
        if isinstance(excinfo.value, BrokenRuleError):
            return str(excinfo.value)
        return f"the judge failed ({excinfo.typename}); this is a defect of the judge"

    def reportinfo(self) -> tuple[str, None, str]:
        """Return the headline of a failure."""
        return "heidi-conformance", None, self.name


def card(finding: Finding) -> str:
    """Spell a finding, a line for each thing."""
    behind = (*lines(finding), *(f"$ {request}" for request in finding.requests))
    return "\n".join(map(on_one_line, (finding.title, *(f"  {line}" for line in behind))))
