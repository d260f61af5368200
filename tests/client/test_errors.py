from __future__ import annotations

import copy
import pickle
import ssl
import traceback
from typing import TYPE_CHECKING, Any

import heidi_sessions
import heidi_spec
import httpx
import pytest
from heidi_generated import errors as _errors
from heidi_generated import metadata
from heidi_sessions import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ErrorDetail,
    HeidiError,
    InternalServerError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    TokenError,
    UnprocessableEntityError,
)

from .harness import Driver, Script, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENT = "Ottoline Vandersloot"

BY_STATUS = [
    (400, BadRequestError),
    (401, AuthenticationError),
    (403, PermissionDeniedError),
    (404, NotFoundError),
    (418, APIStatusError),
    (422, UnprocessableEntityError),
    (429, RateLimitError),
    (500, InternalServerError),
    (502, InternalServerError),
    (503, InternalServerError),
    (520, InternalServerError),
    (307, APIStatusError),
    (304, APIStatusError),
]


def test_every_status_and_type_of_the_document_has_a_class() -> None:
    strict = [failure for each in metadata.OPERATIONS for failure in each.failures]
    assert {failure.status for failure in strict} <= _errors.BY_STATUS.keys()
    shown = set(_types_in(heidi_spec.load("client")["components"]["examples"]))
    assert shown == _errors.BY_TYPE.keys()


def _types_in(examples: dict[str, Any]) -> Iterator[str]:
    for example in examples.values():
        type_ = metadata.value_at(example["value"], metadata.ERROR_TYPE or "")
        if isinstance(type_, str):
            yield type_


def test_the_class_of_a_type_is_a_subclass_of_the_class_of_its_status() -> None:
    for each in metadata.OPERATIONS:
        responses = heidi_spec.load("client")["paths"][each.route][each.method.lower()]["responses"]
        for shown in each.failures:
            error = _errors.BY_TYPE.get(shown.type or "")
            if error is not None and str(shown.status) in responses:
                assert issubclass(error, _errors.BY_STATUS[shown.status or 0])


def refused(driver: Driver, **options: object) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        driver.run(lambda c: c.sessions.get("1"), max_retries=0, **options)
    return caught.value


@pytest.mark.parametrize(("status", "expected"), BY_STATUS)
def test_the_status_chooses_the_class(
    driver: Callable[..., Driver], status: int, expected: type[APIStatusError]
) -> None:
    error = refused(driver(Script(failure(status))))
    assert expected is type(error)
    assert (status, "SomeError") == (error.status_code, error.type)


@pytest.mark.parametrize("status", [300, 400, 403, 404, 418, 500])
@pytest.mark.parametrize(("name", "expected"), _errors.BY_TYPE.items())
def test_the_type_of_a_failure_outweighs_the_status(
    driver: Callable[..., Driver], status: int, name: str, expected: type[APIStatusError]
) -> None:
    assert expected is type(refused(driver(Script(failure(status, name)))))


def test_the_message_has_only_route_status_type_and_request_id() -> None:
    response = failure(404, "SessionNotFoundError", **{"x-request-id": "r-1"})
    place = "GET heidi.test/api/sessions/{session_id}"
    expected = f"{place}: 404 SessionNotFoundError (request id r-1)"
    assert expected == str(refused(Driver("sync", Script(response))))


BODIES = [
    b"",
    b"<html>" + PATIENT.encode() + b"</html>",
    b'{"detail": [{"loc": ["body"], "msg": "Ottoline Vandersloot", "type": "missing"}]}',
    b'{"detail": "Ottoline Vandersloot"}',
    b'{"detail": null}',
    b'{"detail": {}}',
    b'{"detail": {"msg": 1, "type": ["Ottoline Vandersloot"]}}',
    b'{"detail": {"msg": "m", "type": "Ottoline Vandersloot"}}',
    b'{"msg": "Ottoline Vandersloot"}',
    b'["Ottoline Vandersloot"]',
    b'"Ottoline Vandersloot"',
    b"null",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("status", [404, 502, 520])
def test_the_status_decides_the_error_whatever_the_body_is(
    driver: Callable[..., Driver], status: int, body: bytes
) -> None:
    error = refused(driver(Script(httpx.Response(status, content=body))))
    assert (status, None, body) == (error.status_code, error.type, error.body)
    hint = "; check the base URL" if status == 404 else ""
    assert f"GET heidi.test/api/sessions/{{session_id}}: {status}{hint}" == str(error)
    assert PATIENT not in repr(error)


def test_the_message_of_the_server_is_in_detail() -> None:
    error = refused(Driver("sync", Script(failure(400, "OddError"))))
    assert isinstance(error.detail, ErrorDetail)
    assert ("in words", "OddError") == (error.detail.msg, error.type)


@pytest.mark.parametrize("type_", ["OttolineVandersloot", "Ottoline", "a.b", "Error in words"])
def test_a_malformed_type_is_not_shown(type_: str) -> None:
    error = refused(Driver("sync", Script(failure(500, type_))))
    assert None is error.type
    assert type_ not in str(error)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "cannot be read as JSON"),
        (b"", "has no body"),
        (b"{}", "is not what the document says at $.session"),
    ],
)
def test_a_response_of_another_kind_says_what_is_wrong_with_it(
    driver: Callable[..., Driver], body: bytes, problem: str
) -> None:
    with pytest.raises(APIResponseValidationError) as caught:
        driver(Script(httpx.Response(200, content=body))).run(lambda c: c.sessions.get("1"))
    assert problem == caught.value.problem
    assert f": 200, and the response {problem}" in str(caught.value)


