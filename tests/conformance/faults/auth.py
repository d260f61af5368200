"""Tokens that are missing, nearly right or expired, on each operation."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Answer, Api, Handler, RefusalError, Request, User

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, operation_of

FAULTS = Catalogue("auth")
OPERATIONS = {
    "createSession": "The creation",
    "getSession": "GET",
    "updateSession": "PATCH",
    "listLinkedUserSessions": "The list",
}


def attempt(caller: Caller, operation: str, **headers: Any) -> Answer:
    """Send a good request of an operation, but for these headers."""
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


def similar(alike: Callable[[str, str], bool]) -> Callable[[Api, Request], User | None]:
    """Take a token that is like one that was issued."""

    def find(api: Api, request: Request) -> User | None:
        _, sent = credentials(request)
        return next((user for token, user in api.tokens.items() if alike(sent, token)), None)

    return find


def replaced_end(token: str) -> str:
    return token[:-1] + ("A" if token[-1] != "A" else "B")


class NearMiss(NamedTuple):
    name: str
    sentence: str
    level: Level
    find: Callable[[Api, Request], User | None]
    authorization: Callable[[Caller], str | None]


def anybody(api: Api, request: Request) -> User | None:
    return None if "authorization" in request.headers else list(api.tokens.values())[-1]


def any_scheme(api: Api, request: Request) -> User | None:
    scheme, token = credentials(request)
    return api.tokens.get(token) if scheme in {"basic", "token"} else None


NEAR_MISSES = (
    NearMiss("no_token", "wants no token.", DOCUMENTED, anybody, lambda _: None),
    NearMiss(
        "short_token",
        "takes a token without its last character.",
        DOCUMENTED,
        similar(lambda sent, token: sent == token[:-1]),
        lambda caller: f"Bearer {caller.token[:-1]}",
    ),
    NearMiss(
        "other_end",
        "takes a token whose last character is another.",
        DOCUMENTED,
        similar(lambda sent, token: sent[:-1] == token[:-1]),
        lambda caller: f"Bearer {replaced_end(caller.token)}",
    ),
    NearMiss(
        "other_scheme",
        "takes the token under the scheme Basic.",
        STRICT,
        any_scheme,
        lambda caller: f"Basic {caller.token}",
    ),
    NearMiss(
        "expired_token",
        "takes a token that has expired.",
        STRICT,
        similar(lambda sent, token: sent == token),
        lambda caller: f"Bearer {caller.expired().token}",
    ),
)


def admitting(operation: str, find: Callable[[Api, Request], User | None]) -> type[Api]:
    class Admitting(Api):
        def authenticate(self, request: Request) -> User:
            user = find(self, request) if operation in {operation_of(request), "any"} else None
            return user or super().authenticate(request)

    return Admitting


def refused(
    operation: str, authorization: Callable[[Caller], str | None]
) -> Callable[[Caller], object]:
    return lambda caller: is_error(
        attempt(caller, operation, authorization=authorization(caller)), 401
    )


for near in NEAR_MISSES:
    for operation, named in OPERATIONS.items():
        FAULTS.add(
            f"{near.name}_{operation}",
            f"{named} {near.sentence}",
            "S1 bearerAuth",
            near.level,
            admitting(operation, near.find),
            refused(operation, near.authorization),
        )
EVERYWHERE = (
    NearMiss(
        "long_token",
        "A token may go on behind its end.",
        DOCUMENTED,
        similar(lambda sent, token: sent.startswith(token)),
        lambda caller: f"Bearer {caller.token}x",
    ),
    NearMiss(
        "folded_token",
        "Tokens are compared without regard to case.",
        DOCUMENTED,
        similar(lambda sent, token: sent.lower() == token.lower()),
        lambda caller: f"Bearer {caller.token.swapcase()}",
    ),
    NearMiss(
        "bare_token",
        "A token is taken without its scheme.",
        STRICT,
        lambda api, request: api.tokens.get(request.headers.get("authorization", "")),
        lambda caller: caller.token,
    ),
    NearMiss(
        "empty_token",
        "An empty token is that of the first user.",
        DOCUMENTED,
        lambda api, request: (
            next(iter(api.tokens.values())) if credentials(request) == ("bearer", "") else None
        ),
        lambda _: "Bearer ",
    ),
    NearMiss(
        "literal_null",
        "The token `null` is that of the first user, as a careless client sends it.",
        DOCUMENTED,
        lambda api, request: (
            next(iter(api.tokens.values())) if credentials(request)[1] == "null" else None
        ),
        lambda _: "Bearer null",
    ),
)
for near in EVERYWHERE:
    FAULTS.add(
        near.name,
        near.sentence,
        "S1 bearerAuth",
        near.level,
        admitting("any", near.find),
        refused("getSession", near.authorization),
    )


def challenged(caller: Caller, operation: str) -> bool:
    reply = attempt(caller, operation, authorization=None)
    scheme = reply.headers.get("www-authenticate", "").split(maxsplit=1)[:1]
    return reply.status == 401 and [word.lower() for word in scheme] == ["bearer"]


def without_challenge(request: Request, reply: Answer) -> Answer:
    kept = {name: text for name, text in reply.headers.items() if name != "www-authenticate"}
    return Answer(reply.status, reply.body, kept) if reply.status == 401 else reply


@FAULTS.fault("S1", STRICT, lambda c: challenged(c, "getSession"))
def no_challenge(request: Request, handle: Handler) -> Answer:
    """401 has no WWW-Authenticate."""
    return without_challenge(request, handle(request))


@FAULTS.fault("S1", STRICT, lambda c: challenged(c, "updateSession"))
def no_challenge_to_updates(request: Request, handle: Handler) -> Answer:
    """401 of PATCH alone has no WWW-Authenticate."""
    reply = handle(request)
    return without_challenge(request, reply) if request.method == "PATCH" else reply


@FAULTS.fault("S1", STRICT, lambda c: challenged(c, "listLinkedUserSessions"))
def basic_challenge(request: Request, handle: Handler) -> Answer:
    """401 asks for the scheme Basic."""
    reply = handle(request)
    basic = {"www-authenticate": 'Basic realm="api"'}
    return reply.but(headers=basic) if reply.status == 401 else reply


@FAULTS.fault(
    "S1", STRICT, lambda c: c.expired().page().headers.get("www-authenticate") is not None
)
class NoChallengeOnceExpired(Api):
    """401 for an expired token has no WWW-Authenticate; for a wrong one it has."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        return without_challenge(request, reply) if self.expired(credentials(request)[1]) else reply


