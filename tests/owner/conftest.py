"""One edited copy for each group of changes: generated once, served once, judged once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from scripts.judge import unjudged
from tests.owner.project import Project, User
from tests.owner.proxy import Fault, spoiling

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from scripts.serving import Served


@dataclass
class Group:
    """A copy that is generated and served.

    Attributes:
        user: somebody who uses it.
        spoils: the faults of each run against a spoilt server, by the name of the run.
    """

    project: Project
    served: Served
    user: User
    spoils: dict[str, tuple[Fault, ...]]
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def report(self, run: str = "") -> dict[str, Any]:
        """Judge a right server or, with the name of a run, a spoilt one; once each.

        Each is a new one: the judge walks all the pages, which another run would have filled.
        """
        if run not in self.reports:
            faults = self.spoils[run] if run else ()
            with self.project.sandbox() as served, spoiling(served.url, *faults) as url:
                self.reports[run] = self.project.judge(url, served.credentials())
        return self.reports[run]

    def findings(self, run: str, operation: str, word: str = "") -> list[str]:
        """Return what the judge finds about an operation on a spoilt server, and names a word."""
        return [
            f"{found['rule']}: {found['title']}"
            for found in self.report(run)["findings"]
            if found["operation"] == operation
            and word in f"{found['title']} {found['expected']} {found['got']}"
        ]

    def accused(self) -> list[str]:
        """Return what the judge finds on the right server, and what it did not judge there."""
        findings = [f"{found['rule']}: {found['title']}" for found in self.report()["findings"]]
        return [*findings, *unjudged(self.report(), self.project.document("strict"))]


@pytest.fixture(scope="module")
def group(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Group]:
    """Make the copy of a test module as its `edit` says, with its `SPOILS`."""
    edit: Callable[[dict[str, Any]], None] = request.module.edit
    project = Project(tmp_path_factory.mktemp("project"))
    project.edit(edit)
    project.make()
    with project.sandbox() as served:
        user = User(project, served)
        yield Group(project, served, user, request.module.SPOILS)
        user.http.close()
