"""Tokens that are missing, almost valid or expired, on each operation."""

import base64
import contextlib
import re
import string
import time
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, RefusalError, Request, Response, User

from .catalogue import (
    CREATE,
    DOCUMENTED,
    GET,
    LIST,
    PATCH,
    STRICT,
    Catalogue,
    Level,
    Session,
    Witness,
    instead,
    operation_of,
    responding,
    to,
)

FAULTS = Catalogue("auth")
OPERATIONS = {
    CREATE: "The creation",
    GET: "GET",
    PATCH: "PATCH",
    LIST: "The list",
}


def attempt(caller: Caller, operation: str, **headers: Any) -> Response:
    """Send a valid request of an operation, except for these headers."""
    match operation:
        case "createSession":
            return caller.post({}, **headers)
        case "getSession":
            return caller.get(caller.create(), **headers)
        case "updateSession":
            return caller.patch(caller.create(), {"duration": 7}, **headers)
        case _:
            return caller.send("GET", "/sessions/linked-user", **headers)


def credentials(request: Request) -> tuple[str, str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), token


Find = Callable[[Api, Request], User | None]


def similar(alike: Callable[[str, str], bool]) -> Find:
    """Accept a token that is similar to an issued one."""

    def find(api: Api, request: Request) -> User | None:
        _, sent = credentials(request)
        return next((user for token, user in api.tokens.items() if alike(sent, token)), None)

    return find


def replaced_end(token: str) -> str:
    return token[:-1] + ("A" if token[-1] not in "aA" else "B")


def anybody(api: Api, request: Request) -> User | None:
    return None if "authorization" in request.headers else list(api.tokens.values())[-1]


def any_scheme(api: Api, request: Request) -> User | None:
    scheme, token = credentials(request)
    return api.tokens.get(token) if scheme in {"basic", "token"} else None


def as_name(token: str) -> str:
    return base64.b64encode(f"{token}:".encode()).decode()


def named_by_basic(api: Api, request: Request) -> User | None:
    sent = credentials(request)
    return next(
        (user for token, user in api.tokens.items() if sent == ("basic", as_name(token))), None
    )


def literal(text: str) -> Find:
    """Accept a string as the token of the first user."""
    return lambda api, request: (
        next(iter(api.tokens.values())) if credentials(request) == ("bearer", text) else None
    )


# name, sentence, level, whom the server takes somebody for, what the witness sends
Miss = tuple[str, str, Level, Find, Callable[[Caller], str | None]]
OF_EACH: tuple[Miss, ...] = (
    ("no_token", "wants no token.", DOCUMENTED, anybody, lambda _: None),
    ("short_token", "takes a token without its last character.", DOCUMENTED, similar(lambda sent, token: sent == token[:-1]), lambda caller: f"Bearer {caller.token[:-1]}"),
    ("other_end", "takes a token whose last character is another.", DOCUMENTED, similar(lambda sent, token: sent[:-1] == token[:-1]), lambda caller: f"Bearer {replaced_end(caller.token)}"),
    ("other_scheme", "takes the token under the scheme Basic.", STRICT, any_scheme, lambda caller: f"Basic {caller.token}"),
    ("expired_token", "takes a token that has expired.", STRICT, similar(lambda sent, token: sent == token), lambda caller: f"Bearer {caller.expired().token}"),
)  # fmt: skip
EVERYWHERE: tuple[Miss, ...] = (
    ("long_token", "A token may go on behind its end.", DOCUMENTED, similar(lambda sent, token: sent.startswith(token)), lambda caller: f"Bearer {caller.token}x"),
    ("folded_token", "Tokens are compared without regard to case.", STRICT, similar(lambda sent, token: sent.lower() == token.lower()), lambda caller: f"Bearer {caller.token.swapcase()}"),
    ("name_of_basic", "A token is taken as the name of the scheme Basic, without a password.", STRICT, named_by_basic, lambda caller: f"Basic {as_name(caller.token)}"),
    ("bare_token", "A token is taken without its scheme.", STRICT, lambda api, request: api.tokens.get(request.headers.get("authorization", "")), lambda caller: caller.token),
    ("empty_token", "An empty token is that of the first user.", DOCUMENTED, literal(""), lambda _: "Bearer "),
    ("literal_null", "The token `null` is that of the first user, as a careless client sends it.", DOCUMENTED, literal("null"), lambda _: "Bearer null"),
)  # fmt: skip


def admitting(find: Find, operation: str = "") -> type[Api]:
    """Return a server that first guesses whose a request is."""

    def authenticate(api: Api, request: Request) -> User:
        user = find(api, request) if operation in {"", operation_of(request)} else None
        return user or Api.authenticate(api, request)

    return instead(authenticate=authenticate)


def refused(authorization: Callable[[Caller], str | None], operation: str = GET) -> Witness:
    return lambda caller: is_error(
        attempt(caller, operation, authorization=authorization(caller)), 401
    )


