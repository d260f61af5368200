"""One cause is one card, with requests that reproduce it, whichever rule found it."""

import itertools
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from heidi_conformance import Verdict, judge
from heidi_conformance._wire import Wire
from heidi_conformance.contract._operations import LIST
from heidi_conformance.evidence import _reduce
from heidi_conformance.evidence._findings import Case, Cases
from heidi_conformance.evidence._history import Request, create, listing, paged, read, update
from heidi_conformance.evidence._reduce import Proof, Reducer
from heidi_conformance.oracle import Violation
from heidi_conformance.run._probe import Limits, Setting, Sighting, replay
from heidi_conformance.run._run import Run

from . import faults
from .conftest import new_api
from .faults.simple import TOKEN
from .reference import Api, Handler, RefusalError, Response, User, new_session, respond, serving
from .reference import Request as Received
from .standing import plan

PLANTED = {planted.id: planted for planted in faults.CATALOGUE}
# For each fault: the rules whose scripts show its consequences, and those that name it.
CARDS = {
    "ids.grouped_in_update": (("reading", "new-session", "one-session"), {"answer-schema"}),
    "transport.byte_order_mark": (("error-shape",), {"json-answers"}),
    "transport.missing_session_is_410": (("own-sessions",), {"unknown-id"}),
    "views.no_demographics_in_list": (
        ("rejected-update", "update-listed", "own-sessions"),
        {"update-listed"},
    ),
    "views.no_region_in_list": (("values",), {"update-listed"}),
    "views.answers_the_defaults": (("update-read", "update-listed"), {"update-keeps"}),
    "validation.wrong_member_is_400": (
        ("body-shape", "no-coercion"),
        {"body-shape", "no-coercion", "values"},
    ),
}


def judged_as_planted(name: str, rules: tuple[str, ...]) -> Verdict:
    api = PLANTED[name].server()
    first, second, unlinked = (
        api.token("clinician@example.com", "1"),
        api.token("other@example.com", "2"),
        api.token("nobody+unlinked@example.com", "3"),
    )
    with serving(api.handle) as url:
        return judge(
            url,
            level="strict",
            token=first,
            other_token=second,
            unlinked_token=unlinked,
            rules_only=True,
            rules=rules,
        )


# For each fault: the rules whose scripts show it, and what is said of it first.
SAID_FIRST = {
    "validation.thirtieth_of_february": (
        ("values", "answer-schema"),
        "updateSession accepts an invalid `patient.dob`",
    ),
    "tenants.creates_for_linked_only": (
        ("forbidden",),
        "createSession responds with 403 to a user who is not linked, which only a list does",
    ),
    "tenants.counts_all": (
        (),
        f"{LIST} tells a `total_count` that is not the number of sessions of the caller",
    ),
    "robustness.crash_nul_in_path": (
        ("no-server-error",),
        "getSession responds with 500 to an invalid request",
    ),
    "fidelity.sixty_four_bits": (
        ("numbers",),
        "updateSession shows `duration` changed in the response to the update that sends it",
    ),
    "auth.bare_token": (
        ("token-needed",),
        "createSession accepts a request with a token of another scheme than `Bearer`",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID_FIRST)
def test_the_cause_is_said_first(name: str) -> None:
    asked, title = SAID_FIRST[name]
    first, *_ = judged_as_planted(name, asked).findings
    assert title == first.title


@pytest.mark.slow
@pytest.mark.parametrize("name", CARDS)
def test_a_fault_with_one_cause_is_one_confirmed_card(name: str) -> None:
    asked, named = CARDS[name]
    findings = judged_as_planted(name, asked).findings

    assert sorted(named) == sorted(finding.rule for finding in findings)
    assert {"confirmed"} == {finding.stability for finding in findings}
    assert all(len(finding.requests) <= 5 for finding in findings)


@pytest.mark.slow
def test_an_instant_that_moves_when_it_is_read_is_blamed_on_reading_alone() -> None:
    findings = judged_as_planted("timestamps.reading_touches", ("reading", "own-sessions")).findings

    assert {"reading"} == {finding.rule for finding in findings}


def test_a_page_that_contradicts_itself_is_not_said_to_be_too_short() -> None:
    rules = ("next-page", "page-size", "full-pages")
    findings = judged_as_planted("paging.empty_next_at_the_end", rules).findings

    assert "next-page" == findings[0].rule
    assert not {"page-size", "full-pages"} & {finding.rule for finding in findings}


def test_a_session_that_never_shows_is_one_card_for_each_operation() -> None:
    findings = judged_as_planted("ids.other_id_in_creation", ("media-type", "json-syntax")).findings

    assert {"created-exists"} == {item.rule for item in findings}
    assert ["getSession", "updateSession"] == sorted(item.operation for item in findings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ids.sequential", "id-random"),
        ("ids.rounded_in_list", "walks"),
        ("tenants.fills_up_with_others", "own-list"),
        ("tenants.lists_all", "own-list"),
    ],
)
def test_a_finding_that_needs_many_sessions_is_confirmed(name: str, rule: str) -> None:
    findings = judged_as_planted(name, (rule,)).findings

    first = next(item for item in findings if item.rule == rule)
    assert "confirmed" == first.stability


