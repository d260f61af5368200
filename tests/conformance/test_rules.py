"""Every rule catches a fault, by the rules alone."""
# ruff: noqa: E501  # the table of faults reads better in rows

import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from heidi_conformance import Level, Verdict, judge
from heidi_conformance._findings import Case
from heidi_conformance._history import listing
from heidi_conformance._probe import Limits, Setting
from heidi_conformance._reduce import Reducer
from heidi_conformance._wire import Wire
from heidi_conformance.contract._operations import ISSUE
from heidi_conformance.oracle import Violation
from heidi_conformance.rules import RULES, SCRIPTS, TABLE

from . import faults
from .faults.simple import TOKEN, is_session
from .reference import (
    Answer,
    Api,
    Fault,
    Handler,
    Request,
    User,
    answer,
    faulty,
    new_session,
    serving,
)

LIST = "/sessions/linked-user"
Session = dict[str, Any]


def api_of(handle: Handler) -> Api:
    """Return the server behind a handler."""
    return cast("Api", cast("Any", handle).__self__)


def user_of(request: Request, handle: Handler) -> User:
    token = request.headers.get("authorization", "").rpartition(" ")[2]
    return api_of(handle).tokens.get(token, User(linked=True))


def rules_of(fault: Fault, level: Level = "strict", rules: tuple[str, ...] = ()) -> Verdict:
    api = Api()
    api.tokens[TOKEN] = api.tokens[api.token()]
    with serving(faulty(api, fault)) as url:
        return judge(
            url,
            level=level,
            token=TOKEN,
            other_token=api.token("other@example.com", "2"),
            unlinked_token=api.token("nobody+unlinked@example.com", "3"),
            expired_token="expired-" + TOKEN,
            api_key=api.api_key,
            rules_only=True,
            rules=rules,
        )


def sent(request: Request) -> Session:
    """Return the body of an update, empty where it is none."""
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return cast("Session", value) if isinstance(value, dict) else {}


def tells(change: Callable[[Session], object], *methods: str) -> Fault:
    """Return a fault that changes the sessions that an answer shows, and nothing else."""

    def fault(request: Request, handle: Handler) -> Answer:
        reply = handle(request)
        if reply.status != 200 or (methods and request.method not in methods):
            return reply
        content = reply.content
        for session in (
            [content["session"]] if "session" in content else content.get("sessions", [])
        ):
            change(session)
        return reply.but(content=content)

    return fault


def pages(change: Callable[[Session, Request], object]) -> Fault:
    """Return a fault that changes the pages of the list."""

    def fault(request: Request, handle: Handler) -> Answer:
        reply = handle(request)
        if request.path != LIST or reply.status != 200:
            return reply
        content = reply.content
        change(content, request)
        return reply.but(content=content)

    return fault


def errors(status: int, changed: Answer | Callable[[Answer], Answer]) -> Fault:
    """Return a fault that answers a status in another way."""

    def fault(request: Request, handle: Handler) -> Answer:
        reply = handle(request)
        if reply.status != status:
            return reply
        return changed(reply) if callable(changed) else changed

    return fault


def error(status: int, kind: str = "Error", msg: str = "no") -> Answer:
    return answer(status, {"detail": {"msg": msg, "type": kind}})


def without(name: str) -> Fault:
    """Return a fault that forgets a member of every update."""

    def fault(request: Request, handle: Handler) -> Answer:
        body = sent(request)
        if request.method == "PATCH" and name in body:
            rest = {key: value for key, value in body.items() if key != name}
            return handle(replace(request, body=json.dumps(rest).encode()))
        return handle(request)

    return fault


def rewrites(change: Callable[[Session], object]) -> Fault:
    """Return a fault that changes the body of every update before it is looked at."""

    def fault(request: Request, handle: Handler) -> Answer:
        body = sent(request)
        if is_session(request, "PATCH") and body:
            change(body)
            return handle(replace(request, body=json.dumps(body).encode()))
        return handle(request)

    return fault