for name, sentence, level, find, header in OF_EACH:
    for operation, named in OPERATIONS.items():
        server = admitting(find, operation)
        witness = refused(header, operation)
        whole = f"{named} {sentence}"
        FAULTS.add(f"{name}_{operation}", whole, "S1 bearerAuth", level, server, witness)
for name, sentence, level, find, header in EVERYWHERE:
    FAULTS.add(name, sentence, "S1 bearerAuth", level, admitting(find), refused(header))


def challenged(operation: str) -> Witness:
    """Return a witness that a request without a token gets the challenge Bearer."""

    def witness(caller: Caller) -> bool:
        reply = attempt(caller, operation, authorization=None)
        scheme = reply.headers.get("www-authenticate", "").split(maxsplit=1)[:1]
        return reply.status == 401 and [word.lower() for word in scheme] == ["bearer"]

    return witness


def without_challenge(reply: Response) -> Response:
    kept = {name: text for name, text in reply.headers.items() if name != "www-authenticate"}
    return Response(reply.status, reply.body, kept)


def on_401(
    change: Callable[[Response], Response], when: Callable[[Api, Request], object]
) -> type[Api]:
    """Return a server that responds to some requests with another 401."""

    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        return change(reply) if reply.status == 401 and when(api, request) else reply

    return instead(handle=handle)


def has_token(_: Api, request: Request) -> bool:
    return "authorization" in request.headers


def late(first: Callable[[Api, Request], object]) -> type[Api]:
    """Return a server on which other errors come before that of a missing token."""

    def authenticate(api: Api, request: Request) -> User:
        try:
            return Api.authenticate(api, request)
        except RefusalError:
            first(api, request)
            raise

    return instead(authenticate=authenticate)


def validate(api: Api, request: Request) -> None:
    if request.method == "PATCH":
        api.checked(api.parsed(request), api.update_shape)


def read_creation(api: Api, request: Request) -> None:
    if request.method == "POST" and request.body:
        api.checked(api.parsed(request), api.create_shape)


def look_at_type(api: Api, request: Request) -> None:
    if request.body and not api.is_json(request.headers.get("content-type", "")):
        raise RefusalError(415, "UnsupportedMediaType", "the body must be application/json")


def look_at_query(api: Api, request: Request) -> None:
    if operation_of(request) == LIST:
        api.page_size(request)


def look_up(api: Api, request: Request) -> None:
    session_id = request.path.rpartition("/")[2]
    known = any(session_id in user.sessions for user in api.users.values())
    if operation_of(request) == GET and not known:
        raise RefusalError(404, "SessionNotFoundError", "Session not found")


def look_at_method(api: Api, request: Request) -> None:
    known = api.methods(request.path.split("/")[2:])
    if request.method not in known:
        allow = {"allow": ", ".join(known)}
        raise RefusalError(405, "MethodNotAllowed", "no such method", allow)


def look_at_size(api: Api, request: Request) -> None:
    if len(request.body) > api.body_limit:
        raise RefusalError(413, "BodyTooLarge", "the body has more than 1 MiB")


def stays_401(send: Callable[[Caller], Response]) -> Witness:
    return lambda caller: is_error(send(caller), 401)


def page_with(caller: Caller, query: dict[str, str], **headers: Any) -> Response:
    return caller.send("GET", "/sessions/linked-user", query=query, authorization=None, **headers)


def signed_alike(caller: Caller) -> Response:
    return caller.using("A" * 8 + caller.token[8:]).page()