def test_an_instant_that_moved_is_another_one_than_before() -> None:
    findings = judged_as_planted("timestamps.reading_touches", ("reading",)).findings

    words = {(finding.expected, finding.got) for finding in findings if finding.rule == "reading"}
    assert {("a string, as it was before", "another string")} == words


def test_what_reading_moves_is_not_blamed_on_a_rejected_update() -> None:
    rules = ("reading", "rejected-update", "one-session")
    findings = judged_as_planted("timestamps.first_read_touches", rules).findings

    assert {"reading"} == {finding.rule for finding in findings}


@pytest.mark.parametrize("name", ["updated_not_with_patient", "updated_not_with_consent"])
def test_an_instant_that_some_updates_do_not_move_is_not_blamed_on_reading(name: str) -> None:
    rules = ("updated-at", "reading", "update-keeps", "update-read")
    findings = judged_as_planted(f"timestamps.{name}", rules).findings

    assert ["updated-at"] == [finding.rule for finding in findings]


@pytest.mark.parametrize(("name", "rule"), [("bidi", "strings"), ("escapes_html", "update-answer")])
def test_what_many_strings_at_once_show_is_one_card_with_one_of_them(name: str, rule: str) -> None:
    (finding,) = judged_as_planted(f"fidelity.{name}", ("strings",)).findings

    assert (rule, "confirmed") == (finding.rule, finding.stability)
    assert all(len(line) < 1500 for line in finding.requests)


def test_a_refusal_of_what_changes_nothing_is_not_blamed_on_others_at_the_same_time() -> None:
    findings = judged_as_planted("patch.same_again_is_refused", ("concurrent",)).findings

    assert {"declared-status"} == {finding.rule for finding in findings}


@pytest.mark.parametrize(
    ("words", "expected", "got"),
    [
        ("link first", "error: no linked user", "another message"),
        ("error: no linked user", "NoLinkedUserException", "another type"),
    ],
)
def test_a_refusal_without_a_link_is_told_apart_by_type_and_message(
    words: str, expected: str, got: str
) -> None:
    kind = "NoLinkedUserException" if got == "another message" else "Forbidden"

    def handle(request: Received) -> Response:
        reply = api.handle(request)
        told = {"detail": {"msg": words, "type": kind}}
        return reply if reply.status != 403 else reply.but(content=told)

    api = Api()
    unlinked = api.token("nobody+unlinked@example.com", "3")
    with serving(handle) as url:
        token = api.token()
        verdict = judge(
            url, level="strict", token=token, unlinked_token=unlinked, rules=("unlinked",)
        )

    (finding,) = verdict.findings
    assert ("unlinked/error", expected, got) == (finding.code, finding.expected, finding.got)


@pytest.mark.parametrize(
    ("name", "told"),
    [("transport.page_for_browsers", "json-answers"), ("transport.bare_list", "answer-schema")],
)
def test_counts_are_not_judged_in_a_response_that_is_not_a_page(name: str, told: str) -> None:
    findings = judged_as_planted(name, ("works", "walks", "counts", "totals")).findings

    assert {told} == {finding.rule for finding in findings}


def test_a_report_says_that_the_budget_for_reproducers_was_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_reduce, "FOR_ALL", 5)
    verdict = judged_as_planted("views.answers_the_defaults", ("update-read",))
    assert {"untried"} == {item.stability for item in verdict.findings}
    assert any("requests for reproducers were used up" in note for note in verdict.notes)