@FAULTS.fault("S1", STRICT, lambda c: c.page_without_token().status == 401)
def forbidden_without_token(request: Request, handle: Handler) -> Answer:
    """Without a token the answer is 403."""
    reply = handle(request)
    return (
        reply.but(status=403)
        if reply.status == 401 and "authorization" not in request.headers
        else reply
    )


@FAULTS.fault("S1", STRICT, lambda c: c.using(c.token[:-1]).page().status == 401)
def wrong_token_is_422(request: Request, handle: Handler) -> Answer:
    """A token that is not a token is 422, as a library for JWT has it."""
    reply = handle(request)
    return (
        reply.but(status=422)
        if reply.status == 401 and "authorization" in request.headers
        else reply
    )


class Late(Api):
    """Errors of one kind come before that of a missing token."""

    def first(self, request: Request) -> None:
        """Raise what comes before 401."""

    def authenticate(self, request: Request) -> User:
        try:
            return super().authenticate(request)
        except RefusalError:
            self.first(request)
            raise


def stays_401(send: Callable[[Caller], Answer]) -> Callable[[Caller], object]:
    return lambda caller: is_error(send(caller), 401)


@FAULTS.fault(
    "S1", STRICT, stays_401(lambda c: c.patch(c.create(), {"duration": "x"}, authorization=None))
)
class ValidatesFirst(Late):
    """A wrong member is 422 also without a token."""

    def first(self, request: Request) -> None:
        if request.method == "PATCH":
            self.checked(self.parsed(request), self.update_shape)


@FAULTS.fault("S1", STRICT, stays_401(lambda c: c.post(["no"], authorization=None)))
class ReadsTheCreationFirst(Late):
    """A body of the creation that is wrong or broken is refused before the token is looked at."""

    def first(self, request: Request) -> None:
        if request.method == "POST" and request.body:
            self.checked(self.parsed(request), self.create_shape)


@FAULTS.fault(
    "S1",
    STRICT,
    stays_401(
        lambda c: c.patch_raw(c.create(), b"{}", authorization=None, content_type="text/csv")
    ),
)
class MediaTypeFirst(Late):
    """A wrong content type is 415 also without a token."""

    def first(self, request: Request) -> None:
        if request.body and not self.is_json(request.headers.get("content-type", "")):
            raise RefusalError(415, "UnsupportedMediaType", "the body must be application/json")