FAULTS.enter(
    ("no_challenge", "401 has no WWW-Authenticate.", "S1", STRICT, responding(without_challenge, status=401), challenged(GET)),
    ("no_challenge_to_updates", "401 of PATCH alone has no WWW-Authenticate.", "S1", STRICT, responding(without_challenge, PATCH, 401), challenged(PATCH)),
    ("basic_challenge", "401 asks for the scheme Basic.", "S1", STRICT, responding(to(headers={"www-authenticate": 'Basic realm="api"'}), status=401), challenged(LIST)),
    ("no_challenge_once_expired", "401 for an expired token has no WWW-Authenticate; for a wrong one it has.", "S1", STRICT, on_401(without_challenge, lambda api, request: api.expired(credentials(request)[1])), lambda c: c.expired().page().headers.get("www-authenticate") is not None),
    ("forbidden_without_token", "Without a token the response is 403.", "S1", STRICT, on_401(to(status=403), lambda api, request: not has_token(api, request)), lambda c: c.page_without_token().status == 401),
    ("wrong_token_is_422", "A malformed token is 422, as in a JWT library.", "S1", STRICT, on_401(to(status=422), has_token), lambda c: c.using(c.token[:-1]).page().status == 401),
    ("validates_first", "A wrong property is 422 also without a token.", "S1", STRICT, late(validate), stays_401(lambda c: c.patch(c.create(), {"duration": "x"}, authorization=None))),
    ("reads_the_creation_first", "A body of the creation that is wrong or broken is refused before the token is looked at.", "S1", STRICT, late(read_creation), stays_401(lambda c: c.post(["no"], authorization=None))),
    ("media_type_first", "A wrong content type is 415 also without a token.", "S1", STRICT, late(look_at_type), stays_401(lambda c: c.patch_raw(c.create(), b"{}", authorization=None, content_type="text/csv"))),
    ("query_first", "A wrong `page_size` is 422 also without a token.", "S1", STRICT, late(look_at_query), stays_401(lambda c: page_with(c, {"page_size": "0"}))),
    ("looks_up_first", "Without a token, an unknown session is 404 and a known one 401, which tells who asks which exist.", "S1 S2", STRICT, late(look_up), stays_401(lambda c: c.get(c.id_of_nobody, authorization=None))),
    ("method_first", "A method that the path does not have is 405 also without a token.", "S1 S4", STRICT, late(look_at_method), stays_401(lambda c: c.send("DELETE", "/sessions", authorization=None))),
    ("size_first", "A body that is too large is 413 also without a token.", "S1", STRICT, late(look_at_size), stays_401(lambda c: c.patch_raw(c.create(), b" " * (1024 * 1024 + 1), authorization=None))),
    ("token_in_the_query", "A token is also taken from the query, where every log shows it.", "S1", STRICT, admitting(lambda api, request: api.owner(request.query.get("access_token", [""])[0])), stays_401(lambda c: page_with(c, {"access_token": c.token}))),
    ("token_in_a_cookie", "A token is also taken from a cookie, which browsers send on their own.", "S1", STRICT, admitting(lambda api, request: api.owner(request.headers.get("cookie", "").partition("token=")[2])), stays_401(lambda c: page_with(c, {}, cookie=f"token={c.token}"))),
    ("only_the_signature_counts", "The first eight characters of a token are ignored.", "S1 bearerAuth", DOCUMENTED, instead(owner=lambda api, token: Api.owner(api, next((known for known in api.tokens if known[8:] == token[8:]), token))), stays_401(signed_alike)),
)  # fmt: skip


@FAULTS.fault("S1", STRICT, stays_401(lambda c: c.expired().page()))
class OnceGoodAlwaysGood(Api):
    """A token that was used in time never expires: the server remembers that it was valid."""

    def owner(self, token: str) -> User | None:
        user = super().owner(token)
        if user is not None:
            self.expiries.pop(token, None)
        return user


@FAULTS.fault("S1 bearerAuth", DOCUMENTED, lambda c: wrong_after_good(c).status == 401)
class RemembersTheConnection(Api):
    """After five valid requests, requests without a token count as the last user's."""

    good = 0
    last: User

    def authenticate(self, request: Request) -> User:
        if self.good >= 5 and "authorization" not in request.headers:
            return self.last
        self.last = super().authenticate(request)
        self.good += 1
        return self.last


def wrong_after_good(caller: Caller) -> Response:
    caller.several(6)
    return caller.page_without_token()


# --- the tokens themselves ---


def issuing(change: Callable[[Api, Request], Request]) -> type[Api]:
    """Return a server that changes a request for a token before it reads it."""
    return instead(issue_token=lambda api, request: Api.issue_token(api, change(api, request)))


def without_key(api: Api, request: Request) -> Request:
    return replace(request, headers={"heidi-api-key": api.api_key} | dict(request.headers))


def with_key(alike: Callable[[str, str], bool]) -> Callable[[Api, Request], Request]:
    """Accept a key that is similar to the correct one."""

    def change(api: Api, request: Request) -> Request:
        good = alike(request.headers.get("heidi-api-key", ""), api.api_key)
        return replace(request, headers={"heidi-api-key": api.api_key}) if good else request

    return change


def issued(change: Callable[[Api, Session], Any]) -> type[Api]:
    """Return a server that responds otherwise when it issues a token."""

    def issue_token(api: Api, request: Request) -> Response:
        reply = Api.issue_token(api, request)
        return reply if reply.status != 200 else reply.but(content=change(api, reply.content))

    return instead(issue_token=issue_token)


def ended(api: Api, told: Session) -> Session:
    api.expiries[told["token"]] = 0
    return told


def with_letters(api: Api) -> None:
    """Have a key that is not a hexadecimal number."""
    Api.__init__(api)
    api.api_key = f"Partner-{api.api_key}"


def in_any_case(sent: str, key: str) -> bool:
    return sent.lower() == key.lower()


FoldedKey = type("FoldedKey", (issuing(with_key(in_any_case)),), {"__init__": with_letters})


def needs_key(key: Callable[[Caller], str | None]) -> Witness:
    return lambda caller: caller.issue(key=key(caller)).status == 401