# --- what a reproducer says about itself ---


def on_one_connection(api: Api) -> Handler:
    """Fail on every second request of a connection."""
    known: set[int] = set()

    def handle(request: Received) -> Response:
        again = request.connection in known
        known.add(request.connection)
        return respond(500, {}) if again and request.method == "GET" else api.handle(request)

    return handle


def in_haste(api: Api) -> Handler:
    """Fail where a request comes soon after the previous one."""
    times = [0.0]

    def handle(request: Received) -> Response:
        times.append(time.monotonic())
        soon = times[-1] - times[-2] < 0.5
        return respond(500, {}) if soon and request.method == "GET" else api.handle(request)

    return handle


def at_once(api: Api) -> Handler:
    """Fail where two updates overlap."""
    both = threading.Barrier(2)

    def handle(request: Received) -> Response:
        if request.method != "PATCH":
            return api.handle(request)
        try:
            return respond(500, {}) if both.wait(2) else api.handle(request)
        except threading.BrokenBarrierError:
            both.reset()
            return api.handle(request)

    return handle


def on_page_two(api: Api) -> Handler:
    """Fail on every page but the first, and have more than one."""
    for _ in range(101):
        api.handle(Received("POST", "/sessions", {}, {"authorization": f"Bearer {TOKEN}"}, b""))
    return lambda request: respond(500, {}) if "page" in request.query else api.handle(request)


def at_times(api: Api) -> Handler:
    """Fail now and then."""
    numbers = itertools.count()
    return lambda request: respond(500, {}) if next(numbers) in (1, 3) else api.handle(request)


READING = (create("s1", {}), read("s1"))
UPDATES = tuple(update("s1", {"duration": number}, batch=2) for number in (1, 2))
NOTES = {
    "one connection": (on_one_connection, READING, "one connection"),
    "milliseconds": (in_haste, READING, "within a few milliseconds"),
    "at once": (at_once, (READING[0], *UPDATES), ""),
    "many sessions": (
        on_page_two,
        (listing(paged(100)), listing(paged(100, "{next}"))),
        "101 or more sessions",
    ),
    "at times": (at_times, READING, ""),
}


def proof(
    handle: Handler,
    history: tuple[Request, ...],
    key: str = "",
    before: tuple[Request, ...] = (),
) -> Proof:
    """Return what is printed of the last violation that some requests show.

    before: what the run sent before them.
    """
    with serving(handle) as url, Wire(url) as wire:
        setting, limits = Setting("strict", {"first": TOKEN}, key=key), Limits(50)
        seen = replay(wire, setting, limits, [*before, *history])[-1]
        at, first = seen.at - len(before), (*before, *history)
        case = Case(seen.violation, history, at, seen.about, first, refused=False)
        return Reducer(wire, setting, limits, time.monotonic() + 60).proof(case)


ONE = update("s1", {"transcribe_mode": "one"})


@pytest.mark.parametrize(
    "between",
    [
        (ONE, update("s1", {"duration": "x"})),
        (replace(ONE, batch=1), read("s1"), create("s2")),
    ],
    ids=["after a rejected update", "after an update at the same time as others"],
)
def test_what_a_list_does_not_show_yet_is_blamed_on_the_list(between: tuple[Request, ...]) -> None:
    # Long enough for a busy machine.
    server = type("Lagging", (PLANTED["views.list_lags"].server,), {"lag": 60})
    api = server()
    token = api.token("clinician@example.com", "1")
    history = [create("s1"), *between, listing(paged(100))]
    with serving(api.handle) as url, Wire(url) as wire:
        seen = replay(wire, Setting("strict", {"first": token}), Limits(2), history)

    assert {"update-listed", "updated-at"} == {sighting.violation.rule for sighting in seen}


def test_a_page_that_is_kept_is_not_blamed_on_an_update_of_another_session() -> None:
    api = PLANTED["views.pages_are_kept"].server()
    ten, all_ = listing(paged(10)), listing(paged(100))
    changes = [update("s1", {"is_consent": given}) for given in (False, True)]
    history = [
        *(create("s1"), create("s2"), changes[0], ten),
        *(changes[1], all_, update("s2", {"is_consent": False}), ten),
    ]
    with serving(api.handle) as url, Wire(url) as wire:
        seen = replay(wire, Setting("strict", {"first": api.token()}), Limits(2), history)

    assert {"update-listed", "updated-at"} == {sighting.violation.rule for sighting in seen}


