"""Prepare a run: address, tokens, first contact with the server."""

import math
import time
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from ._settings import Issued
from ._text import printable
from ._verdict import CannotJudgeError
from ._wire import OutOfPatienceError, Reply, Silence, Wire, is_loopback, wait_of
from .contract._document import pointed
from .contract._operations import (
    ISSUER,
    LIST,
    MAIN,
    OPERATIONS,
    READ,
    UNLINKED,
    error_type,
)
from .evidence._history import Bindings, Request, is_credential, issue, issued, listing, read
from .oracle._issuing import lifetime

GIVE_URL = "give the base URL of the API, such as https://host/path"
# The users that a key is exchanged for: invented, and recognizable by their address.
EMAIL = "conformance@heidi-conformance.invalid"
INTERNAL_ID = "heidi-conformance"
OTHER_EMAIL = "conformance-other@heidi-conformance.invalid"
OTHER_ID = "heidi-conformance-other"
UNLINKED_EMAIL = "conformance+unlinked@heidi-conformance.invalid"
UNLINKED_ID = "heidi-conformance-unlinked"
REFUSED = (401, 403)
BUSY = 429
# How often a request is repeated that a server asks to wait for.
PATIENCE = 3
# Seconds before its end at which a token is replaced; half of its life where that is less.
EARLY = 60
# Where a token is tried; its user may have no access to one of them.
ADMITTED = (listing(), read(MAIN.unknown))


def base_url(text: str) -> str:
    """Return the base URL of the API, without a slash at its end.

    Raises CannotJudgeError for anything else.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise CannotJudgeError(f"the URL is not valid; {GIVE_URL}") from None
    if parts.username is not None or parts.password is not None:
        raise CannotJudgeError(f"the URL carries a name or a password; {GIVE_URL}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotJudgeError(f"{text[:80]!r} is not an http or https URL; {GIVE_URL}")
    if parts.query or parts.fragment:
        raise CannotJudgeError(f"the URL has a query or a fragment; {GIVE_URL}")
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """Return the URL of a proxy, empty without one. Raises CannotJudgeError for anything else."""
    parts = urlsplit(text)
    try:
        known = parts.scheme == "http" and parts.hostname and parts.port is not False
    except ValueError:
        known = False
    if text and (not known or parts.username is not None):
        raise CannotJudgeError(
            "the proxy must be an http URL without a name, such as http://host:3128"
        )
    return text


def credential(text: str, name: str) -> str:
    """Return a token or a key that a header can carry. Raises CannotJudgeError without it."""
    if not is_credential(text):
        raise CannotJudgeError(f"{name} is empty or holds characters that no header can carry")
    return text


def permit(url: str, what: str, *, allowed: bool, instead: str) -> None:
    """Raise CannotJudgeError where a server is another machine, and writing is not allowed there.

    what: what is made there. instead: what to add.
    """
    if not allowed and not is_loopback(url):
        raise CannotJudgeError(
            f"{target(url)} is another machine, a run creates {what} there, "
            f"and the API cannot delete them; add {instead}"
        )


def target(url: str) -> str:
    """Return host and port of a base URL."""
    return urlsplit(url).netloc


@dataclass
class Client:
    """Sends single requests, before a run and after it.

    requests: how many it sent. issued: the tokens that it got, and for whom.
    busy: whether the server had no time for one, however often asked.
    """

    wire: Wire
    requests: int = field(default=0, init=False)
    issued: dict[str, Issued] = field(default_factory=dict[str, Issued], init=False, repr=False)
    busy: bool = field(default=False, init=False)

    @property
    def host(self) -> str:
        """Host and port of the server."""
        return target(self.wire.way.url)

    def send(self, request: Request, **secrets: str) -> Reply | Silence:
        """Send a request, again where the server asks to wait, as long as there is time."""
        message = Bindings(secrets).message(request)
        response: Reply | Silence = Silence("there is no time left")
        for attempt in range(1 + PATIENCE):
            try:
                if attempt and isinstance(response, Reply):
                    self.wire.wait(wait_of(response))
                self.requests += 1
                response = self.wire.send(message)
            except OutOfPatienceError as error:
                # The last response tells the user more than a spent budget does.
                return response if attempt else Silence(str(error))
            if self.busy or not isinstance(response, Reply) or response.status != BUSY:
                return response
        self.busy = True
        return response

    def mint(self, key: str, email: str, internal_id: str) -> str:
        """Exchange a partner's key for a token. Raises CannotJudgeError if none is issued."""
        request = issue(email, internal_id)
        response = self.send(request, key=key)
        if isinstance(response, Silence):
            raise self.silence(request, response)
        if response.ok and (token := issued(response)):
            self.issued[token] = Issued(email, internal_id, due(response))
            return token
        if response.status in REFUSED:
            raise CannotJudgeError(f"{self.host} refuses the key ({response.status}); check it")
        raise self.unlike(request, response, ISSUER.semantics["token"])

    def mint_all(self, key: str, lane: int = 1) -> dict[str, str]:
        """Exchange a key for the tokens of all users that a run can use, by their names.

        lane: concurrent runs need different users, so each lane has its own.
        """

        def mint(email: str, internal_id: str) -> str:
            if lane == 1:
                return self.mint(key, email, internal_id)
            # In front, because a suffix after a plus sign may have a meaning for a server.
            return self.mint(key, f"lane{lane}-{email}", f"{internal_id}-{lane}")

        # The dispensable token comes first: the next one of its user may invalidate it.
        tokens = {"same": mint(EMAIL, INTERNAL_ID), "first": mint(EMAIL, INTERNAL_ID)}
        tokens["second"] = mint(OTHER_EMAIL, OTHER_ID)
        # Only some servers, such as the sandbox, treat such an address as a user without link.
        unlinked = mint(UNLINKED_EMAIL, UNLINKED_ID)
        response = self.send(listing(), first=unlinked)
        if isinstance(response, Reply) and refuses_list(response):
            tokens["unlinked"] = unlinked
        return tokens

    def admits(self, token: str) -> bool:
        """Whether a token is still valid: an expired one is 401 everywhere."""
        # The first that is not 401 is enough.
        responses = (self.send(request, first=token) for request in ADMITTED)
        return any(
            isinstance(response, Silence) or response.status != 401 for response in responses
        )

    def introduce(self, token: str) -> bool:
        """Contact the server; return whether the user of the token has a list.

        Raises CannotJudgeError if the server is silent, refuses the token or is another one.
        """
        responses = [self.send(request, first=token) for request in ADMITTED]
        replies = [response for response in responses if isinstance(response, Reply)]
        if not replies and isinstance(first := responses[0], Silence):
            raise self.silence(ADMITTED[0], first)
        if all(reply.status in REFUSED for reply in replies):
            status = replies[-1].status
            raise CannotJudgeError(f"{self.host} refuses the token ({status}); give a valid one")
        if not any(map(speaks, replies)):
            raise self.unlike(ADMITTED[0], replies[0], OPERATIONS[LIST].page.items)
        return not any(map(refuses_list, replies))

    def named(self, request: Request) -> str:
        """Name a request, without its query."""
        path = urlsplit(self.wire.way.url).path + request.target.partition("?")[0]
        return f"{request.method} {path}"

    def silence(self, request: Request, response: Silence) -> CannotJudgeError:
        """Return the error for a server that does not respond."""
        hint = f"; {response.hint}" if response.hint else ""
        what = f"{self.host} does not respond to {self.named(request)} ({response.reason}){hint}"
        return CannotJudgeError(what)

    def unlike(self, request: Request, response: Reply, pointer: str) -> CannotJudgeError:
        """Return the error for a response that this API does not give."""
        hint = next(text for statuses, text in HINTS if response.status in statuses)
        return CannotJudgeError(
            f"{self.host} responds to {self.named(request)} with {response.status} "
            f"and {shape(response)}, not with a JSON object that has "
            f"`{pointer.rpartition('/')[2]}`; {hint}"
        )