@FAULTS.fault(
    "S1",
    STRICT,
    stays_401(
        lambda c: c.send(
            "GET", "/sessions/linked-user", query={"page_size": "0"}, authorization=None
        )
    ),
)
class QueryFirst(Late):
    """A wrong `page_size` is 422 also without a token."""

    def first(self, request: Request) -> None:
        if operation_of(request) == "listLinkedUserSessions":
            self.page_size(request)


@FAULTS.fault("S1 S2", STRICT, stays_401(lambda c: c.get(c.id_of_nobody, authorization=None)))
class LooksUpFirst(Late):
    """Without a token, an unknown session is 404 and a known one 401: all learn which exist."""

    def first(self, request: Request) -> None:
        session_id = request.path.rpartition("/")[2]
        if operation_of(request) == "getSession":
            known = any(session_id in user.sessions for user in self.users.values())
            if not known:
                raise RefusalError(404, "SessionNotFoundError", "Session not found")


@FAULTS.fault(
    "S1 S4", STRICT, stays_401(lambda c: c.send("DELETE", "/sessions", authorization=None))
)
class MethodFirst(Late):
    """A method that the path does not have is 405 also without a token."""

    def first(self, request: Request) -> None:
        parts = request.path.split("/")[2:]
        if request.method not in self.methods(parts):
            allow = {"allow": ", ".join(self.methods(parts))}
            raise RefusalError(405, "MethodNotAllowed", "no such method", allow)


@FAULTS.fault(
    "S1",
    STRICT,
    stays_401(lambda c: c.patch_raw(c.create(), b" " * (1024 * 1024 + 1), authorization=None)),
)
class SizeFirst(Late):
    """A body that is too large is 413 also without a token."""

    def first(self, request: Request) -> None:
        if len(request.body) > self.body_limit:
            raise RefusalError(413, "BodyTooLarge", "the body has more than 1 MiB")


@FAULTS.fault(
    "S1",
    STRICT,
    stays_401(
        lambda c: c.send(
            "GET", "/sessions/linked-user", query={"access_token": c.token}, authorization=None
        )
    ),
)
class TokenInTheQuery(Api):
    """A token is also taken from the query, where every log shows it."""

    def authenticate(self, request: Request) -> User:
        user = self.owner(request.query.get("access_token", [""])[0])
        return user or super().authenticate(request)


@FAULTS.fault(
    "S1",
    STRICT,
    stays_401(
        lambda c: c.send(
            "GET", "/sessions/linked-user", authorization=None, cookie=f"token={c.token}"
        )
    ),
)
class TokenInACookie(Api):
    """A token is also taken from a cookie, which browsers send on their own."""

    def authenticate(self, request: Request) -> User:
        user = self.owner(request.headers.get("cookie", "").partition("token=")[2])
        return user or super().authenticate(request)


@FAULTS.fault("S1", STRICT, stays_401(lambda c: c.expired().page()))
class OnceGoodAlwaysGood(Api):
    """A token that was used in time never expires: the server remembers that it was good."""

    def owner(self, token: str) -> User | None:
        user = super().owner(token)
        if user is not None:
            self.expiries.pop(token, None)
        return user


@FAULTS.fault("S1 bearerAuth", DOCUMENTED, lambda c: wrong_after_good(c).status == 401)
class RemembersTheConnection(Api):
    """After five good requests, requests without a token are those of the last user."""

    good = 0
    last: User

    def authenticate(self, request: Request) -> User:
        if self.good >= 5 and "authorization" not in request.headers:
            return self.last
        self.last = super().authenticate(request)
        self.good += 1
        return self.last


def wrong_after_good(caller: Caller) -> Answer:
    caller.several(6)
    return caller.page_without_token()


@FAULTS.fault(
    "S1 bearerAuth", DOCUMENTED, stays_401(lambda c: c.using("A" * 8 + c.token[8:]).page())
)
class OnlyTheSignatureCounts(Api):
    """The first eight characters of a token are not looked at."""

    def owner(self, token: str) -> User | None:
        whole = next((known for known in self.tokens if known[8:] == token[8:]), token)
        return super().owner(whole)


# --- the tokens themselves ---


def reading_as(change: Callable[[str], str]) -> type[Api]:
    """Return a server that changes credentials before it looks at them."""

    class Lenient(Api):
        def authenticate(self, request: Request) -> User:
            credentials = change(request.headers.get("authorization", ""))
            headers = {**request.headers, "authorization": credentials}
            return super().authenticate(replace(request, headers=headers))

    return Lenient


def first_of_two(text: str) -> str:
    return text.partition(",")[0]


def without_quotes(text: str) -> str:
    return text.replace('"', "")


