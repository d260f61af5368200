"""Patient data and secrets are planted everywhere, and all output is searched for them."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import socket
import subprocess
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import heidi_generated.types
import heidi_sessions
import httpx
import pytest
from heidi_sessions import AsyncHeidi, ConfigurationError, Heidi, HeidiError
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from .harness import BASE_URL, Driver, Script, envelope, failure, page, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

PACKAGES = tuple(
    str(Path(inspect.getfile(module)).parent) for module in (heidi_generated.types, heidi_sessions)
)
PLANTED = {
    "token": "tok3n-1n-the-open",
    "api_key": "k3y-1n-the-open",
    "email": "doctor.planted@clinic.test",
    "third_party_internal_id": "planted-internal-id",
    "name": "Ottoline Vandersloot",
    "dob": "1931-07-19",
    "details": "left-handed taxidermist",
    "note": "allergic to moonlight",
    "ehr_patient_id": "planted-patient-7",
    "result": "reports gravity",
}
# Quoted for a URL, and as repr shows them.
FORMS = [
    *PLANTED.values(),
    "doctor.planted%40clinic.test",
    "Ottoline",
    "Ottoline+Vandersloot",
    "date(1931, 7, 19)",
]
KEY: dict[str, Any] = {
    "token": None,
    "api_key": PLANTED["api_key"],
    "email": PLANTED["email"],
    "third_party_internal_id": PLANTED["third_party_internal_id"],
}
TOKEN: dict[str, Any] = {"token": PLANTED["token"]}

FILLED = session(
    patient={"name": PLANTED["name"], "gender": None, "dob": PLANTED["dob"]},
    clinician_notes=[PLANTED["note"]],
    ehr_patient_id=PLANTED["ehr_patient_id"],
)
FILLED["consult_note"]["result"] = PLANTED["result"]
ECHO = json.dumps(PLANTED)


def update(client: Any) -> Any:
    return client.sessions.update(
        "1",
        patient={
            "name": PLANTED["name"],
            "dob": date(1931, 7, 19),
            "demographic_details": PLANTED["details"],
        },
        clinician_notes=[PLANTED["note"]],
        ehr_patient_id=PLANTED["ehr_patient_id"],
    )


def fail() -> None:
    raise ValueError("a bug of the user")


def closed(client: Any) -> Any:
    if isinstance(client, Heidi):
        client.close()
        return update(client)

    async def close_and_update() -> None:
        await client.close()
        await update(client)

    return close_and_update()


def walk(client: Any, **options: Any) -> Any:
    if isinstance(client, Heidi):
        return list(client.sessions.list(**options))

    async def read() -> list[Any]:
        return [each async for each in client.sessions.list(**options)]

    return read()


def issuing(step: Any) -> Callable[[httpx.Request], httpx.Response]:
    script = Script(step)

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/jwt"):
            token = {"token": PLANTED["token"], "expiration_time": "2044-08-01T00:00:00Z"}
            return httpx.Response(200, json=token)
        return script(request)

    return serve


SCENARIOS: dict[str, tuple[Callable[[httpx.Request], httpx.Response], Any, dict[str, Any]]] = {
    "an echo in a 404": (Script(httpx.Response(404, text=ECHO)), update, TOKEN),
    "an echo in the detail": (
        Script(httpx.Response(422, json={"detail": {"msg": ECHO, "type": "E"}})),
        update,
        TOKEN,
    ),
    "an echo in the type": (
        Script(httpx.Response(422, json={"detail": {"msg": "", "type": PLANTED["name"]}})),
        update,
        TOKEN,
    ),
    "an echo in a list": (
        Script(httpx.Response(422, json={"detail": [{"input": PLANTED}]})),
        update,
        TOKEN,
    ),
    "an echo in a header": (
        Script(httpx.Response(500, headers={"x-request-id": PLANTED["name"]})),
        update,
        TOKEN,
    ),
    "a response that is not JSON": (Script(httpx.Response(200, text=ECHO + "}")), update, TOKEN),
    "a response of another shape": (Script(httpx.Response(200, json=PLANTED)), update, TOKEN),
    "a response that breaks the document": (
        Script(httpx.Response(200, json={"session": FILLED | {"duration": PLANTED["name"]}})),
        update,
        TOKEN | {"strict_responses": True},
    ),
    "a page of another shape": (
        Script(httpx.Response(200, json={"sessions": [PLANTED, 7]})),
        lambda c: c.sessions.list().first_page(),
        TOKEN,
    ),
    "no response": (Script(httpx.ReadTimeout(ECHO)), update, TOKEN),
    "no connection": (Script(httpx.ConnectError(ECHO)), update, KEY),
    "no response to a call with an issued token": (issuing(httpx.ReadError(ECHO)), update, KEY),
    "an unknown patient field": (
        Script(envelope()),
        lambda c: c.sessions.update("1", patient={"name": PLANTED["name"], "nmae": "x"}),
        TOKEN,
    ),
    "an invalid date of birth": (
        Script(envelope()),
        lambda c: c.sessions.update("1", patient={"dob": "1931-07-19x"}),
        TOKEN,
    ),
    "an invalid gender": (
        Script(envelope()),
        lambda c: c.sessions.update("1", patient={"gender": PLANTED["details"]}),
        TOKEN,
    ),
    "one note instead of a list": (
        Script(envelope()),
        lambda c: c.sessions.update("1", clinician_notes=PLANTED["note"]),
        TOKEN,
    ),
    "a duration that is not a number": (
        Script(envelope()),
        lambda c: c.sessions.update("1", duration=float("nan"), patient={"name": PLANTED["name"]}),
        TOKEN,
    ),
    "a value that JSON cannot hold": (
        Script(envelope()),
        lambda c: c.sessions.update("1", duration={1}, clinician_notes=[PLANTED["note"]]),
        TOKEN,
    ),
    "a refused key": (Script(httpx.Response(401, text=ECHO)), update, KEY),
    "a token that is not JSON": (Script(httpx.Response(200, text=ECHO + "}")), update, KEY),
    "a token of another shape": (
        Script(httpx.Response(200, json={"token": PLANTED["name"], "expiration_time": ECHO})),
        update,
        KEY,
    ),
    "a token that a header cannot carry": (
        Script(
            httpx.Response(
                200, json={"token": PLANTED["name"], "expiration_time": "2044-08-01T00:00:00Z"}
            )
        ),
        update,
        KEY,
    ),
    "Ctrl-C": (Script(lambda _: interrupt()), update, KEY),
    "a client that is closed": (Script(envelope()), closed, TOKEN),
    "a header that is refused": (
        Script(envelope()),
        lambda c: c.sessions.get("1", extra_headers={"Authorization": PLANTED["token"]}),
        TOKEN | {"default_headers": {"X-Gateway-Key": PLANTED["api_key"]}},
    ),
    "a function of the user that fails": (
        Script(httpx.Response(200, json={"sessions": [FILLED], "count": 1, "total_count": 1})),
        lambda c: walk(c, progress=lambda *_: fail()),
        TOKEN,
    ),
}


def interrupt() -> httpx.Response:
    raise KeyboardInterrupt


def ours(tb: TracebackType | None) -> TracebackType | None:
    """Skip the frames of the test, which hold everything."""
    while tb is not None and not tb.tb_frame.f_code.co_filename.startswith(PACKAGES):
        tb = tb.tb_next
    return tb


def everything_shown_by(error: BaseException) -> str:
    frames = ours(error.__traceback__)
    shown = traceback.TracebackException(type(error), error, frames, capture_locals=True)
    text = "".join(shown.format())
    assert any(package in text for package in PACKAGES)
    return "\n".join(
        [text, shown_by_rich(error, frames), str(error), repr(error), repr(error.args)]
    )


def shown_by_rich(error: BaseException, frames: TracebackType | None) -> str:
    """As rich and structlog show it: they look into objects, past their repr."""
    console = Console(width=10_000)
    shown = Traceback.from_exception(
        type(error),
        error,
        frames,
        show_locals=True,
        locals_max_length=10_000,
        locals_max_string=10_000,
    )
    with console.capture() as capture:
        console.print(shown)
    return capture.get()


def found_in(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_error_traceback_or_log_shows_planted_data(
    driver: Callable[..., Driver], scenario: str, logged: pytest.LogCaptureFixture
) -> None:
    handler, action, options = SCENARIOS[scenario]
    with pytest.raises((HeidiError, TypeError, ValueError, KeyboardInterrupt)) as caught:
        driver(handler).run(action, **options)
    shown = everything_shown_by(caught.value)
    assert [] == found_in(shown)
    assert "/httpx/" not in shown
    assert [] == found_in(log_of(logged))


def test_the_search_finds_planted_data() -> None:
    try:
        json.loads(ECHO + "}")
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert len(PLANTED) == len(set(found_in("".join(shown.format()))) & set(PLANTED.values()))


@pytest.mark.parametrize("client", [Heidi, AsyncHeidi])
@pytest.mark.parametrize(
    "options",
    [
        {"api_key": PLANTED["api_key"], "email": PLANTED["email"]},
        {"token": PLANTED["token"], "api_key": PLANTED["api_key"]},
        {"token": PLANTED["token"], "timeout": -1},
        {"token": "Bearer " + PLANTED["token"]},
        {"default_headers": {"Authorization": PLANTED["token"]}, "token": "t"},
        {"token": "t", "base_url": f"https://{PLANTED['email']}:{PLANTED['token']}@heidi.test"},
        {"token": "t", "base_url": BASE_URL, "region": PLANTED["token"]},
    ],
)
def test_no_configuration_error_shows_the_credentials(
    client: Callable[..., object], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client(**options)
    assert [] == found_in(everything_shown_by(caught.value))


@pytest.mark.parametrize(
    "derive",
    [
        lambda c: c.with_options(default_headers={"Authorization": PLANTED["token"]}),
        lambda c: c.with_options(default_headers={PLANTED["name"]: "x"}, timeout=1),
        lambda c: c.as_user(email=PLANTED["email"], third_party_internal_id=""),
        lambda c: c.as_user(email=7, third_party_internal_id=PLANTED["third_party_internal_id"]),
        lambda c: c.sessions.get("1", extra_headers={"Authorization": PLANTED["token"]}),
        lambda c: c.sessions.update("1", ehr_patient_id=PLANTED["ehr_patient_id"], timeout=-1),
    ],
)
def test_no_option_that_is_refused_later_is_shown(
    driver: Callable[..., Driver], derive: Callable[[Any], Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        driver(Script(envelope())).run(derive, **KEY)
    assert [] == found_in(everything_shown_by(caught.value))


def test_a_user_who_is_named_later_is_not_shown_either(
    driver: Callable[..., Driver], logged: pytest.LogCaptureFixture
) -> None:
    user = {name: PLANTED[name] for name in ("email", "third_party_internal_id")}
    drive = driver(issuing(failure(500)))
    client = drive.client(token=None, api_key=PLANTED["api_key"], max_retries=0).as_user(**user)
    with pytest.raises(HeidiError) as caught:
        drive.wait(lambda: update(client))
    assert [] == found_in("\n".join([everything_shown_by(caught.value), *reprs(client)]))
    assert [] == found_in(log_of(logged))


def test_each_log_record_has_its_facts_as_attributes(
    logged: pytest.LogCaptureFixture,
) -> None:
    Driver("sync", Script(envelope())).run(lambda c: c.sessions.get("1"))
    (record,) = [vars(each) for each in logged.records if each.name == "heidi_sessions"]
    facts = {
        "method": "GET",
        "server": "heidi.test/api",
        "route": "/sessions/{session_id}",
        "operation": "getSession",
        "outcome": "200",
        "attempt": 1,
        "request_id": None,
    }
    assert facts == {name: record[name] for name in facts}
    assert 0 <= record["duration_ms"] < 30_000


def test_the_environment_sets_the_level_of_the_log() -> None:
    program = (
        "from heidi_sessions.testing import HeidiMock, make_session\n"
        "mock = HeidiMock()\nmock.add(make_session(session_id='7'))\n"
        "mock.client().sessions.get('7')"
    )
    run = [sys.executable, "-c", program]
    for level, lines in (("info", 1), ("WARNING", 0), ("", 0)):
        environment = {**os.environ, "HEIDI_LOG": level}
        done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
        assert lines == done.stderr.count("heidi_sessions INFO GET heidi.test/api/sessions/")


def test_an_unknown_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_LOG", "loud")
    with pytest.raises(
        ConfigurationError, match="HEIDI_LOG must be one of debug, info, warning, er"
    ):
        Heidi(token="t")


def reprs(thing: object, depth: int = 4) -> Iterator[str]:
    """The repr of an object and of everything it refers to, and what rich shows of them."""
    yield repr(thing)
    yield pretty_repr(thing)
    if depth == 0:
        return
    names = set(getattr(thing, "__dict__", {})) | set(getattr(thing, "__slots__", ()))
    for name in names - {"__weakref__", "_text"}:
        if hasattr(thing, name):
            yield from reprs(getattr(thing, name), depth - 1)


@pytest.mark.parametrize("options", [TOKEN, KEY], ids=["token", "key"])
def test_no_repr_in_a_client_shows_the_credentials(
    driver: Callable[..., Driver], options: dict[str, Any]
) -> None:
    drive = driver(issuing(envelope()))
    client = drive.client(**options)
    drive.wait(lambda: client.sessions.get("1"))
    shown = list(reprs(client))
    assert len(shown) > 20
    assert [] == found_in("\n".join(shown))


def test_no_repr_of_a_response_shows_the_patient(driver: Callable[..., Driver]) -> None:
    drive = driver(Script(httpx.Response(200, json={"session": FILLED})))
    shown = [
        repr(drive.run(lambda c: c.sessions.get("1"))),
        repr(drive.run(lambda c: c.sessions.get("1")).patient),
        repr(drive.run(lambda c: c.sessions.with_raw_response.get("1"))),
    ]
    one_page = httpx.Response(200, json={"sessions": [FILLED], "count": 1, "total_count": 1})
    first = Driver("sync", Script(one_page)).run(lambda c: c.sessions.list().first_page())
    assert PLANTED["name"] == first.items[0].patient.name
    assert [] == found_in("\n".join([*shown, repr(first)]))


def test_the_log_holds_route_and_status_and_no_query_or_email(
    driver: Callable[..., Driver], logged: pytest.LogCaptureFixture
) -> None:
    response = page(["1"], 1, None)
    response.headers["x-request-id"] = "r-1"
    driver(issuing(response)).run(lambda c: c.sessions.list(page_size=77).first_page(), **KEY)
    text = log_of(logged)
    lines = [r.getMessage() for r in logged.records if r.name == "heidi_sessions"]
    assert lines[0].startswith("GET heidi.test/api/jwt: 200 in ")
    assert lines[1].startswith("GET heidi.test/api/sessions/linked-user: 200 in ")
    assert lines[1].endswith(" ms, attempt 1, request id r-1")
    assert [] == found_in(text)
    assert "page_size" not in text
    httpx_lines = [r.getMessage() for r in logged.records if r.name == "httpx"]
    assert f'HTTP Request: GET {BASE_URL}/jwt "HTTP/1.1 200 OK"' == httpx_lines[0]


@pytest.fixture
def hpack() -> Iterator[logging.Logger]:
    """The logger of HTTP/2's headers, as a new process has it."""
    logger = logging.getLogger("hpack")
    before = logger.level
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.setLevel(before)