FAULTS.enter(
    ("key_is_optional", "A token is issued without an API key.", "S1 heidiApiKey", DOCUMENTED, issuing(without_key), needs_key(lambda c: None)),
    ("short_key", "The API key may lack its last character.", "S1 heidiApiKey", DOCUMENTED, issuing(with_key(lambda sent, key: sent == key[:-1])), needs_key(lambda c: c.server.api_key[:-1])),
    ("folded_key", "The case of the API key does not matter.", "S1 heidiApiKey", STRICT, FoldedKey, needs_key(lambda c: c.server.api_key.swapcase())),
    ("expiration_without_zone", "`expiration_time` has no time zone.", "IssuedToken", DOCUMENTED, issued(lambda _, told: told | {"expiration_time": told["expiration_time"].removesuffix("Z")}), lambda c: c.issue().content["expiration_time"].endswith(("Z", "+00:00"))),
    ("expiration_as_seconds", "`expiration_time` is a number of seconds.", "IssuedToken", DOCUMENTED, issued(lambda _, told: told | {"expiration_time": 1735689600}), lambda c: isinstance(c.issue().content["expiration_time"], str)),
    ("shorter_than_told", "A token claims to live for a day and expires at once.", "IssuedToken S1", DOCUMENTED, issued(ended), lambda c: c.using(c.issue().content["token"]).page().status == 200),
)  # fmt: skip


def tenants_by_internal_id(caller: Caller) -> bool:
    twin = caller.using(caller.issue(internal_id="2").content["token"])
    return twin.get(caller.create()).status == 404


@FAULTS.fault("S2 issueToken", STRICT, tenants_by_internal_id)
class EmailIsTheUser(Api):
    """The email alone identifies a user; `third_party_internal_id` is ignored."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        return super().token(email, "1", lifetime)


def remains_with(caller: Caller) -> bool:
    mine = caller.create()
    return mine not in caller.another().walk("100")


@FAULTS.fault("issueToken", DOCUMENTED, remains_with)
class InternalIdIsTheUser(Api):
    """`third_party_internal_id` alone identifies a user."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        linked = "" if "+unlinked" not in email else "+unlinked"
        return super().token(f"anybody{linked}@example.com", internal_id, lifetime)


def same_user_again(caller: Caller) -> bool:
    mine = caller.create()
    again = caller.using(caller.server.issue(caller.email, caller.internal_id))
    return again.get(mine).status == 200


@FAULTS.fault("S2 issueToken", STRICT, same_user_again)
class NewTokenNewUser(Api):
    """Each token is another user: with the next one, the earlier sessions are gone."""

    issued = 0

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        self.issued += 1
        return super().token(email, f"{internal_id}/{self.issued}", lifetime)


def first_token_stays(caller: Caller) -> bool:
    caller.server.issue(caller.email, caller.internal_id)
    return caller.page().status == 200


@FAULTS.fault("S1", STRICT, first_token_stays)
class OneTokenAtATime(Api):
    """A new token of a user ends the one before, long before it expires."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        token = super().token(email, internal_id, lifetime)
        user = self.tokens[token]
        for known in [name for name, owner in self.tokens.items() if owner is user]:
            if known != token:
                del self.tokens[known]
        return token


def seal_in_other_case(caller: Caller) -> bool:
    head, dot, seal = caller.token.rpartition(".")
    other = caller.send(
        "GET", "/sessions/linked-user", authorization=f"Bearer {head}{dot}{seal.swapcase()}"
    )
    return seal == seal.swapcase() or is_error(other, 401)


@FAULTS.fault("S1", STRICT, seal_in_other_case)
class SealInAnyCase(Api):
    """Tokens look like a JWT, and the signature is compared without regard to case."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        plain = super().token(email, internal_id, lifetime)
        sealed = f"eyJhbGciOiJIUzI1NiJ9.e30.{plain}"
        self.tokens[sealed], self.expiries[sealed] = (
            self.tokens.pop(plain),
            self.expiries.pop(plain),
        )
        return sealed

    def owner(self, token: str) -> User | None:
        head, _, seal = token.rpartition(".")
        known = (
            item
            for item in self.tokens
            if item.rpartition(".")[0] == head
            and item.rpartition(".")[2].casefold() == seal.casefold()
        )
        return super().owner(next(known, token))


def seal_with_other_padding(caller: Caller) -> bool:
    header = f"Bearer {caller.token[:-1]}{PADDED[caller.token[-1]]}"
    return is_error(caller.send("GET", "/sessions/linked-user", authorization=header), 401)


ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
# For the last character of 32 bytes in base64: the one that differs only in an unused bit.
PADDED = {mark: ALPHABET[at ^ 1] for at, mark in enumerate(ALPHABET)}


