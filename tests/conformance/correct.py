"""Servers that must not be accused: the reference, its variants, the sandbox, one written apart."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from functools import partial

import heidi_sandbox
from heidi_conformance import CannotJudgeError
from heidi_conformance._campaign import Campaign
from heidi_conformance._settings import SEED
from heidi_conformance.rules import SCRIPTS, Script

from . import independent
from .faults.catalogue import Level
from .reference import Api
from .standing import Standing, plan, standing, users
from .variants import VARIANTS


@contextlib.contextmanager
def sandbox() -> Generator[tuple[str, dict[str, str]]]:
    with heidi_sandbox.serving() as running:
        expired = running.token("clinician@example.com", "1", lifetime=0)
        given = {**users(running.token), "expired": expired, "key": running.api_key}
        yield running.url, given


@contextlib.contextmanager
def by_hand() -> Generator[tuple[str, dict[str, str]]]:
    with independent.serving() as running:
        issue = running.practice.issue
        expired = issue("clinician@example.com", "1", 0.0)
        given = {**users(issue), "expired": expired, "key": running.practice.api_key}
        yield running.url, given


def correct_servers(*, quick: bool) -> Iterator[tuple[str, Level, Standing]]:
    """Yield name, level and server of everything that must not be accused."""
    for name, server in (
        ("reference", partial(standing, Api)),
        ("sandbox", sandbox),
        ("independent", by_hand),
    ):
        for level in ("documented", "strict"):
            yield name, level, server
    for variant in VARIANTS:
        if quick and not variant.steady:
            continue
        for level in variant.levels:
            yield variant.id, level, partial(standing, variant.server)


class Part(Campaign):
    """A run of some of the scripts."""

    part = slice(None)

    def scripts(self) -> Sequence[Script]:
        """Return the scripts of this part."""
        return SCRIPTS[self.part]


def accusations(
    server: Standing,
    level: Level,
    part: slice = slice(None),
    *,
    seed: int = SEED,
    rules_only: bool = True,
) -> list[str]:
    """Return what a run says against a correct server; by default, of the rules alone."""
    with server() as (url, given):
        campaign = Part(plan(url, level, given, seed=seed, rules_only=rules_only), lambda _: None)
        campaign.part = part
        try:
            return [
                f"{item.rule} ({item.operation}) {item.title}" for item in campaign.run().findings
            ]
        except CannotJudgeError as error:
            return [str(error)]