@pytest.mark.parametrize("asked_for", [False, True])
def test_headers_of_http2_are_logged_only_where_somebody_asks_for_them(
    hpack: logging.Logger, logged: pytest.LogCaptureFixture, asked_for: bool
) -> None:
    if asked_for:
        hpack.setLevel(logging.DEBUG)
    Heidi(token="t", base_url=BASE_URL)
    hpack.getChild("hpack").debug("Adding %s to the header table", PLANTED["token"])
    assert asked_for == (PLANTED["token"] in log_of(logged))


def test_httpx_still_logs_other_hosts(logged: pytest.LogCaptureFixture) -> None:
    Heidi(token="t", base_url=BASE_URL)
    with httpx.Client(transport=httpx.MockTransport(Script(envelope()))) as other:
        other.get("https://other.test/?q=1")
    assert "https://other.test/?q=1" in log_of(logged)


def test_a_read_that_times_out_over_a_real_connection_shows_nothing(
    driver: Callable[..., Driver], logged: pytest.LogCaptureFixture
) -> None:
    drive = driver(Script(envelope()))
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        kind = Heidi if drive.kind == "sync" else AsyncHeidi

        async def run() -> None:
            client: Any = kind(token=PLANTED["token"], base_url=url, timeout=0.2, max_retries=0)
            try:
                result = update(client)
                if drive.kind == "async":
                    await result
            finally:
                closed = client.close()
                if drive.kind == "async":
                    await closed

        with pytest.raises(heidi_sessions.APITimeoutError) as caught:
            asyncio.run(run())
    assert caught.value.may_have_arrived
    assert [] == found_in(everything_shown_by(caught.value))
    assert [] == found_in(log_of(logged))


def test_a_task_that_is_cancelled_shows_nothing() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return failure(500)

    async def run() -> None:
        client = AsyncHeidi(
            base_url=BASE_URL,
            http_client=httpx.AsyncClient(transport=httpx.MockTransport(never)),
            **TOKEN,
        )
        async with asyncio.timeout(0.05):
            await update(client)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(run())
    cancelled = caught.value.__context__  # on Python 3.11.2 it is not a __cause__
    assert isinstance(cancelled, asyncio.CancelledError)
    assert [] == found_in(everything_shown_by(cancelled))