@FAULTS.fault("S1", STRICT, seal_with_other_padding)
class SealWithAnyPadding(Api):
    """Tokens are a JWT, and the unused last bits of its base64 are ignored."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        plain = super().token(email, internal_id, lifetime)
        seal = urlsafe_b64encode(sha256(plain.encode()).digest()).decode().rstrip("=")
        sealed = f"eyJhbGciOiJIUzI1NiJ9.{plain[1:]}.{seal}"
        self.tokens[sealed], self.expiries[sealed] = (
            self.tokens.pop(plain),
            self.expiries.pop(plain),
        )
        return sealed

    def owner(self, token: str) -> User | None:
        known = (item for item in self.tokens if self.parts(item) == self.parts(token))
        return super().owner(next(known, token))

    def parts(self, token: str) -> tuple[str, bytes]:
        signed, _, seal = token.rpartition(".")
        with contextlib.suppress(ValueError):
            return signed, urlsafe_b64decode(f"{seal}===")
        return token, b""


def unchanged_without_token(caller: Caller) -> bool:
    mine = caller.create()
    before = caller.read(mine)
    caller.patch(mine, {"duration": 7}, authorization=None)
    return before == caller.read(mine)


@FAULTS.fault("S1 S6", STRICT, unchanged_without_token)
class RefusedAndDone(Api):
    """An update without a token is made, and gets 401."""

    def authenticate(self, request: Request) -> User:
        if operation_of(request) == PATCH and "authorization" not in request.headers:
            session_id = request.path.rpartition("/")[2]
            for user in self.users.values():
                if session_id in user.sessions:
                    with contextlib.suppress(RefusalError):
                        self.update(user, session_id, request)
        return super().authenticate(request)


# --- tokens and keys that are joined, stripped or written in another way ---

NOBODYS = "0" * 20


def one_of(read: Callable[[str], Iterable[str]]) -> type[Api]:
    """Return a server that finds the token anywhere after the scheme."""

    def find(api: Api, request: Request) -> User | None:
        whole = request.headers.get("authorization", "")
        return next(filter(None, map(api.owner, read(whole))), None)

    return admitting(find)


def bearing(spell: Callable[[str], str]) -> Witness:
    """Return a witness that a token written in another way is refused."""
    return lambda caller: is_error(
        caller.send("GET", "/sessions/linked-user", authorization=spell(caller.token)), 401
    )


def keyed(read: Callable[[str], Iterable[str]]) -> type[Api]:
    """Return a server that finds the key anywhere in its header."""

    def change(api: Api, request: Request) -> Request:
        good = api.api_key in read(request.headers.get("heidi-api-key", ""))
        return replace(request, headers={"heidi-api-key": api.api_key}) if good else request

    return issuing(change)


def key_as(spell: Callable[[str], str]) -> Witness:
    return needs_key(lambda caller: spell(caller.server.api_key))


def key_elsewhere(api: Api, request: Request) -> Request:
    other = request.headers.get("authorization", "").removeprefix("Bearer ")
    return replace(request, headers={"heidi-api-key": other} | dict(request.headers))


def without_its_header(caller: Caller) -> bool:
    query = {"email": caller.email, "third_party_internal_id": caller.internal_id}
    reply = caller.send("GET", "/jwt", query=query, authorization=f"Bearer {caller.server.api_key}")
    return reply.status == 401


def key_for_token(api: Api, request: Request) -> User | None:
    known = credentials(request) == ("bearer", api.api_key)
    return next(iter(api.users.values())) if known else None


FAULTS.enter(
    ("one_of_two_tokens", "Of two tokens with a comma between them, one must be valid.", "S1 bearerAuth", DOCUMENTED, one_of(lambda t: t.removeprefix("Bearer ").split(",")), bearing(lambda t: f"Bearer {NOBODYS},{t}")),
    ("last_word_counts", "The last word of Authorization is the token.", "S1 bearerAuth", DOCUMENTED, one_of(lambda t: t.split(" ")[-1:]), bearing(lambda t: f"Bearer {NOBODYS} {t}")),
    ("first_word_counts", "What follows a token and a space is ignored.", "S1 bearerAuth", DOCUMENTED, one_of(lambda t: t.split(" ")[1:2]), bearing(lambda t: f"Bearer {t} {NOBODYS}")),
    ("first_of_two", "Of two tokens, the first counts.", "S1", STRICT, one_of(lambda t: [t.removeprefix("Bearer ").partition(",")[0]]), bearing(lambda t: f"Bearer {t},{t}")),
    ("in_quotes", "A token may be in quotes.", "S1", STRICT, one_of(lambda t: [t.removeprefix("Bearer ").strip('"')]), bearing(lambda t: f'Bearer "{t}"')),
    ("token_in_brackets", "A token may be in angle brackets, as a guide prints it.", "S1", STRICT, one_of(lambda t: [t.removeprefix("Bearer ").strip("<>")]), bearing(lambda t: f"Bearer <{t}>")),
    ("decoded", "A token is decoded as in a URL.", "S1", STRICT, one_of(lambda t: [unquote(t.removeprefix("Bearer "))]), bearing(lambda t: f"Bearer %{ord(t[0]):02X}{t[1:]}")),
    ("two_schemes", "A scheme may occur twice.", "S1", STRICT, one_of(lambda t: [t.replace("Bearer ", "")]), bearing(lambda t: f"Bearer Bearer {t}")),
    ("colon_behind_the_scheme", "A colon or an equals sign may follow the scheme.", "S1", STRICT, one_of(lambda t: [re.sub("^Bearer[:=] *", "", t)]), bearing(lambda t: f"Bearer: {t}")),
    ("any_scheme_at_all", "Whatever comes before a token is ignored.", "S1", STRICT, one_of(lambda t: [t.partition(" ")[2]]), bearing(lambda t: f"Digest {t}")),
    ("padded_token", "An equals sign after a token is ignored.", "S1", STRICT, one_of(lambda t: [t.removeprefix("Bearer ").rstrip("=")]), bearing(lambda t: f"Bearer {t}==")),
    ("key_is_a_token", "The key is a token of the first user.", "S1 bearerAuth", DOCUMENTED, admitting(key_for_token), lambda c: is_error(c.using(c.server.api_key).page(), 401)),
    ("one_of_two_keys", "Of two keys with a comma between them, one must be valid.", "S1 heidiApiKey", STRICT, keyed(lambda k: k.split(",")), key_as(lambda k: f"wrong,{k}")),
    ("key_with_scheme", "A scheme may come before the key.", "S1 heidiApiKey", STRICT, keyed(lambda k: k.split(" ")[-1:]), key_as(lambda k: f"Bearer {k}")),
    ("encoded_key", "The key is percent-decoded.", "S1 heidiApiKey", STRICT, keyed(lambda k: [unquote(k)]), key_as(lambda k: f"%{ord(k[0]):02X}{k[1:]}")),
    ("key_in_quotes", "The key may be in quotes.", "S1 heidiApiKey", STRICT, keyed(lambda k: [k.strip('"')]), key_as(lambda k: f'"{k}"')),
    ("key_with_more", "What follows the key is ignored.", "S1 heidiApiKey", STRICT, keyed(lambda k: [k[:32]]), key_as(lambda k: f"{k}x")),
    ("key_in_authorization", "The key may be in Authorization.", "S1 heidiApiKey", STRICT, issuing(key_elsewhere), without_its_header),
)  # fmt: skip


# --- what is issued, and to whom ---


def users_by(name: Callable[[str, str], tuple[str, str]]) -> type[Api]:
    """Return a server that identifies its users by something that two of them can share."""

    def token(
        api: Api,
        email: str = "a@example.com",
        internal_id: str = "1",
        lifetime: float | None = None,
    ) -> str:
        return Api.token(api, *name(email, internal_id), lifetime)

    return instead(token=token)


def two_users(
    first: Callable[[str], tuple[str, str]], second: Callable[[str], tuple[str, str]]
) -> Witness:
    """Return a witness that two users, each derived from an email, share no session."""

    def witness(caller: Caller) -> bool:
        one, other = (
            caller.using(caller.issue(email=email, internal_id=internal_id).content["token"])
            for email, internal_id in (first(caller.email), second(caller.email))
        )
        return other.get(one.create()).status == 404

    return witness


def brief(api: Api, told: Session) -> Session:
    end = datetime.now(UTC) + timedelta(seconds=3)
    api.expiries[told["token"]] = time.time() + 1
    return told | {"expiration_time": end.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def lives_as_told(caller: Caller) -> bool:
    reply = caller.issue()
    until = datetime.fromisoformat(reply.content["expiration_time"])
    left = (until - datetime.now(UTC)).total_seconds()
    time.sleep(max(0.0, min(1.5, left - 0.5)))
    return caller.using(reply.content["token"]).page().status == 200


def in_zone(hours: int) -> Callable[[Api, Session], Session]:
    def change(_: Api, told: Session) -> Session:
        moment = datetime.fromisoformat(told["expiration_time"])
        return told | {
            "expiration_time": moment.astimezone(timezone(timedelta(hours=hours))).isoformat()
        }

    return change


def shifted(**offset: int) -> Callable[[Api, Session], Session]:
    def change(_: Api, told: Session) -> Session:
        moment = datetime.fromisoformat(told["expiration_time"]) + timedelta(**offset)
        return told | {"expiration_time": moment.isoformat().replace("+00:00", "Z")}

    return change


def ends_in_utc(caller: Caller) -> bool:
    text = str(caller.issue().content["expiration_time"])
    return text.endswith(("Z", "+00:00")) and caller.told_lifetime() > 0


def tells_token(caller: Caller) -> bool:
    return caller.using(str(caller.issue().content["token"])).page().status == 200


def without_its_id(caller: Caller) -> Response:
    key = caller.server.api_key
    return caller.send(
        "GET", "/jwt", query={"email": caller.email}, authorization=None, heidi_api_key=key
    )


def without_id(api: Api, request: Request) -> Request:
    return replace(request, query={"third_party_internal_id": ["1"], **request.query})


FAULTS.enter(
    ("ends_in_the_past", "`expiration_time` is a day in the past.", "IssuedToken", STRICT, issued(shifted(days=-2)), ends_in_utc),
    ("ends_in_sydney", "`expiration_time` has the offset of Sydney.", "IssuedToken", STRICT, issued(in_zone(11)), ends_in_utc),
    ("ends_sooner_than_told", "A token lives for one second, and claims to live for three.", "IssuedToken", STRICT, issued(brief), lives_as_told),
    ("ends_on_a_date", "`expiration_time` is a date.", "IssuedToken", STRICT, issued(lambda _, told: told | {"expiration_time": told["expiration_time"][:10]}), ends_in_utc),
    ("ends_in_http", "`expiration_time` is written as in an HTTP header.", "IssuedToken", STRICT, issued(lambda _, told: told | {"expiration_time": "Thu, 01 Aug 2999 00:00:00 GMT"}), lambda c: c.told_lifetime() > 0),
    ("ends_with_a_space", "`expiration_time` has a space instead of the T.", "IssuedToken", STRICT, issued(lambda _, told: told | {"expiration_time": told["expiration_time"].replace("T", " ")}), lambda c: "T" in c.issue().content["expiration_time"]),
    ("issued_in_data", "The token and its end stand inside `data`.", "IssuedToken", STRICT, issued(lambda _, told: {"data": told}), tells_token),
    ("issued_as_access_token", "The token is called `access_token`.", "IssuedToken", STRICT, issued(lambda _, told: {"access_token": told["token"], "expires_in": 86400}), tells_token),
    ("issued_as_a_text", "The response is the token alone.", "IssuedToken", STRICT, issued(lambda _, told: told["token"]), tells_token),
    ("issued_with_scheme", "The token comes with its scheme.", "IssuedToken", STRICT, issued(lambda _, told: told | {"token": f"Bearer {told['token']}"}), tells_token),
    ("issued_without_end", "The response has no `expiration_time`.", "IssuedToken", STRICT, issued(lambda _, told: {"token": told["token"]}), lambda c: "expiration_time" in c.issue().content),
    ("issued_with_201", "A token is issued with 201.", "S21 issueToken", STRICT, responding(lambda reply: reply.but(status=201) if b"expiration_time" in reply.body else reply, status=200), lambda c: c.issue().status == 200),
    ("id_is_optional", "A token is issued without `third_party_internal_id`.", "S1 issueToken", STRICT, issuing(without_id), lambda c: without_its_id(c).status == 422),
    ("users_are_joined", "A user is the email and the id, joined.", "S2 issueToken", STRICT, users_by(lambda email, i: (email + i, "")), two_users(lambda e: (f"{e}1", "2"), lambda e: (e, "12"))),
    ("users_are_split", "A user is the email and the id, joined with a colon.", "S2 issueToken", STRICT, users_by(lambda email, i: (f"{email}:{i}", "")), two_users(lambda e: (f"{e}:1", "2"), lambda e: (e, "1:2"))),
    ("users_are_decoded_twice", "The parameters that identify a user are percent-decoded twice.", "S2 issueToken", STRICT, users_by(lambda email, i: (email, unquote(i))), two_users(lambda e: (e, "a%41"), lambda e: (e, "aA"))),
    ("emails_are_cut", "Emails are compared by their first 64 characters.", "S2 issueToken", STRICT, users_by(lambda email, i: (email[:64], i)), two_users(lambda e: (f"{'a' * 64}1{e}", "1"), lambda e: (f"{'a' * 64}2{e}", "1"))),
    ("emails_are_normalised", "Emails are normalised to NFKC.", "S2 issueToken", STRICT, users_by(lambda email, i: (unicodedata.normalize("NFKC", email), i)), two_users(lambda e: (f"\ufb01{e}", "1"), lambda e: (f"fi{e}", "1"))),
    ("users_are_numbers", "Ids of users are read as numbers: 01 is 1.", "S2 issueToken", STRICT, users_by(lambda email, i: (email, str(int(i)) if i.isdecimal() else i)), two_users(lambda e: (e, "01"), lambda e: (e, "1"))),
    ("users_are_cut", "Ids of users are compared by their first 32 characters.", "S2 issueToken", STRICT, users_by(lambda email, i: (email, i[:32])), two_users(lambda e: (e, "7" * 32 + "1"), lambda e: (e, "7" * 32 + "2"))),
    ("users_are_cut_at_255", "Ids of users are compared by their first 255 characters.", "S2 issueToken", STRICT, users_by(lambda email, i: (email, i[:255])), two_users(lambda e: (e, "7" * 255 + "1"), lambda e: (e, "7" * 255 + "2"))),
    ("plus_is_no_matter", "What follows a plus sign in an email is ignored.", "S2 issueToken", STRICT, users_by(lambda email, i: (email if "+unlinked" in email else re.sub("[+][^@]*@", "@", email), i)), two_users(lambda e: (f"a+1{e}", "1"), lambda e: (f"a+2{e}", "1"))),
    ("domain_is_the_user", "Only the domain of an email identifies a user.", "S2 issueToken", STRICT, users_by(lambda email, i: ("+unlinked" * ("+unlinked" in email) + email[email.find("@") :], i)), two_users(lambda e: (f"a{e}", "1"), lambda e: (f"b{e}", "1"))),
)  # fmt: skip


def one_for_all(
    api: Api, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
) -> str:
    """Give users who share an email the same token."""
    user = api.users.get((email, "1"))
    known = next((token for token, owner in api.tokens.items() if owner is user), None)
    return known or Api.token(api, email, "1", lifetime)


def for_a_token(api: Api, request: Request) -> Request:
    good = api.owner(request.headers.get("authorization", "").removeprefix("Bearer "))
    return replace(request, headers={"heidi-api-key": api.api_key}) if good else request


def at_issue(change: Callable[[Response], Response], status: int) -> type[Api]:
    """Return a server that responds otherwise where it issues no token."""

    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        return change(reply) if (request.path, reply.status) == ("/jwt", status) else reply

    return instead(handle=handle)


def at_issue_without_key(change: Callable[[Response], Response]) -> type[Api]:
    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        missing = request.path == "/jwt" and "heidi-api-key" not in request.headers
        return change(reply) if missing else reply

    return instead(handle=handle)


class NamesakesOnlyById(InternalIdIsTheUser):
    """An email has one id; who shares an id is the same user."""

    def issue_token(self, request: Request) -> Response:
        if request.query.get("third_party_internal_id") == ["heidi-conformance-2"]:
            raise RefusalError(422, "ValidationError", "the email belongs to another id")
        return super().issue_token(request)


def wrongly_keyed(caller: Caller) -> Response:
    return caller.issue(key="wrong")


def fits(caller: Caller) -> bool:
    token = caller.issue().content["token"]
    return isinstance(token, str) and 0 < len(token) < 9999 and token == "".join(token.split())


def giving(token: object) -> type[Api]:
    return issued(lambda _, told: told | {"token": token})


def for_a_friend(caller: Caller) -> bool:
    query = {"email": "friend@example.com", "third_party_internal_id": "9"}
    return caller.send("GET", "/jwt", query=query).status == 401


def without_its_email(caller: Caller) -> bool:
    key = caller.server.api_key
    query = {"third_party_internal_id": "1"}
    reply = caller.send("GET", "/jwt", query=query, authorization=None, heidi_api_key=key)
    return reply.status == 422


NO_TEXT = to(headers={"content-type": "text/plain"}, body=b"no")
FAULTS.enter(
    ("one_token_for_all", "Users who share an email share a token.", "S2 issueToken", STRICT, instead(token=one_for_all), two_users(lambda e: (e, "1"), lambda e: (e, "2"))),
    ("namesakes_only_by_id", "Users who share an id are one, and an email has one id.", "S2 issueToken", STRICT, NamesakesOnlyById, remains_with),
    ("ends_in_berlin", "`expiration_time` is in the time zone of Berlin.", "IssuedToken", STRICT, issued(lambda _, told: told | {"expiration_time": told["expiration_time"].replace("Z", "+01:00")}), ends_in_utc),
    ("ended_long_ago", "Every token expired in 2024, according to the server, and works.", "IssuedToken", STRICT, issued(lambda _, told: told | {"expiration_time": "2024-08-01T00:00:00.000Z"}), ends_in_utc),
    ("email_is_optional", "A token is issued without an email.", "S1 issueToken", STRICT, issuing(lambda _, request: replace(request, query={"email": ["a@example.com"], **request.query})), without_its_email),
    ("tokens_buy_tokens", "A token is enough to get a token for any user.", "S1 heidiApiKey", STRICT, issuing(for_a_token), for_a_friend),
    ("key_refused_in_text", "The error of a wrong key is plain text.", "S18", STRICT, at_issue(NO_TEXT, 401), lambda c: is_error(wrongly_keyed(c), 401)),
    ("wrong_key_is_403", "A wrong key is 403.", "S1 issueToken", STRICT, at_issue(to(status=403), 401), lambda c: is_error(wrongly_keyed(c), 401)),
    ("missing_key_is_422", "A missing key is 422, as any parameter that a framework misses.", "S1 issueToken", STRICT, at_issue_without_key(to(status=422)), lambda c: c.issue(key=None).status == 401),
    ("crash_without_a_user", "A request for a token without a user is 500.", "S19", STRICT, at_issue(to(status=500), 422), without_its_email),
    ("issued_empty", "The token is empty.", "IssuedToken", STRICT, giving(""), fits),
    ("issued_two_words", "The token has a space.", "IssuedToken", STRICT, giving("two words"), fits),
    ("issued_two_lines", "The token has two lines.", "IssuedToken", STRICT, giving("a\nline"), fits),
    ("issued_too_long", "The token has 70,000 characters.", "IssuedToken", STRICT, giving("t" * 70_000), fits),
    ("issued_a_number", "The token is a number.", "IssuedToken", STRICT, giving(5), fits),
)  # fmt: skip