def test_a_token_of_another_kind_says_the_same(driver: Callable[..., Driver]) -> None:
    key = {"token": None, "api_key": "k", "email": "a@b.test", "third_party_internal_id": "1"}
    with pytest.raises(TokenError, match="the response cannot be read as JSON; check the base URL"):
        driver(Script(httpx.Response(200, text="<html>"))).run(lambda c: c.sessions.get("1"), **key)


def test_a_body_that_cannot_be_decompressed_counts_as_missing(
    driver: Callable[..., Driver],
) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            500, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"not gzip")
        )

    error = refused(driver(Script(broken)))
    assert (500, b"") == (error.status_code, error.body)


def test_a_hook_that_raises_for_status_does_not_change_the_error() -> None:
    def raise_for_status(response: httpx.Response) -> None:
        response.raise_for_status()

    client = heidi_sessions.Heidi(
        token="t",
        max_retries=0,
        http_client=httpx.Client(
            transport=httpx.MockTransport(Script(failure(404))),
            event_hooks={"response": [raise_for_status]},
        ),
    )
    with pytest.raises(NotFoundError):
        client.sessions.get("1")


@pytest.mark.parametrize("header", ["x-request-id", "X-Correlation-Id", "CF-Ray"])
def test_the_request_id_is_read_from_the_usual_headers(header: str) -> None:
    error = refused(Driver("sync", Script(failure(500, **{header: "id-7"}))))
    assert "id-7" == error.request_id


@pytest.mark.parametrize("value", [PATIENT, "x" * 200, "a b", ""])
def test_a_malformed_request_id_is_not_shown(value: str) -> None:
    error = refused(Driver("sync", Script(failure(500, **{"x-request-id": value}))))
    assert None is error.request_id


@pytest.mark.parametrize(
    ("raised", "expected", "arrived"),
    [
        (httpx.ConnectError("x"), APIConnectionError, False),
        (httpx.ConnectTimeout("x"), APITimeoutError, False),
        (httpx.PoolTimeout("x"), APITimeoutError, False),
        (httpx.ProxyError("x"), APIConnectionError, False),
        (httpx.UnsupportedProtocol("x"), APIConnectionError, False),
        (httpx.InvalidURL("x"), APIConnectionError, False),
        (httpx.ReadTimeout("x"), APITimeoutError, True),
        (httpx.WriteTimeout("x"), APITimeoutError, True),
        (httpx.ReadError("x"), APIConnectionError, True),
        (httpx.WriteError("x"), APIConnectionError, True),
        (httpx.RemoteProtocolError("x"), APIConnectionError, True),
        (OSError(5, "Input/output error"), APIConnectionError, True),
    ],
)
def test_no_response_says_why_and_whether_the_request_may_have_arrived(
    driver: Callable[..., Driver],
    raised: Exception,
    expected: type[APIConnectionError],
    *,
    arrived: bool,
) -> None:
    with pytest.raises(APIConnectionError) as caught:
        driver(Script(raised)).run(lambda c: c.sessions.create(), max_retries=0)
    error = caught.value
    assert expected is type(error)
    assert arrived is error.may_have_arrived
    assert error.reason.startswith(type(raised).__name__)
    assert ("createSession", 0) == (error.operation, error.retries_taken)
    cause = error.__cause__
    assert None is error.__context__
    if isinstance(raised, httpx.InvalidURL):  # which cannot be shown without its URL
        assert None is cause
        return
    assert type(raised) is type(cause)
    assert cause is not None
    assert (None, None) == (cause.__context__, cause.__traceback__)
    assert "x" not in str(cause)
    assert None is getattr(cause, "_request", None)


