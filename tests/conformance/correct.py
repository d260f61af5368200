"""Servers without faults: the reference, its variants, the sandbox, and an independent one."""

import contextlib
from collections.abc import Generator, Sequence
from functools import partial

import heidi_sandbox
from heidi_conformance import CannotJudgeError
from heidi_conformance._settings import SEED
from heidi_conformance.rules import SCRIPTS, Script
from heidi_conformance.run._run import Run

from . import independent
from .faults.catalogue import Level
from .reference import Api
from .standing import Standing, plan, standing, users
from .variants import VARIANTS
from .variants.catalogue import BOTH


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


OWN: dict[str, Standing] = {
    "reference": partial(standing, Api),
    "sandbox": sandbox,
    "independent": by_hand,
}


def correct_servers(*, quick: bool) -> dict[tuple[str, Level], Standing]:
    """Return everything that must not be accused, by its name and a level.

    quick: without servers that are slow, and each at its strictest level alone.
    """
    which = slice(-1, None) if quick else slice(None)
    servers: dict[tuple[str, Level], Standing] = {}
    for name, server in OWN.items():
        for level in BOTH[which]:
            servers[name, level] = server
    for variant in VARIANTS:
        if not quick or variant.steady:
            for level in variant.levels[which]:
                servers[variant.id, level] = partial(standing, variant.server)
    return servers


class Part(Run):
    """A run of some of the scripts."""

    part = slice(None)

    def scripts(self) -> Sequence[Script]:
        """Return the scripts of this part."""
        return SCRIPTS[self.part]


def accusations(
    server: Standing,
    level: Level,
    *,
    part: slice = slice(None),
    seed: int = SEED,
    rules_only: bool = True,
) -> list[str]:
    """Return what a run says against a correct server; by default, of the rules alone."""
    with server() as (url, given):
        whole = plan(url, level, given, seed=seed, rules_only=rules_only)
        campaign = Part(whole, lambda _: None)
        campaign.part = part
        try:
            return [
                f"{item.rule} ({item.operation}) {item.title}" for item in campaign.run().findings
            ]
        except CannotJudgeError as error:
            return [str(error)]