@dataclass
class Renewal:
    """Replaces the tokens of a run before they end.

    tokens: by user. times: how often some were replaced. ended: those that were.
    """

    client: Client
    key: str = field(repr=False)
    tokens: dict[str, str] = field(repr=False)
    times: int = field(default=0, init=False)
    ended: dict[str, str] = field(default_factory=dict[str, str], init=False, repr=False)

    def renew(self) -> None:
        """Replace all tokens where one is due; one that cannot be replaced stays."""
        issued = self.client.issued
        now = time.time()
        if not self.key or all(
            now < issued[token].due for token in self.tokens.values() if token in issued
        ):
            return
        self.times += 1
        # In the order in which they were issued: a new one of the same user may end an older one.
        for token, of in [*issued.items()]:
            for user in [name for name, text in self.tokens.items() if text == token]:
                try:
                    self.tokens[user] = self.client.mint(self.key, of.email, of.internal_id)
                    self.ended[token] = user
                except CannotJudgeError:
                    issued.pop(token, None)


def due(response: Reply) -> float:
    """Return from when on a token is to be replaced; one that has ended already tells nothing."""
    life = lifetime(response)
    return time.time() + max(life - EARLY, life / 2) if life > 0 else math.inf


HINTS = (
    ((BUSY,), "it is rate limiting; wait, or raise the limit"),
    (range(500, 600), "it fails; see its log"),
    (range(100, 500), "is the path of the URL right?"),
)


def shape(response: Reply) -> str:
    """Describe a response without quoting it."""
    if response.content is not None:
        kinds: dict[type, str] = {dict: "an object", list: "an array"}
        return f"JSON, {kinds.get(response.content.__class__, 'a value')}"
    media_type = (response.header("content-type") or "").partition(";")[0].strip()
    return printable(media_type) if response.body and media_type else f"{len(response.body)} bytes"


def refuses_list(response: Reply) -> bool:
    """Whether the server says that the user is not linked."""
    return UNLINKED is not None and bool(error_type(response.content) == UNLINKED.type)


def speaks(response: Reply) -> bool:
    """Whether a response is a page, a resource or an error, or tries to be one."""
    content = response.content
    if not response.ok:
        return isinstance(error_type(content), str)
    if isinstance(content, list):
        return all(isinstance(item, dict) for item in cast("list[object]", content))
    if not isinstance(content, dict):
        return False
    page = OPERATIONS[LIST].page
    words = filter(None, (page.items, page.next, page.more, page.count, page.total))
    told = [OPERATIONS[READ].shown(content), *(pointed(content, word) for word in words)]
    lists = any(isinstance(item, list) for item in cast("dict[str, object]", content).values())
    return lists or told != [None] * len(told)
