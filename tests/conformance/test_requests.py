"""A finding prints the requests that the judge sent."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import unquote, urlencode

import jwt
import pytest
from heidi_conformance._wire import Message, Reply, Wire
from heidi_conformance.evidence import _recipes
from heidi_conformance.evidence._history import (
    NEAR,
    Bindings,
    Exchange,
    Request,
    UnboundError,
    create,
    issue,
    listing,
    near_miss,
    read,
    update,
)
from heidi_conformance.evidence._recipes import curl, python
from heidi_conformance.run._probe import Setting
from heidi_conformance.run._run import Run

from .faults import CATALOGUE
from .reference import Api, Response, serving
from .reference import Request as Received
from .standing import plan, tokens

SECRET = "a-secret-of-thirty-two-bytes-or-more"
OF_IDS = (
    "next",
    "beyond",
    "double",
    "exponent",
    "hexadecimal",
    "uuid",
    "signed",
    "scientific",
    "base64",
    "arabic",
    "full-width",
    "encoded",
)
SAMPLES = (
    jwt.encode({"sub": "x", "exp": 2_000_000_000}, SECRET, "HS256"),
    "135814281990413956785027749853284386585",
    "Opaque_token-1",
)
SHORT = ("x", "7", "-", ".", "\u00df")
URL = "http://127.0.0.1:1/api"


@pytest.mark.parametrize("near", NEAR)
def test_a_near_miss_is_another_string_or_does_not_exist(near: str) -> None:
    made: dict[str, str] = {}
    for sample in (*SAMPLES, *SHORT):
        with suppress(UnboundError):
            made[sample] = near_miss(near, sample)

    assert made.keys() & SAMPLES
    assert all(text and text != sample for sample, text in made.items())


@pytest.mark.parametrize(
    ("near", "text"),
    [
        ("half", "x"), ("upper", "X"), ("recased", "a.b."), ("unsigned", "a.b"), ("next", "abc"),
        ("double", "12"), ("double", "9" * 400), ("arabic", "abc"), ("reissued", "a.W10.c"),
        ("reissued", "a." + "W1tb" * 20_000 + ".c"), ("encoded", ""),
    ],
)  # fmt: skip
def test_a_near_miss_that_does_not_exist_is_not_sent(near: str, text: str) -> None:
    with pytest.raises(UnboundError):
        Bindings({"first": text}).message(reading(ONE, f"Bearer {{first:{near}}}"))


def test_no_token_is_in_a_request_template() -> None:
    requests = (create("s1", {}), update("s1", {"duration": 1}), listing("page_size=1"))

    text = "".join(curl(requests, URL)) + python(requests, URL)
    assert "$HEIDI_TOKEN" in text
    assert 'os.environ["HEIDI_TOKEN"]' in text


def test_a_long_body_is_abbreviated_and_stays_the_same() -> None:
    raw = b'{"duration": 61' + b" " * 100_000 + b"}"
    (line,) = curl([update("s1", raw)], URL)

    assert len(line) < 400
    program = _recipes.literal(raw)
    run = [sys.executable, "-c", f"import sys; sys.stdout.buffer.write({program})"]
    assert raw == subprocess.run(run, check=True, capture_output=True).stdout


ONE = "/sessions/1"
HEADERS = ("authorization", "content-type", "transfer-encoding", "heidi-api-key", "cookie")


def reading(target: str = ONE, authorization: str | None = None, method: str = "GET") -> Request:
    return Request(method, target, media_type=None, authorization=authorization)


def naming(name: str) -> Request:
    return update("s1", {"patient": {"name": name}})


SHAPES = {
    **{f"token {near}": reading(ONE, f"Bearer {{first:{near}}}")
       for near in NEAR if near not in OF_IDS},
    **{f"id {near}": reading(f"/sessions/{{s1:{near}}}") for near in OF_IDS},
    "a token that goes on": reading(ONE, "Bearer {first}x"),
    "an invented token": reading(ONE, "Bearer $HOME`id`\"'"),
    "no token": reading(ONE, ""),
    "further headers": listing(headers=(("Cookie", "token={first}; a={second}"), ("X-Other", "x"))),
    "a key that goes on": issue("a@example.com", "1", "{key}x"),
    "an empty key": issue("a@example.com", "1", ""),
    "no key": issue("a@example.com", "1", None),
    "HEAD": reading(method="HEAD"),
    "DELETE": reading(method="DELETE"),
    "braces": reading("/sessions/{{}}"),
    "brackets": reading("/sessions/[1-3]"),
    "marks of a shell": listing("page=!!!&page_size=$(id)`id`\\"),
    "bytes of a path": reading("/sessions/%00%F0%9F%91%A8"),
    "a creation without a body": create("s2"),
    "a body without a media type": update("s1", {"duration": 1}, media_type=None),
    "another media type": update("s1", {"duration": 1}, media_type="text/plain; a=b"),
    "a body in chunks": update("s1", {"duration": 1}, chunked=True),
    "a body that names a session": update("s1", b'{"session_id": "{s1}", "duration": 63}'),
    "a long body that names a session": update("s1", b'["{s1}", "' + b"ab" * 200 + b'\xc3\xab"]'),
    "braces that name nothing": update("s1", b"{duration: 60}"),
    "quotes": naming("O'Neil \"x\" $HOME `id` \\ !"),
    "text beyond ASCII": naming("Zo\xeb \U0001f469\u200d\u2695"),
    "broken UTF-8": update("s1", b'{"patient": {"name": "\xff\xfe"}}'),
    "zeros": update("s1", b"\xff\xfe{\x00}\x00"),
    "a new line": update("s1", b'{"duration":\r\n\t61}'),
    "a long body": update("s1", b'{"duration": 61' + b" " * 100_000 + b"}"),
    "a long body in chunks": update("s1", b"[" * 5000, chunked=True),
}  # fmt: skip


def essence(request: Received) -> tuple[object, ...]:
    """Return what of a request a server goes by; `{` and `%7B` are the same to it."""
    named = {name: request.headers[name] for name in HEADERS if request.headers.get(name)}
    query = {name: list(texts) for name, texts in request.query.items()}
    return request.method, unquote(request.path, errors="replace"), query, named, request.body


def run_by(program: Sequence[str], variables: dict[str, str]) -> str:
    """Run a script, and return what it reports."""
    run = subprocess.run(
        program, env=os.environ | variables, capture_output=True, check=False, timeout=20
    )
    return run.stderr.decode()


@pytest.mark.slow
def test_a_reproducer_sends_what_the_judge_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    secrets = {"first": SAMPLES[0], "second": api.token(), "key": api.api_key}
    for name, text in secrets.items():
        monkeypatch.setenv(_recipes.VARIABLES[name], text)
    values = {"s1": SAMPLES[1]}
    bound = Bindings(secrets, values)
    differ: dict[str, object] = {}
    with serving(api.handle) as url, Wire(url, float("inf")) as wire:

        def received(send: Callable[[], object]) -> object:
            before = len(api.requests)
            said = send()
            return [essence(item) for item in api.requests[before:]] or said

        def by_judge(request: Request) -> object:
            return wire.send(bound.message(request))

        def by_shell(request: Request) -> object:
            return run_by(["bash", "-c", *curl([request], url)], values)

        def by_python(request: Request) -> None:
            names: dict[str, Any] = dict(values)
            exec(python([request], url), names)  # noqa: S102  # what a reader would do
            names["api"].close()

        for shape, request in SHAPES.items():
            seen = [received(partial(by, request)) for by in (by_judge, by_shell, by_python)]
            if [seen[0]] * 3 != seen:
                differ[shape] = seen
    assert {} == differ


def test_reproducers_use_values_of_earlier_responses() -> None:
    requests = [
        issue("a@example.com", "1", binds="u1"),
        create("s1", {}, user="u1"),
        create("s2", user="u1"),
        update("s1", b'{"linked_sessions_for_context": ["{s2}"]}', user="u1"),
        listing("page_size=1", user="u1"),
        listing("page_size=1&page={next}", user="u1"),
        read("s1", user="u1", batch=7),
        read("s2", user="u1", batch=7),
    ]
    for spelled in ("curl", "python"):
        api = Api()
        with serving(api.handle) as url:
            program = printed(spelled, requests, url)
            said = run_by(program, {"HEIDI_API_KEY": api.api_key})

        assert "" == said
        assert "at the same time" in program[-1]
        (user,) = api.users.values()
        one, two = user.sessions
        assert [two] == user.sessions[one]["linked_sessions_for_context"]
        sent = [(item.method, item.path) for item in api.requests]
        assert sorted([("GET", f"/sessions/{one}"), ("GET", f"/sessions/{two}")]) == sorted(
            sent[6:]
        )
        assert {"page_size": ["1"], "page": ["1"]} == api.requests[5].query


def printed(spelled: str, requests: list[Request], url: str) -> list[str]:
    """Return the command that runs requests as a finding prints them."""
    if spelled == "curl":
        return ["bash", "-c", "\n".join(curl(requests, url))]
    return [sys.executable, "-c", python(requests, url)]


@pytest.mark.parametrize("spelled", ["curl", "python"])
def test_a_reproducer_ends_where_a_right_server_offers_no_further_page(spelled: str) -> None:
    further = listing("page_size=1&page={next}", user="u1")
    requests = [
        issue("a@example.com", "1", binds="u1"), create("s1", user="u1"), create("s2", user="u1"),
        listing("page_size=1", user="u1"), *[further] * 4,
    ]  # fmt: skip
    api = Api()
    with serving(api.handle) as url:
        program = printed(spelled, requests, url)
        run = subprocess.run(
            program, env=os.environ | {"HEIDI_API_KEY": api.api_key},
            capture_output=True, text=True, check=True,
        )  # fmt: skip

    assert "" == run.stderr
    assert run.stdout.endswith(f"{_recipes.ENDED}\n")
    assert 5 == len(api.requests)


def test_a_reproducer_ends_where_a_right_server_refuses_what_later_requests_name() -> None:
    api = Api()
    requests = [create("s1", {"ehr_appointment_id": 7}), read("s1")]
    with serving(api.handle) as url:
        said = run_by([sys.executable, "-c", python(requests, url)], {"HEIDI_TOKEN": api.token()})

    assert "" == said
    assert ["POST"] == [item.method for item in api.requests]


def test_no_secret_is_an_argument_of_a_program() -> None:
    (line,) = curl([listing(headers=(("Heidi-Api-Key", "{key}"),))], URL)

    shown = line.replace("curl ", "printf '%s ' ", 1)
    seen = subprocess.run(
        ["/bin/bash", "-c", shown],
        env=os.environ | {"HEIDI_TOKEN": "s3cret-token", "HEIDI_API_KEY": "s3cret-key"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "/sessions/linked-user" in seen
    assert "s3cret" not in seen


# For each fault, the scripts that find it: together they use all of the bash that is printed.
PRINTED = {
    "ids.grouped_in_update": ("reading", "new-session"),
    "views.no_region_in_list": ("values",),
    "views.answers_the_defaults": ("update-read", "update-listed"),
    "tenants.reads_all": ("own-sessions",),
    "tenants.linked_by_creating": ("unlinked",),
    "creation.patient_without_dob": ("works",),
    "errors.echoes_the_token": ("token-first",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_script_reproduces_the_finding_on_a_fresh_server(name: str) -> None:
    (planted,) = (planted for planted in CATALOGUE if planted.id == name)
    api = planted.server()
    given = tokens(api)
    with serving(api.handle) as url:
        whole = plan(url, "strict", given, rules_only=True, rules=frozenset(PRINTED[name]))
        findings = Run(whole, lambda _: None).run().findings
    confirmed = [finding for finding in findings if finding.stability == "confirmed"]
    assert confirmed
    for finding in confirmed:
        for program in ("\n".join(finding.requests), finding.python):
            language = ["bash"] if program is not finding.python else [sys.executable]
            seen = shown_by([*language, "-c", program], planted.server(), url)
            assert (finding.rule, finding.operation) in seen


def shown_by(program: list[str], api: Api, url: str) -> set[tuple[str, str]]:
    """Return rules and operations that a server breaks in response to a script."""
    given = tokens(api)
    users = plan(url, "strict", given).tokens
    oracle = Setting("strict", users, frozenset({"unlinked"}), given["key"]).oracle()
    seen: set[tuple[str, str]] = set()

    def handle(received: Received) -> Response:
        reply = api.handle(received)
        query = urlencode(received.query, doseq=True)
        message = Message(
            received.method,
            received.path + (f"?{query}" if query else ""),
            tuple((name.title(), text) for name, text in received.headers.items()),
            received.body,
        )
        exchange = Exchange(
            Request(message.method, message.target),
            message,
            Reply(reply.status, tuple(reply.headers.items()), reply.body),
        )
        seen.update((item.rule, item.operation) for item in oracle.judge(exchange))
        return reply

    with serving(handle) as now:
        variables = {_recipes.VARIABLES[name]: text for name, text in given.items()}
        assert "" == run_by([part.replace(url, now) for part in program], variables)
    return seen


def test_a_read_only_run_prints_where_an_id_is_from() -> None:
    (planted,) = (planted for planted in CATALOGUE if planted.id == "ids.strips_zeros")
    api = planted.server()
    given = tokens(api)
    token = given["first"]
    api.handle(Received("POST", "/sessions", {}, {"authorization": f"Bearer {token}"}, b""))
    with serving(api.handle) as url:
        whole = plan(url, "strict", given, read_only=True, rules=frozenset(("exact-lookup",)))
        findings = Run(whole, lambda _: None).run().findings
        lines = findings[0].requests
        said = run_by(["bash", "-c", "\n".join(lines)], {"HEIDI_TOKEN": token})
    assert "" == said
    assert "jq -r '.sessions[0].session_id'" in lines[0]
    (user,) = (user for user in api.users.values() if user.sessions)
    assert f"/sessions/0{next(iter(user.sessions))}" == api.requests[-1].path