def as_another(request: Request, handle: Handler) -> Answer:
    """Find the sessions of every user, for everybody."""
    reply = handle(request)
    if reply.status != 404 or not is_session(request, "GET", "PATCH"):
        return reply
    api = api_of(handle)
    for token in list(api.tokens):
        other = handle(
            replace(request, headers={**request.headers, "authorization": f"Bearer {token}"})
        )
        if other.status == 200 and user_of(request, handle).linked:
            return other
    return reply


def lists_all(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if request.path != LIST or reply.status != 200 or reply.content["next_page"]:
        return reply
    content = reply.content
    others = [
        session for user in api_of(handle).users.values() for session in user.sessions.values()
    ]
    content["sessions"] = [*content["sessions"], *others[:1]]
    return reply.but(content=content)


def foreign_is_forbidden(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    session_id = request.path.rpartition("/")[2]
    known = any(session_id in user.sessions for user in api_of(handle).users.values())
    if reply.status == 404 and known:
        return error(404, "SessionNotFoundError", "not yours")
    return reply


def partly_applied(request: Request, handle: Handler) -> Answer:
    """Keep the duration of an update that is refused for another member."""
    reply = handle(request)
    duration = sent(request).get("duration")
    if reply.status == 422 and is_session(request, "PATCH") and isinstance(duration, int):
        session = user_of(request, handle).sessions.get(request.path.rpartition("/")[2], {})
        session["duration"] = duration
    return reply


def keeps_unknown(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if reply.status == 200 and request.method == "PATCH":
        session_id = request.path.rpartition("/")[2]
        session = user_of(request, handle).sessions[session_id]
        session |= {name: item for name, item in sent(request).items() if name.startswith("x_")}
        return answer(200, {"session": session})
    return reply


def wrong_target(request: Request, handle: Handler) -> Answer:
    """Write the duration into the session before as well."""
    reply = handle(request)
    if reply.status == 200 and "duration" in sent(request):
        sessions = user_of(request, handle).sessions
        at = list(sessions).index(request.path.rpartition("/")[2])
        list(sessions.values())[at - 1]["duration"] = reply.content["session"]["duration"]
    return reply


def stale_reading(request: Request, handle: Handler) -> Answer:
    """Show a session as it was before its last update."""
    cache: dict[str, Session] = cast("Any", api_of(handle)).__dict__.setdefault("cache", {})
    before = (
        handle(replace(request, method="GET", body=b"")) if is_session(request, "PATCH") else None
    )
    reply = handle(request)
    if before is not None and before.status == 200:
        cache[request.path] = before.content
    if is_session(request, "GET") and reply.status == 200 and request.path in cache:
        return reply.but(content=cache.pop(request.path))
    return reply


def reading_counts(request: Request, handle: Handler) -> Answer:
    if is_session(request, "GET"):
        session = user_of(request, handle).sessions.get(request.path.rpartition("/")[2])
        if session is not None:
            session["updated_at"] = (
                session["updated_at"][:-6] + f"{int(time.time() * 1e6) % 10**6:06}"
            )
    return handle(request)


def lost_update(request: Request, handle: Handler) -> Answer:
    """Let every update start from what was last read, whatever was written since."""
    api = api_of(handle)
    read: dict[str, Session] = cast("Any", api).__dict__.setdefault("last_read", {})
    session_id = request.path.rpartition("/")[2]
    with api.lock:  # requests overlap
        if is_session(request, "PATCH") and session_id in read:
            user_of(request, handle).sessions[session_id] = dict(read[session_id])
        reply = handle(request)
        if is_session(request, "GET") and reply.status == 200:
            read[session_id] = reply.content["session"]
    return reply


def skips_on_insertion(request: Request, handle: Handler) -> Answer:
    """Put new sessions first, and count pages from there."""
    if request.path == LIST:
        user = user_of(request, handle)
        ordered = dict(
            sorted(user.sessions.items(), key=lambda item: item[1]["created_at"], reverse=True)
        )
        user.sessions = ordered
    return handle(request)


def repeats_ids(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if request.path == "/sessions" and reply.status == 200:
        first = next(iter(user_of(request, handle).sessions))
        return reply.but(content={"session_id": first})
    return reply


def counting_ids() -> Fault:
    numbers = iter(range(10**37, 10**38))

    def fault(request: Request, handle: Handler) -> Answer:
        api_of(handle).new_id = lambda: str(next(numbers))
        return handle(request)

    return fault


def form_of_ids(request: Request, handle: Handler) -> Answer:
    api_of(handle).new_id = lambda: f"ses-{time.time_ns()}"
    return handle(request)


def trimmed_id(request: Request, handle: Handler) -> Answer:
    if is_session(request, "GET", "PATCH"):
        path = re.sub(r"(%20|%09|%0A)+$", "", request.path)
        return handle(replace(request, path=path))
    return handle(request)


def unknown_is_empty(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if reply.status == 404 and is_session(request, "GET"):
        session_id = request.path.rpartition("/")[2]
        return answer(200, {"session": new_session(session_id, 1)})
    return reply


def unlinked_list(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if reply.status == 403:
        empty = {
            "sessions": [],
            "count": 0,
            "total_count": 0,
            "next_page": None,
            "has_next_page": False,
        }
        return answer(200, empty)
    return reply


def busy(**headers: str) -> Fault:
    """Ask for patience now and then, without a number that says how much."""
    state = {"requests": 0, "told": 0}

    def fault(request: Request, handle: Handler) -> Answer:
        state["requests"] += 1
        if state["requests"] % 40 == 0 and state["told"] < 1:
            state["told"] += 1
            return error(429).but(
                headers={name.replace("_", "-"): text for name, text in headers.items()}
            )
        return handle(request)

    return fault


def expired_is_valid(request: Request, handle: Handler) -> Answer:
    text = request.headers.get("authorization", "").replace("expired-", "")
    return handle(replace(request, headers={**request.headers, "authorization": text}))


def any_case_of_token(request: Request, handle: Handler) -> Answer:
    tokens = {token.lower(): token for token in api_of(handle).tokens}
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    token = tokens.get(given.lower(), given)
    return handle(
        replace(request, headers={**request.headers, "authorization": f"{scheme} {token}"})
    )


def before_token(request: Request, handle: Handler) -> Answer:
    """Look at the body before the token."""
    if request.body and request.headers.get("content-type", "") != "application/json":
        return error(415)
    return handle(request)


def any_media_type(request: Request, handle: Handler) -> Answer:
    return handle(replace(request, headers={**request.headers, "content-type": "application/json"}))


def lax_json(request: Request, handle: Handler) -> Answer:
    body = (
        request.body.replace(b",}", b"}").replace(b"NaN", b"0")
        if len(request.body) < 99
        else request.body
    )
    return handle(replace(request, body=body))


def any_root(request: Request, handle: Handler) -> Answer:
    return handle(
        replace(request, body=b"{}" if request.body in (b"[]", b"null") else request.body)
    )


def no_limit(request: Request, handle: Handler) -> Answer:
    return handle(replace(request, body=request.body.replace(b"  ", b"")))


def any_size(request: Request, handle: Handler) -> Answer:
    query = {name: values for name, values in request.query.items() if name != "page_size"}
    size = request.query.get("page_size", ["10"])[-1]
    clamped = str(min(100, max(1, int(size)))) if re.fullmatch(r"-?[0-9]+", size) else "10"
    return handle(replace(request, query={**query, "page_size": [clamped]}))


def any_page(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if request.path == LIST and reply.status == 422 and "page" in request.query:
        return handle(replace(request, query={}))
    return reply


def big_pages(request: Request, handle: Handler) -> Answer:
    if request.path == LIST and "page_size" in request.query:
        return handle(replace(request, query={**request.query, "page_size": ["10"]}))
    return handle(request)


def quotes(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if reply.status == 422:
        msg = reply.content["detail"]["msg"] + ", not " + request.body.decode("utf-8", "replace")
        return error(422, "ValidationError", msg)
    return reply


def forgets_appointment(request: Request, handle: Handler) -> Answer:
    return handle(
        replace(request, body=b"{}")
        if request.path == "/sessions" and b"EHR" in request.body
        else request
    )


def upper_names(body: Session) -> None:
    patient = body.get("patient")
    if isinstance(patient, dict) and isinstance(patient.get("name"), str):
        patient["name"] = patient["name"].strip()


def of_three_bytes(body: Session) -> None:
    patient = body.get("patient")
    if isinstance(patient, dict) and isinstance(patient.get("name"), str):
        patient["name"] = re.sub("[^\u0000-\uffff]", "?", patient["name"])


def rounded(body: Session) -> None:
    if isinstance(body.get("duration"), float) and body["duration"] < 1:
        body["duration"] = round(body["duration"], 3)


def lax_dates(body: Session) -> None:
    patient = body.get("patient")
    if isinstance(patient, dict) and patient.get("dob") == "1990-02-30":
        patient["dob"] = "1990-03-02"


def replaces_patient(request: Request, handle: Handler) -> Answer:
    patient = sent(request).get("patient")
    if is_session(request, "PATCH") and isinstance(patient, dict) and handle(request).status == 200:
        session = user_of(request, handle).sessions[request.path.rpartition("/")[2]]
        session["patient"] = {"name": "", "gender": None, "dob": None} | patient
        return answer(200, {"session": session})
    return handle(request)


def writes_read_only(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if reply.status == 200 and isinstance(sent(request).get("session_name"), str):
        session = user_of(request, handle).sessions[request.path.rpartition("/")[2]]
        session["session_name"] = sent(request)["session_name"]
        return answer(200, {"session": session})
    return reply


def frozen_clock(session: Session) -> None:
    session["updated_at"] = session["created_at"]


def moving_birth(session: Session) -> None:
    session["created_at"] = session["updated_at"]


def any_key(request: Request, handle: Handler) -> Answer:
    if request.path == "/jwt":
        right = {"heidi-api-key": api_of(handle).api_key}
        request = replace(request, headers={**request.headers, **right})
    return handle(request)


def ends_in_berlin(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    return (
        reply.but(body=reply.body.replace(b'Z"', b'+01:00"')) if request.path == "/jwt" else reply
    )


CAUGHT: dict[str, tuple[str, Fault]] = {
    "answers": ("answers", faults.half_an_answer),
    "no-server-error": ("no-server-error", faults.crash_on_empty_text),
    "works": ("works", errors(200, lambda reply: reply if b"session_id" not in reply.body[:14] else error(400))),
    "json-answers": ("json-answers", faults.page_as_html),
    "answer-schema": ("answer-schema", faults.session_without_id),
    "no token": ("token-needed", faults.no_token_needed),
    "near token": ("token-needed", any_case_of_token),
    "token-first": ("token-first", before_token),
    "expired-token": ("expired-token", expired_is_valid),
    "challenge": ("challenge", faults.wrong_challenge),
    "key-needed": ("key-needed", any_key),
    "issued-token": ("issued-token", ends_in_berlin),
    "own-sessions": ("own-sessions", as_another),
    "own-list": ("own-list", lists_all),
    "unknown-alike": ("unknown-alike", foreign_is_forbidden),
    "unlinked": ("unlinked", unlinked_list),
    "forbidden": ("forbidden", errors(403, lambda reply: reply.but(status=404))),
    "methods": ("methods", faults.deletes),
    "allow": ("allow", faults.without_header("allow")),
    "media-type": ("media-type", any_media_type),
    "json-syntax": ("json-syntax", lax_json),
    "body-shape": ("body-shape", any_root),
    "body-size": ("body-size", no_limit),
    "rejected-update": ("rejected-update", partly_applied),
    "page-bound": ("page-bound", big_pages),
    "page-size": ("page-size", any_size),
    "page-token": ("page-token", any_page),
    "values": ("values", rewrites(lax_dates)),
    "no-coercion": ("no-coercion", faults.text_as_number),
    "unknown-members": ("unknown-members", keeps_unknown),
    "read-only members": ("unknown-members", writes_read_only),
    "update-answer": ("update-answer", without("language_code")),
    "update-keeps": ("update-keeps", replaces_patient),
    "update-read": ("update-read", stale_reading),
    "one-session": ("one-session", wrong_target),
    "update-listed": ("update-listed", pages(lambda page, _: [s.update(duration=1) for s in page["sessions"]])),
    "updated-at": ("updated-at", tells(frozen_clock)),
    "created-at": ("created-at", tells(moving_birth)),
    "reading": ("reading", reading_counts),
    "strings": ("strings", rewrites(upper_names)),
    "strings beyond U+FFFF": ("strings", rewrites(of_three_bytes)),
    "numbers": ("numbers", rewrites(rounded)),
    "appointment": ("appointment", forgets_appointment),
    "created-exists": ("created-exists", faults.lost_sessions),
    "unknown-id": ("unknown-id", unknown_is_empty),
    "id-form": ("id-form", form_of_ids),
    "id-unique": ("id-unique", repeats_ids),
    "id-random": ("id-random", counting_ids()),
    "exact-lookup": ("exact-lookup", trimmed_id),
    "counts": ("counts", pages(lambda page, _: page.update(count=page["total_count"]))),
    "totals": ("totals", pages(lambda page, _: page.update(total_count=min(12, page["total_count"])))),
    "next-page": ("next-page", pages(lambda page, _: page.update(has_next_page=True))),
    "next-page that is denied": ("next-page", pages(lambda page, _: page.update(has_next_page=False))),
    "full-pages": ("full-pages", pages(lambda page, _: page["next_page"] and (page["sessions"].pop(), page.update(count=page["count"] - 1)))),
    "walks": ("walks", skips_on_insertion),
    "concurrent": ("concurrent", lost_update),
    "error-shape": ("error-shape", errors(405, lambda reply: reply.but(body=b"no"))),
    "message-names": ("message-names", errors(422, error(422, "ValidationError", "invalid"))),
    "message-quotes": ("message-quotes", quotes),
    "new-session": ("new-session", tells(lambda session: session.update(ehr_appt_id=session["ehr_appt_id"] or ""))),
    "declared-status": ("declared-status", faults.undeclared_status),
    "retry-after": ("retry-after", busy()),
    "retry-after in words": ("retry-after", busy(retry_after="Sun, 22 Nov 2026 12:00:00 GMT")),
}  # fmt: skip


# Faults of the catalogue that name the rule that finds them.
NAMED = {item.id: (row, item) for item in faults.CATALOGUE for row in item.rows if row in RULES}


def test_every_rule_is_put_to_the_test() -> None:
    assert RULES.keys() == {rule for rule, _ in (*CAUGHT.values(), *NAMED.values())}


def test_every_rule_but_the_passive_ones_has_a_script() -> None:
    scripted = {rule for script in SCRIPTS for rule in script.rules}

    assert {"retry-after"} == RULES.keys() - scripted
    assert scripted <= RULES.keys()


@pytest.mark.parametrize(("rule", "fault"), CAUGHT.values(), ids=CAUGHT)
def test_a_fault_is_found_by_its_rule(rule: str, fault: Fault) -> None:
    verdict = rules_of(fault, rules=(rule,) if rule != "retry-after" else ("works", "walks"))

    found = {finding.rule: finding for finding in verdict.findings}
    assert rule in found
    finding = found[rule]
    assert (RULES[rule].row, RULES[rule].words) == (finding.row, finding.words.promise)
    assert finding.requests
    assert "failed" == next(
        item.result
        for item in verdict.outcomes
        if (item.rule, item.operation) == (rule, finding.operation)
    )


@pytest.mark.parametrize(("rule", "planted"), NAMED.values(), ids=NAMED)
def test_a_fault_that_names_its_rule_is_found_by_it(rule: str, planted: faults.Planted) -> None:
    api = planted.server()
    with serving(api.handle) as url:
        verdict = judge(
            url,
            level=planted.level,
            token=api.token(),
            other_token=api.token("other@example.com", "2"),
            rules_only=True,
            rules=(rule,),
        )

    assert rule in {finding.rule for finding in verdict.findings}


def test_rules_of_the_page_catch_their_faults_at_level_documented_too() -> None:
    names = (
        "answer-schema",
        "update-answer",
        "update-keeps",
        "update-read",
        "one-session",
        "page-bound",
        "no token",
        "own-list",
        "unlinked",
        "update-listed",
    )
    for name in names:
        rule, fault = CAUGHT[name]
        assert rule in {finding.rule for finding in rules_of(fault, "documented").findings}, name


@pytest.mark.parametrize(
    "name", ["concurrent", "created-at", "own-sessions", "rejected-update", "read-only members"]
)
def test_level_documented_finds_nothing_that_is_only_decided(name: str) -> None:
    _, fault = CAUGHT[name]
    levels = {finding.level for finding in rules_of(fault, "documented").findings}
    assert levels <= {"documented"}


def test_levels_and_rows_are_those_of_the_contract() -> None:
    rows = {f"S{number}" for number in range(1, 22)}

    assert rows == {rule.row for rule in TABLE} - {""}
    without = {rule.id for rule in TABLE if rule.level == "strict" and not rule.row}
    assert {rule.id for rule in TABLE if rule.operations == (ISSUE,)} == without


def test_a_session_that_a_walk_leaves_out_is_missed() -> None:
    def hide(page: Session, request: Request) -> None:
        if page["next_page"] is None and "page" in request.query:
            page["sessions"] = page["sessions"][:-1]
            page["count"] = len(page["sessions"])

    (finding,) = (
        item
        for item in rules_of(pages(hide), rules=("walks",)).findings
        if item.code == "walks/lost"
    )
    assert re.fullmatch(r"at least \d+ sessions", finding.expected)
    assert re.fullmatch(r"\d+", finding.got)


def one_too_many(page: Session, _: Request) -> None:
    page["count"] += 1


def a_second_time(page: Session, _: Request) -> None:
    page["sessions"] += page["sessions"][:1]
    page["count"] = len(page["sessions"])


def in_turns() -> Fault:
    turns = itertools.cycle((1, -1))

    def another_order(page: Session, _: Request) -> None:
        page["sessions"] = page["sessions"][:: next(turns)]

    return pages(another_order)


# Of each fault: the code, and what a reader is told.
TOLD = {
    "count": ("counts", pages(one_too_many), r"`count` \d+", r"`count` \d+"),
    "twice on a page": (
        "walks/twice",
        pages(a_second_time),
        r"\d+ sessions, each with an id of its own",
        r"\d+ different ids",
    ),
    "another order": (
        "walks/again",
        in_turns(),
        r"the same \d+ sessions in the same order",
        "another order",
    ),
    "insertion": (
        "walks/repeated",
        skips_on_insertion,
        r"\d+ sessions that no earlier page showed",
        r"\d+ of them shown before",
    ),
    "frozen clock": (
        "updated-at/still",
        tells(frozen_clock),
        "a later instant than before the update",
        "the same instant",
    ),
}


@pytest.mark.parametrize(("code", "fault", "expected", "got"), TOLD.values(), ids=TOLD)
def test_a_finding_says_what_was_expected_and_what_came(
    code: str, fault: Fault, expected: str, got: str
) -> None:
    findings = rules_of(fault, rules=(code.partition("/")[0],)).findings

    (finding,) = (item for item in findings if item.code == code)
    assert re.fullmatch(expected, finding.expected)
    assert re.fullmatch(got, finding.got)


def test_the_numbers_of_a_finding_are_those_of_the_requests_that_show_it() -> None:
    told: list[int] = []

    def counts_up(page: Session, _: Request) -> None:
        told.append(1000 + len(told))
        page["count"] = told[-1]

    api = Api()
    api.tokens[TOKEN] = api.tokens[api.token()]
    seen = Violation("counts", "listLinkedUserSessions", expected=3, got=7)
    case = Case(seen, (listing(),), 0)
    with serving(faulty(api, pages(counts_up))) as url, Wire(url) as wire:
        setting = Setting("strict", {"first": TOKEN})
        proof = Reducer(wire, setting, Limits(1), time.monotonic() + 10).proof(case)

    assert "confirmed" == proof.stability
    assert told[-1] == case.violation.got
