"""Servers that must not be accused: the reference, its variants, the sandbox, one written apart."""

import contextlib
from collections.abc import Generator
from functools import partial

import heidi_sandbox
from heidi_conformance import CannotJudgeError
from heidi_conformance._campaign import Campaign
from heidi_conformance._settings import SEED

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


def correct_servers(*, quick: bool) -> dict[tuple[str, Level], Standing]:
    """Return everything that must not be accused, by its name and a level.

    quick: without servers that are slow, and each at its strictest level alone.
    """
    own: dict[str, Standing] = {
        "reference": partial(standing, Api),
        "sandbox": sandbox,
        "independent": by_hand,
    }
    which = slice(-1, None) if quick else slice(None)
    return {(name, level): server for name, server in own.items() for level in BOTH[which]} | {
        (variant.id, level): partial(standing, variant.server)
        for variant in VARIANTS
        if variant.steady or not quick
        for level in variant.levels[which]
    }


def accusations(
    server: Standing,
    level: Level,
    *,
    seed: int = SEED,
    rules_only: bool = True,
) -> list[str]:
    """Return what a run says against a correct server; by default, of the rules alone."""
    with server() as (url, given):
        whole = plan(url, level, given, seed=seed, rules_only=rules_only)
        try:
            return [
                f"{item.rule} ({item.operation}) {item.title}"
                for item in Campaign(whole, lambda _: None).run().findings
            ]
        except CannotJudgeError as error:
            return [str(error)]