def one_scheme(text: str) -> str:
    return text.replace("Bearer Bearer", "Bearer")


def encoded(token: str) -> str:
    return f"%{ord(token[0]):02X}{token[1:]}"


LENIENT: tuple[tuple[str, str, Callable[[str], str], Callable[[str], str]], ...] = (
    ("first_of_two", "Of two tokens, the first counts.", first_of_two, "{0},{0}".format),
    ("in_quotes", "A token may stand in quotes.", without_quotes, '"{}"'.format),
    ("decoded", "A token is decoded as in a URL.", unquote, encoded),
    ("two_schemes", "A scheme may stand twice.", one_scheme, "Bearer {}".format),
)
for name, sentence, change, form in LENIENT:

    def refused_so(caller: Caller, form: Callable[[str], str] = form) -> bool:
        return caller.using(form(caller.token)).page().status == 401

    FAULTS.add(name, sentence, "S1", STRICT, reading_as(change), refused_so)


@FAULTS.fault("S1 heidiApiKey", DOCUMENTED, lambda c: c.issue(key=None).status == 401)
class KeyIsOptional(Api):
    """A token is issued without an API key."""

    def issue_token(self, request: Request) -> Answer:
        headers = {"heidi-api-key": self.api_key} | dict(request.headers)
        return super().issue_token(replace(request, headers=headers))


@FAULTS.fault(
    "S1 heidiApiKey", DOCUMENTED, lambda c: c.issue(key=c.server.api_key[:-1]).status == 401
)
class ShortKey(Api):
    """The API key may lack its last character."""

    def issue_token(self, request: Request) -> Answer:
        if request.headers.get("heidi-api-key") == self.api_key[:-1]:
            request = replace(request, headers={"heidi-api-key": self.api_key})
        return super().issue_token(request)


@FAULTS.fault(
    "IssuedToken", DOCUMENTED, lambda c: c.issue().content["expiration_time"].endswith("Z")
)
class ExpirationWithoutZone(Api):
    """`expiration_time` has no time zone."""

    def expiration(self, token: str) -> str:
        return super().expiration(token).removesuffix("Z")


@FAULTS.fault(
    "IssuedToken", DOCUMENTED, lambda c: isinstance(c.issue().content["expiration_time"], str)
)
class ExpirationAsSeconds(Api):
    """`expiration_time` is a number of seconds."""

    def issue_token(self, request: Request) -> Answer:
        reply = super().issue_token(request)
        seconds: dict[str, Any] = {"expiration_time": 1735689600}
        return reply.but(content=reply.content | seconds)


@FAULTS.fault(
    "IssuedToken S1", DOCUMENTED, lambda c: c.using(c.issue().content["token"]).page().status == 200
)
class ShorterThanTold(Api):
    """A token says that it lives for a day and ends at once."""

    def issue_token(self, request: Request) -> Answer:
        reply = super().issue_token(request)
        self.expiries[reply.content["token"]] = 0
        return reply


def tenants_by_internal_id(caller: Caller) -> bool:
    twin = caller.using(caller.issue(internal_id="2").content["token"])
    return twin.get(caller.create()).status == 404


@FAULTS.fault("S2 issueToken", STRICT, tenants_by_internal_id)
class EmailIsTheUser(Api):
    """The email alone says who a user is; `third_party_internal_id` is not looked at."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        return super().token(email, "1", lifetime)


def remains_with(caller: Caller) -> bool:
    mine = caller.create()
    return mine not in caller.another().walk("100")


@FAULTS.fault("issueToken", DOCUMENTED, remains_with)
class InternalIdIsTheUser(Api):
    """`third_party_internal_id` alone says who a user is."""

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
    """Each token is a user of its own: with the next one, the sessions of yesterday are gone."""

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
    """Tokens look like a JWT, and the signature is compared by a database that ignores case."""

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


def unchanged_without_token(caller: Caller) -> bool:
    mine = caller.create()
    before = caller.read(mine)
    caller.patch(mine, {"duration": 7}, authorization=None)
    return before == caller.read(mine)


@FAULTS.fault("S1 S6", STRICT, unchanged_without_token)
class RefusedAndDone(Api):
    """An update without a token is made, and answered with 401."""

    def authenticate(self, request: Request) -> User:
        if operation_of(request) == "updateSession" and "authorization" not in request.headers:
            session_id = request.path.rpartition("/")[2]
            for user in self.users.values():
                if session_id in user.sessions:
                    with contextlib.suppress(RefusalError):
                        self.update(user, session_id, request)
        return super().authenticate(request)
