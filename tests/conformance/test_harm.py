"""A run leaves alone what it did not make, and makes no more than it may."""

import itertools
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import unquote

import pytest
from heidi_conformance import Level, judge
from heidi_conformance._wire import Wire
from heidi_conformance.contract._operations import RESOURCES
from heidi_conformance.evidence._history import create, listing, read, update
from heidi_conformance.run._probe import Limits, Probe, Setting, TooManySessionsError, replay

from .reference import Api, serving

UNKNOWN = {resource.unknown for resource in RESOURCES.values()}
# Forms of predictable ids, and parts of a path that a server may read as one.
GUESSABLE: dict[str, tuple[Callable[[int], str], str]] = {
    "counted": (lambda number: str(1045 + number), r"\d+"),
    "prefixed": (lambda number: f"ses_{1045 + number}", r"ses_\d+"),
    "of_mongo": (lambda number: f"5f3e1c2a9b7d4e6f8a{0x1045FF + number:06x}", "[0-9a-f]{24}"),
    "of_time": (lambda number: str(1_733_889_477_000_123 + 41 * number), r"\d+"),
}


def named(api: Api, form: str) -> Iterator[str]:
    """Yield everything in requests that a server may read as an id."""
    for request in api.requests:
        first, *below = request.path.removeprefix("/").split("/")
        text = unquote("".join(below))
        known = first != "sessions" or len(below) != 1 or text in UNKNOWN
        parts = [] if known else re.findall(form, text)
        yield from (str(Decimal(part)) if part.isdecimal() else part for part in parts)


@pytest.mark.slow
@pytest.mark.parametrize(("spell", "form"), GUESSABLE.values(), ids=GUESSABLE)
@pytest.mark.parametrize("level", ["documented", "strict"])
def test_no_request_names_a_resource_that_another_client_may_have_made(
    level: Level, spell: Callable[[int], str], form: str
) -> None:
    numbers = itertools.count()
    api = Api(lambda: spell(next(numbers)))
    rules = ("exact-lookup", "unknown-id") if level == "strict" else ()
    with serving(api.handle) as url:
        judge(url, level=level, token=api.token(), rules=rules)

    assert {"GET", "PATCH"} <= {request.method for request in api.requests}
    mine = {session for user in api.users.values() for session in user.sessions}
    assert set() == set(named(api, form)) - mine


def test_near_misses_of_random_ids_lack_one_digit() -> None:
    api = Api()
    with serving(api.handle) as url:
        judge(url, level="strict", token=api.token(), rules=("exact-lookup",))

    mine = {session for user in api.users.values() for session in user.sessions}
    assert {session[:-1] for session in mine} & set(named(api, r"\d+"))


@pytest.mark.slow
def test_no_write_names_what_a_lookup_by_a_pattern_may_find() -> None:
    api = Api()
    with serving(api.handle) as url:
        judge(url, level="strict", token=api.token(), max_examples=30)

    asked = {(item.method, unquote(item.path.rpartition("/")[2])) for item in api.requests}
    odd = {(method, text) for method, text in asked if set(text) & set("*%_?'\"")}
    assert {("GET", "*"), ("GET", "_"), ("GET", "%"), ("GET", "' OR '1'='1")} <= odd
    assert not {method for method, _ in odd} & {"PATCH", "POST", "PUT", "DELETE"}


def probe(url: str, api: Api, sessions: int) -> Probe:
    return Probe(Wire(url), Setting("strict", {"first": api.token()}), Limits(sessions))


def test_concurrent_creations_do_not_exceed_the_limit() -> None:
    api = Api()
    with serving(api.handle) as url:
        sent = probe(url, api, 3)
        sent.batch([create("s1"), create("s2")])
        with pytest.raises(TooManySessionsError):
            sent.batch([create("s3"), create("s4")])
        sent.close()
        sent.wire.close()

    assert [2] == [len(user.sessions) for user in api.users.values()]


def test_what_a_list_shows_is_read_and_never_changed() -> None:
    api = Api()
    with serving(api.handle) as url:
        sent = probe(url, api, 3)
        sent.send(create("s1"))
        sent.send(listing(binds="s2"))
        for name in ("s1", "s2"):
            sent.send(read(name))
            sent.send(update(name, {}))
        sent.close()
        sent.wire.close()

    asked = [request.method for request in api.requests]
    assert ["POST", "GET", "GET", "PATCH", "GET"] == asked


def test_a_pause_as_long_as_a_run_is_short_when_requests_are_repeated() -> None:
    api = Api()
    requests = [create("s1"), read("s1", pause=3600.0)]
    with serving(api.handle) as url, Wire(url) as wire:
        replay(wire, Setting("strict", {"first": api.token()}), Limits(9), requests)

    assert ["POST", "GET"] == [request.method for request in api.requests]
