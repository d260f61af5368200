"""What the tests of the judge share: a correct server, and a run against it."""

from collections.abc import Callable
from functools import cache

import pytest
from heidi_conformance import Level, Verdict, judge

from .faults.simple import TOKEN
from .reference import Api, Fault, faulty, serving

Judged = Callable[..., Verdict]


def new_api() -> Api:
    """Return a correct server with one user, who has `TOKEN`."""
    api = Api()
    api.tokens[TOKEN] = api.tokens[api.token()]
    return api


@pytest.fixture
def api() -> Api:
    """The server of one test."""
    return new_api()


@pytest.fixture
def judged(api: Api) -> Judged:
    """Judge the server of the test as three users, by the rules alone where `max_examples` is 0."""

    def run(
        fault: Fault | None = None,
        level: Level = "strict",
        max_examples: int = 0,
        rules: tuple[str, ...] = (),
    ) -> Verdict:
        handle = api.handle if fault is None else faulty(api, fault)
        with serving(handle) as url:
            return judge(
                url,
                level=level,
                token=TOKEN,
                other_token=api.token("other@example.com", "2"),
                unlinked_token=api.token("nobody+unlinked@example.com", "3"),
                max_examples=max_examples or 1,
                rules_only=not max_examples,
                rules=rules,
            )

    return run


@pytest.fixture(scope="session")
def judged_once() -> Judged:
    """Judge a server with a fault, once for all tests that look at the same verdict."""

    @cache
    def run(fault: Fault, level: Level = "documented", rules: tuple[str, ...] = ()) -> Verdict:
        with serving(faulty(new_api(), fault)) as url:
            return judge(url, level=level, token=TOKEN, rules_only=True, rules=rules)

    return run
