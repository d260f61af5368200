"""An edited copy that is generated once, served once, and judged once with each set of faults."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from scripts.steps.sandbox import unjudged
from tests.owner.project import Project, User
from tests.owner.proxy import Fault, spoiling

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import pytest

    from scripts.library.serving import Served


class Found(NamedTuple):
    """A fault, and the finding that it must cause.

    operation: the one that the finding is about. word: in its rule or in its words.
    """

    fault: Fault
    operation: str
    word: str = ""


class Group:
    """A copy that is generated and served.

    Attributes:
        user: a user of the copy.
    """

    def __init__(self, project: Project, served: Served) -> None:
        self.project = project
        self.served = served
        self.user = User(project, served)
        self._reports: dict[str, dict[str, Any]] = {}

    def report(self, faults: tuple[Fault, ...] = ()) -> dict[str, Any]:
        """Judge a server with faults, once.

        Each is new: the judge walks all pages, which another run would have filled.
        """
        key = repr(faults)
        if key not in self._reports:
            with self.project.sandbox() as served, spoiling(served.url, *faults) as url:
                self._reports[key] = self.project.judge(url, served.credentials())
        return self._reports[key]

    def findings(self, run: tuple[Found, ...], operation: str, word: str = "") -> list[str]:
        """Return the findings about an operation in a run that contain a word."""
        return [
            f"{found['rule']}: {found['title']}"
            for found in self.report(tuple(each.fault for each in run))["findings"]
            if found["operation"] == operation
            and word in f"{found['rule']} {found['title']} {found['expected']} {found['got']}"
        ]

    def accused(self) -> list[str]:
        """Return the findings on the correct server, and what was not judged there."""
        findings = [f"{found['rule']}: {found['title']}" for found in self.report()["findings"]]
        return [*findings, *unjudged(self.report(), self.project.document("strict"))]


@contextmanager
def edited(
    edit: Callable[[dict[str, Any]], None], folders: pytest.TempPathFactory
) -> Generator[Group]:
    """Make a copy with an edit, and serve it."""
    project = Project(folders.mktemp("project"))
    project.edit(edit)
    project.make()
    with project.sandbox() as served:
        group = Group(project, served)
        yield group
        group.user.close()