@pytest.mark.slow
@pytest.mark.parametrize("needed", NOTES)
def test_a_finding_that_needs_more_than_its_requests_says_so_and_is_not_confirmed(
    needed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine needs more time than curl does.
    monkeypatch.setattr(_reduce, "PACES", ((0.6, ""), *_reduce.PACES[1:]))
    server, history, note = NOTES[needed]

    made = proof(server(new_api()), history)
    assert "flaky" == made.stability
    assert note in made.note
    # A race may not show again at all.
    assert note or made.note in ("", _reduce.LOST)
    assert {*made.requests} <= {*history}


def test_the_printed_requests_create_the_sessions_that_a_list_needs() -> None:
    api = new_api()
    api.handle(Received("POST", "/sessions", {}, {"authorization": f"Bearer {TOKEN}"}, b""))

    def without_duration(request: Received) -> Response:
        reply = api.handle(request)
        if request.method == "GET":
            content = reply.content
            for item in content["sessions"]:
                del item["duration"]
            reply = reply.but(content=content)
        return reply

    made = proof(without_duration, (listing(paged(1)),))
    assert ("confirmed", ["create", "list"]) == (
        made.stability,
        [request.action for request in made.requests],
    )


def test_the_printed_requests_create_as_many_sessions_as_a_second_page_takes() -> None:
    made = proof(on_page_two(new_api()), (listing(paged(10)), listing(paged(10, "{next}"))))

    assert ("confirmed", "") == (made.stability, made.note)
    assert ["create"] * 11 + ["list"] * 2 == [request.action for request in made.requests]


def test_what_a_list_hides_at_once_is_blamed_on_the_list() -> None:
    findings = judged_as_planted("views.no_appointment_in_list", ("update-listed",)).findings

    assert ("update-listed", "listLinkedUserSessions") == (findings[0].rule, findings[0].operation)
    assert findings[0].title.endswith("where another operation showed it right")


def test_requests_that_showed_nothing_at_first_are_extended() -> None:
    findings = judged_as_planted("tenants.linked_by_creating", ("unlinked",)).findings

    (finding,) = (item for item in findings if item.rule == "unlinked")
    assert "confirmed" == finding.stability
    assert ["POST", "GET"] == [line.split("-X ")[1].split()[0] for line in finding.requests]


class OneForEachAppointment(Api):
    """An update is refused that names the appointment of another session of the user."""

    def update(self, user: User, session_id: str, request: Received) -> Any:
        sent = self.parsed(request).get("ehr_appt_id")
        others = [s for name, s in user.sessions.items() if name != session_id]
        if any(other["ehr_appt_id"] == sent for other in others):
            raise RefusalError(422, "ValidationError", "body.ehr_appt_id is taken")
        return super().update(user, session_id, request)


FIRST = (create("s1"), update("s1", {"ehr_appt_id": "A"}))
SECOND = (create("s2"), update("s2", {"ehr_appt_id": "A"}))


@pytest.mark.parametrize(
    ("history", "stability", "note"),
    [((*FIRST, *SECOND), "confirmed", ""), (SECOND, "flaky", _reduce.KEPT)],
    ids=["with its cause", "without"],
)
def test_with_a_key_new_users_confirm_that_the_printed_requests_are_enough(
    history: tuple[Request, ...], stability: str, note: str
) -> None:
    api = OneForEachAppointment()
    session = new_session("1", 1) | {"ehr_appt_id": "A"}
    api.tokens[TOKEN] = User(True, {"1": session})

    made = proof(api.handle, history, api.api_key)
    assert (stability, note, history) == (made.stability, made.note, made.requests)


def test_what_earlier_requests_of_the_run_caused_is_reproduced_with_them() -> None:
    api = OneForEachAppointment()
    api.tokens[TOKEN] = User(True, {})

    made = proof(api.handle, SECOND, api.api_key, before=FIRST)
    assert ("confirmed", "", (*FIRST, *SECOND)) == (made.stability, made.note, made.requests)


def test_new_users_leave_sessions_for_the_users_that_were_given() -> None:
    api = OneForEachAppointment()
    session = new_session("1", 1) | {"ehr_appt_id": "A"}
    api.tokens[TOKEN] = User(True, {"1": session})

    before = tuple(create(f"s{number}") for number in range(10, 40))
    made = proof(api.handle, SECOND, api.api_key, before=before)
    assert ("flaky", _reduce.KEPT, SECOND) == (made.stability, made.note, made.requests)


def test_a_page_that_is_too_long_is_reproduced_with_the_sessions_it_takes() -> None:
    api = PLANTED["paging.default_of_twenty"].server()
    sessions = {str(number): new_session(str(number), number) for number in range(15)}
    api.tokens[TOKEN] = User(True, sessions)

    made = proof(api.handle, (listing(),), api.api_key)
    assert "confirmed" == made.stability
    *creations, last = made.requests
    assert listing() == last
    assert {"POST"} == {request.method for request in creations}
    assert len(creations) > 10


def test_the_shortest_way_to_a_violation_is_kept_for_each_number_of_writes_before_it() -> None:
    cases = Cases()
    long, longer = [create("s1"), listing()], [create("s2"), read("s2"), listing()]
    for history in (longer, [listing()], long):
        cases.add(Sighting(Violation("counts", LIST), len(history) - 1), history)

    (case,) = cases.known.values()
    assert [([listing()], 0, ""), (long, 1, "")] == case.paths
    assert tuple(longer) == case.first


@pytest.mark.parametrize(
    ("place", "left"),
    [("$.session.patient.dob", ["values"]), ("$.session.dob", ["answer-schema", "values"])],
)
def test_a_value_that_was_let_in_explains_its_own_place_alone(place: str, left: list[str]) -> None:
    cases, history = Cases(), [update("s1", {}), read("s1")]
    accepted = Violation("values/accepted", "updateSession", "patient.dob")
    for at, violation in enumerate((accepted, Violation("answer-schema", "getSession", place))):
        cases.add(Sighting(violation, at), history)

    assert left == sorted(case.violation.rule for case in cases.apart())


def test_what_waits_is_proven_last() -> None:
    proven: list[str] = []

    class Proving(Run):
        def proof(self, reducer: Reducer, case: Case) -> Proof:
            proven.append(case.violation.rule)
            return Proof((), "untried")

    with Wire("http://127.0.0.1:1") as wire:
        run = Proving(plan("http://127.0.0.1:1", "strict", {"key": ""}), lambda _: None)
        for rule, pause in (("reading", 2.0), ("update-read", 0.008), ("counts", 0.0)):
            history = [replace(listing(), pause=pause)]
            run.cases.add(Sighting(Violation(rule, LIST), 0), history)
        list(run.proven(wire))
    assert ["update-read", "counts", "reading"] == proven


def test_of_two_mistakes_in_one_request_neither_is_blamed_for_the_wrong_status() -> None:
    api = Api()

    def refuses_words(received: Received) -> Response:
        word = received.path.rpartition("/")[2].startswith("x")
        return RefusalError(400, "NotANumber", "no").response if word else api.handle(received)

    wrong = {"duration": "sixty"}
    with serving(refuses_words) as url, Wire(url) as wire:
        setting = Setting("strict", {"first": api.token()})
        requests = [create("s1"), update("x", wrong), update("s1", wrong), read("x")]
        seen = replay(wire, setting, Limits(9), requests)
    assert [("unknown-id/status", 3)] == [(item.violation.code, item.at) for item in seen]


def test_what_shows_a_session_of_earlier_requests_is_not_confirmed_by_later_ones() -> None:
    api = Api()
    user = api.tokens[token := api.token()]

    def by_appointment(request: Received) -> Response:
        wanted = request.path.rpartition("/")[2]
        named = [name for name, s in user.sessions.items() if s["ehr_appt_id"] == wanted]
        return api.handle(replace(request, path=f"/sessions/{named[0]}") if named else request)

    history = (read("A1"),)
    with serving(by_appointment) as url, Wire(url) as wire:
        setting, limits = Setting("strict", {"first": token}), Limits(50)
        replay(wire, setting, limits, [create(f"s{number}") for number in (1, 2)])
        replay(wire, setting, limits, [create("s1", {"ehr_appointment_id": "A1"})])
        seen = replay(wire, setting, limits, [*history])[-1]
        case = Case(seen.violation, history, seen.at, seen.about)
        made = Reducer(wire, setting, limits, time.monotonic() + 60).proof(case)

    assert ("flaky", _reduce.KEPT) == (made.stability, made.note)


def codes(api: Api, *requests: Request) -> list[str]:
    """Return what some requests of two users show."""
    tokens = {"first": api.token(), "second": api.token("other@example.com", "2")}
    with serving(api.handle) as url, Wire(url) as wire:
        seen = replay(wire, Setting("strict", tokens), Limits(30), [*requests])
    return [sighting.violation.code for sighting in seen]


def test_a_page_whose_token_ends_with_a_slash_is_judged_like_any_other() -> None:
    class Slashes(Api):
        def start(self, request: Received) -> int:
            asked = {name: [text.rstrip("/") for text in of] for name, of in request.query.items()}
            return super().start(replace(request, query=asked))

        def page(self, user: User, request: Received) -> Any:
            page = super().page(user, request)
            token = page["next_page"]
            return page | {"next_page": token and f"{token}/"}

    class Miscounting(Slashes):
        def page(self, user: User, request: Received) -> Any:
            return super().page(user, request) | ({"count": 7} if "page" in request.query else {})

    walk = (create("s1"), create("s2"), listing(paged(1)), listing(paged(1, "{next}")))
    assert [] == codes(Slashes(), *walk)
    assert ["counts"] == codes(Miscounting(), *walk)


def test_what_succeeds_at_an_id_with_an_encoded_slash_is_about_the_resource() -> None:
    class Decoding(Api):
        def handle(self, request: Received) -> Response:
            return super().handle(replace(request, path=request.path.removesuffix("%2F")))

    def at_slash(request: Request) -> Request:
        return replace(request, target=f"{request.target}%2F")

    changed = at_slash(update("s1", {"duration": 60}))
    assert [] == codes(Decoding(), create("s1"), changed, at_slash(read("s1")), read("s1"))
    foreign = replace(at_slash(read("s1")), user="second")
    faulty = PLANTED["tenants.reads_all_at_slash"].server()
    assert ["own-sessions/shows"] == codes(faulty, create("s1"), foreign)


def test_success_without_a_resource_is_not_said_to_show_one() -> None:
    class Empty(Api):
        def handle(self, request: Received) -> Response:
            reply = super().handle(request)
            return respond(200, {"session": None}) if reply.status == 404 else reply

    foreign = replace(read("s1"), user="second")
    assert ["answer-schema/type", "own-sessions/accepted"] == codes(Empty(), create("s1"), foreign)


WALK = (listing(paged(1)), *[listing(paged(1, "{next}"))] * 25)


def test_a_walk_that_a_page_contradicts_is_not_said_to_be_endless() -> None:
    class Contradicting(Api):
        def page(self, user: User, request: Received) -> Any:
            page = super().page(user, request)
            return page if page["next_page"] else page | {"next_page": "0"}

    assert {"next-page"} == {*codes(Contradicting(), create("s1"), *WALK)}


def test_a_walk_that_goes_beyond_a_wrong_total_is_not_said_to_be_endless() -> None:
    class Few(Api):
        def page(self, user: User, request: Received) -> Any:
            return super().page(user, request) | {"total_count": 1}

    created = [create(f"s{number}") for number in range(25)]
    assert ["walks/more"] == codes(Few(), *created, *WALK[:25])


class Capped(Api):
    """A list ends after some sessions."""

    most = 14

    def ordered(self, user: User) -> list[Any]:
        return super().ordered(user)[: self.most]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["totals", "walks"])
def test_a_reproducer_creates_as_many_sessions_as_the_violation_needs(rule: str) -> None:
    api = Capped()
    with serving(api.handle) as url:
        verdict = judge(
            url,
            level="strict",
            token=api.token(),
            api_key=api.api_key,
            rules_only=True,
            rules=("totals", "full-pages", "walks", "page-size"),
        )
    (finding,) = [item for item in verdict.findings if item.rule == rule]
    created = sum("-X POST" in line for line in finding.requests)
    assert "confirmed" == finding.stability
    assert Capped.most < created <= 2 * Capped.most
