"""Generated requests of Schemathesis are sent like any other, and judged only by the oracle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from heidi_conformance._settings import SEED, Plan
from heidi_conformance._verdict import CannotJudgeError
from heidi_conformance._wire import OutOfPatienceError, Wire
from heidi_conformance.breadth import Inventor, NothingInventedError
from heidi_conformance.rules import SCRIPTS
from heidi_conformance.run import _run
from heidi_conformance.run._probe import Limits, Probe, Setting

from .conftest import Judged, new_api
from .faults.simple import TOKEN
from .reference import Api, Fault, Handler, Request, Response, faulty, respond, serving


def invented(
    api: Api,
    fault: Fault | None = None,
    *,
    seconds: float = 60,
    examples: int = 12,
    seed: int = SEED,
) -> Probe:
    """Send generated requests to a server; return who sent them."""
    with (
        serving(api.handle if fault is None else faulty(api, fault)) as url,
        Wire(url, time.monotonic() + seconds) as wire,
    ):
        tokens = {"first": TOKEN}
        probe = Probe(wire, Setting("strict", tokens), Limits(100), 1)
        plan = Plan(url, "strict", tokens, seed=seed, max_examples=examples)
        with Inventor(plan) as inventor:
            inventor.send(probe)
    return probe


@pytest.fixture(scope="module")
def right() -> tuple[Api, Probe]:
    """A correct server, after the generated requests."""
    api = new_api()
    return api, invented(api)


@pytest.mark.slow
def test_generated_requests_include_boundaries_and_near_misses_of_an_id(
    right: tuple[Api, Probe],
) -> None:
    api, probe = right
    assert [] == probe.sightings

    sizes = {size for item in api.requests for size in item.query.get("page_size", ())}
    assert {"99", "101"} & sizes
    ids = {session for user in api.users.values() for session in user.sessions}
    asked = {item.path.removeprefix("/sessions/") for item in api.requests}
    assert [text for text in asked - ids for known in ids if known[:30] in text]


@pytest.mark.slow
def test_generated_requests_include_values_that_the_document_does_not_allow(
    right: tuple[Api, Probe],
) -> None:
    api, _ = right
    assert {"GET", "POST", "PATCH"} == {item.method for item in api.requests}
    assert any(item.body[:1] not in (b"{", b"") for item in api.requests)


@pytest.mark.slow
def test_each_generated_request_can_be_sent_again_to_other_sessions(
    right: tuple[Api, Probe],
) -> None:
    api, probe = right

    (user,) = (user for user in api.users.values() if user.sessions)
    sent = [request.target for request in probe.history]
    assert not [known for known in user.sessions for target in sent if known in target]


def long_duration(request: Request, handle: Handler) -> Response:
    """Fail for a number that only a random request sends."""
    reply = handle(request)
    lasts = request.method == "PATCH" and reply.status == 200
    if lasts and 0.4 < reply.content["session"]["duration"] < 0.6:
        return respond(500, {"detail": {"msg": "broken", "type": "Error"}})
    return reply


def forgets(request: Request, handle: Handler) -> Response:
    """Fail where a rule sees it: no update is done."""
    return respond(500, {}) if request.method == "PATCH" else handle(request)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few scripts come before the generated requests."""
    monkeypatch.setattr(_run, "SCRIPTS", SCRIPTS[:5])


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_a_finding_of_generated_requests_is_shortened_and_confirmed(judged: Judged) -> None:
    (finding,) = judged(long_duration, max_examples=12).findings

    assert ("no-server-error", "updateSession") == (finding.rule, finding.operation)
    assert "confirmed" == finding.stability
    create, update = finding.requests
    assert create.startswith("s")
    assert "-X PATCH" in update


def test_the_time_budget_limits_the_generation_too(api: Api) -> None:
    started = time.monotonic()
    with pytest.raises(OutOfPatienceError):
        invented(api, seconds=2, examples=100_000)
    assert time.monotonic() - started < 10


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_the_findings_of_the_rules_are_kept_when_schemathesis_fails(
    judged: Judged, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")

    verdict = judged(forgets, max_examples=1)

    assert verdict.findings
    assert [note for note in verdict.notes if "Schemathesis failed (exit code 1)" in note]


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_no_server_conforms_when_schemathesis_fails(
    judged: Judged, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(CannotJudgeError, match=r"heidi_conformance\.breadth strict 1 1` says"):
        judged(max_examples=1)


def test_the_generation_ends_with_the_process_that_asked_for_it() -> None:
    program = """
from heidi_conformance._settings import Plan
from heidi_conformance.breadth import Inventor
plan = Plan("http://127.0.0.1:1", "strict", {"first": "t"}, max_examples=100_000)
with Inventor(plan) as inventor:
    print(inventor.process.pid, flush=True)
    inventor.process.wait()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as judge:
        assert judge.stdout is not None
        inventing = int(judge.stdout.readline())
        assert running(inventing)
        os.kill(judge.pid, signal.SIGKILL)
    until = time.monotonic() + 30
    while running(inventing) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(inventing)


@pytest.mark.slow
def test_what_was_invented_is_kept_for_the_usual_seed_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    for seed in (SEED, SEED + 1):
        assert invented(api, examples=1, seed=seed).history
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert invented(api, examples=1).history
    with pytest.raises(NothingInventedError):
        invented(api, examples=1, seed=SEED + 1)
    (kept,) = tmp_path.glob("heidi-conformance/*")
    for damaged in ("[", '[["GET", "/", 5, "", []]]'):
        kept.write_text(damaged)
        with pytest.raises(NothingInventedError):
            invented(api, examples=1)


def running(number: int) -> bool:
    """Whether a process runs, and is not just left in the table of processes."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