@pytest.mark.parametrize(
    ("code", "problem", "hint"),
    [
        (2, "unable to get issuer certificate", r"name the certificates .*SSL_CERT_FILE"),
        (18, "self-signed certificate", r"name the certificates .*SSL_CERT_FILE"),
        (20, "unable to get local issuer certificate", r"name the certificates .*SSL_CERT_FILE"),
        (10, "certificate has expired", "check the base URL"),
        (62, "Hostname mismatch, certificate is not valid for 'heidi.test'.", "check the base URL"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_certificate_that_nothing_trusted_vouches_for_is_not_blamed_on_the_base_url(
    driver: Callable[..., Driver], code: int, problem: str, hint: str, *, wrapped: bool
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        failed = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {problem} (_ssl.c:1)"
        error = ssl.SSLCertVerificationError(1, failed)
        error.verify_code = code
        raised = httpx.ConnectError("x")
        if not wrapped:
            raise raised from error
        # As aiohttp does, whose error has the words but not the code.
        outer = OSError(1, failed)
        outer.__cause__ = error
        raise raised from outer

    with pytest.raises(APIConnectionError, match=f"; {hint}$"):
        driver(Script(refuse)).run(lambda c: c.sessions.get("1"), max_retries=0)


def test_the_message_of_the_operating_system_is_kept() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise httpx.ConnectError("secret t0ken") from error

    with pytest.raises(APIConnectionError) as caught:
        Driver("sync", Script(refuse)).run(lambda c: c.sessions.get("1"), max_retries=0)
    place = "GET heidi.test/api/sessions/{session_id}"
    said = f"{place}: no response, ConnectError: Connection refused; check the base URL"
    assert said == str(caught.value)
    cause = caught.value.__cause__
    assert "Connection refused" == str(cause)
    assert isinstance(cause, httpx.ConnectError)
    assert isinstance(cause.__cause__, OSError)
    assert (111, "Connection refused") == cause.__cause__.args


def test_a_bug_in_the_users_transport_is_not_hidden(driver: Callable[..., Driver]) -> None:
    with pytest.raises(ZeroDivisionError):
        driver(Script(ZeroDivisionError())).run(lambda c: c.sessions.get("1"))


def every_error() -> list[HeidiError]:
    where = {"operation": "getSession", "route": "GET /sessions/{session_id}", "request_id": "r-1"}
    detail = ErrorDetail(msg="in words", type_="Odd")
    status_classes: list[type[APIStatusError]] = [
        APIStatusError,
        *_errors.BY_STATUS.values(),
        *_errors.BY_TYPE.values(),
        InternalServerError,
    ]
    return [
        HeidiError("x"),
        ConfigurationError("x", option="y", in_code="z"),
        heidi_sessions.ClosedClientError("x"),
        TokenError("x", **where, status_code=500, type="Odd", retry_after=1.5),
        PaginationError("x", seen=1, total_count=2, **where),
        APIConnectionError(operation="o", route="r", reason="x", may_have_arrived=True),
        APITimeoutError(operation="o", route="r", reason="x", may_have_arrived=False),
        APIResponseValidationError(**where, status_code=200, path="$.x", body=b"patient"),
        *(
            cls(
                **where,
                status_code=418,
                type="Odd",
                detail=detail,
                headers=httpx.Headers({"x": "1"}),
                body=b"patient",
                retry_after=2.0,
            )
            for cls in status_classes
        ),
    ]


def through_pickle(error: HeidiError) -> object:
    return pickle.loads(pickle.dumps(error))  # noqa: S301  # our own


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("duplicate", [through_pickle, copy.copy, copy.deepcopy])
def test_every_error_pickles_and_copies_but_leaves_the_body_behind(
    error: HeidiError, duplicate: Callable[[HeidiError], HeidiError]
) -> None:
    twin = duplicate(error)
    assert type(error) is type(twin)
    assert (str(error), error.args) == (str(twin), twin.args)
    left: dict[str, object] = {"body": b"", "detail": None, "headers": {}}
    expected = {name: left.get(name, value) for name, value in vars(error).items()}
    assert expected == vars(twin)


def test_a_copy_without_its_response_does_not_affect_the_original() -> None:
    error = next(each for each in every_error() if isinstance(each, APIStatusError))
    headers: Any = copy.copy(error).headers
    headers["x"] = "1"
    assert {} == copy.copy(error).headers


def test_an_error_shows_under_the_package_that_is_imported() -> None:
    for error in every_error():
        assert "heidi_sessions" == type(error).__module__
        shown = "".join(traceback.format_exception_only(error))
        assert shown.startswith(f"heidi_sessions.{type(error).__name__}")


def test_every_error_derives_from_the_root_and_is_public() -> None:
    def leaves(cls: type[HeidiError]) -> set[str]:
        below = [leaves(child) for child in cls.__subclasses__()]
        return {cls.__name__}.union(*below)

    public = {name for name in leaves(HeidiError) if not name.startswith("_")}
    assert public <= set(heidi_sessions.__all__)
    assert {type(error).__name__ for error in every_error()} == public


def test_the_tree_in_the_docstring_of_the_module_is_the_tree_of_the_classes() -> None:
    drawn = [
        line.split("──")[-1].split()[0]
        for line in (_errors.__doc__ or "").splitlines()
        if "Error" in line and ("──" in line or line.strip() == "HeidiError")
    ]
    defined = [
        name
        for name, value in vars(_errors).items()
        if isinstance(value, type) and issubclass(value, HeidiError) and name[0] != "_"
    ]
    assert sorted(defined) == sorted(drawn)
