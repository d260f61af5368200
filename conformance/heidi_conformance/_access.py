"""From what a user gives to a server that can be judged: address, token, first contact."""

import ipaddress
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from ._document import pointed
from ._history import (
    Bindings,
    Request,
    create,
    is_credential,
    issue,
    listing,
    paged,
    read,
    update,
)
from ._verdict import CannotJudgeError
from ._wire import Message, OutOfPatienceError, Reply, Silence, Wire, wait_of
from .contract._operations import (
    CREATE,
    ISSUER,
    LIST,
    MAIN,
    OPERATIONS,
    READ,
    TITLE,
    UNLINKED,
    UPDATE,
    error_type,
)

GIVE_URL = "give the base URL of the API, such as https://host/path"
# The user that a key is exchanged for: invented, and told apart from real ones by its address.
EMAIL = "conformance@heidi-conformance.invalid"
INTERNAL_ID = "heidi-conformance"
OTHER_EMAIL = "conformance-other@heidi-conformance.invalid"
OTHER_ID = "heidi-conformance-other"
UNLINKED_EMAIL = "conformance+unlinked@heidi-conformance.invalid"
UNLINKED_ID = "heidi-conformance-unlinked"
UNKNOWN_ID = "0"
REFUSED = (401, 403)
# Where a token is tried; one of them may be closed to its user.
ADMITTED = (listing(), read(UNKNOWN_ID))


@dataclass
class Contact:
    """What the first requests met: answers by operation and status, and values for parameters.

    linked: whether the user of the token has a list. created: the ids of sessions.
    """

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    linked: bool = True
    examples: dict[str, str | int] = field(default_factory=dict[str, str | int])
    created: list[str] = field(default_factory=list[str])


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
        raise CannotJudgeError(f"{text[:80]!r} is no http or https URL; {GIVE_URL}")
    if parts.query or parts.fragment:
        raise CannotJudgeError(f"the URL has a query or a fragment; {GIVE_URL}")
    return text.rstrip("/")


def credential(text: str, name: str) -> str:
    """Return a token or a key that a header can carry. Raises CannotJudgeError without it."""
    if not is_credential(text):
        raise CannotJudgeError(f"{name} is empty or holds characters that no header can carry")
    return text


def target(url: str) -> str:
    """Return host and port of a base URL."""
    return urlsplit(url).netloc


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """Sends requests, and remembers why the last one got no answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.wire = Wire(url)
        self.reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()

    def send(self, message: Message) -> Reply | None:
        """Send a message and return the answer, or None where there is none."""
        try:
            answer = self.wire.send(message)
            for _ in range(3):
                if isinstance(answer, Reply) and answer.status == 429:
                    time.sleep(wait_of(answer))
                    answer = self.wire.send(message)
        except OutOfPatienceError as error:
            answer = Silence(str(error))
        if isinstance(answer, Reply):
            return answer
        self.reason = answer.reason
        return None

    def silence(self) -> CannotJudgeError:
        """Return the error for a server that does not answer."""
        return CannotJudgeError(
            f"{target(self.url)} does not answer ({self.reason}); "
            "is the server running, is the URL right?"
        )


def mint(url: str, api_key: str, email: str = EMAIL, internal_id: str = INTERNAL_ID) -> str:
    """Exchange a partner's key for a token. Raises CannotJudgeError where none is issued."""
    message = Bindings({"key": api_key}).message(issue(email, internal_id))
    with Client(url) as client:
        answer = client.send(message)
        if answer is None:
            raise client.silence()
    token = pointed(answer.content, ISSUER.semantics["token"])
    if not answer.ok or not isinstance(token, str):
        raise CannotJudgeError(
            f"{target(url)} issued no token for the key ({answer.status}); check the key"
        )
    return credential(token, "the token that the server issued")


def mint_all(url: str, api_key: str) -> dict[str, str]:
    """Exchange a key for the tokens of all users that a run can use, by their names."""
    # First the token that a run can do without: the next one of its user may put an end to it.
    tokens = {"same": mint(url, api_key), "first": mint(url, api_key)}
    tokens["second"] = mint(url, api_key, OTHER_EMAIL, OTHER_ID)
    # Only some servers, the sandbox among them, make a user without link of such an address.
    unlinked = mint(url, api_key, UNLINKED_EMAIL, UNLINKED_ID)
    if not has_list(url, unlinked):
        tokens["unlinked"] = unlinked
    return tokens


def has_list(url: str, token: str) -> bool:
    """Whether a user is linked, as far as an answer shows."""
    with Client(url) as client:
        answer = client.send(Bindings({"first": token}).message(listing()))
    return answer is None or not refuses_list(answer)


def admits(url: str, token: str) -> bool:
    """Whether a token is still good: one that has ended is 401 everywhere."""
    with Client(url) as client:
        bound = Bindings({"first": token})
        answers = [client.send(bound.message(request)) for request in ADMITTED]
    return any(answer is None or answer.status != 401 for answer in answers)


def refuses_list(answer: Reply) -> bool:
    """Whether the server says that the user is not linked."""
    return UNLINKED is not None and bool(error_type(answer.content) == UNLINKED.type)


def introduce(url: str, token: str, *, writes: bool = True) -> Contact:
    """Meet the server: each operation, with the least that the page documents.

    Raises CannotJudgeError where the server is silent, refuses the token or is another one.
    """
    contact = Contact()
    with Client(url) as client:
        bound = Bindings({"first": token})

        def send(operation: str, request: Request) -> Reply | None:
            answer = client.send(bound.message(request))
            if answer is not None:
                contact.answers[operation, answer.status] += 1
                bound.learn(request, answer)
            return answer

        first = [send(LIST, listing()), send(READ, read(UNKNOWN_ID))]
        answers = [answer for answer in first if answer is not None]
        if not answers:
            raise client.silence()
        if all(answer.status in REFUSED for answer in answers):
            status = answers[-1].status
            raise CannotJudgeError(f"{target(url)} refuses the token ({status}); give a valid one")
        if not any(map(speaks, answers)):
            raise CannotJudgeError(
                f"{target(url)} does not answer like the {TITLE}; is the path of the URL right?"
            )
        contact.linked = first[0] is None or not refuses_list(first[0])
        if writes:
            # Two, so that a page of one session has a next one.
            opening = create("s1", OPERATIONS[CREATE].least)
            made = [OPERATIONS[CREATE].made(content(send(CREATE, opening))) for _ in range(2)]
            contact.created += [text for text in made if isinstance(text, str) and text]
            if resource_id := bound.values.get("s1"):
                contact.examples[MAIN.parameter] = resource_id
                send(READ, read("s1"))
                send(UPDATE, update("s1", OPERATIONS[UPDATE].little))
        page = send(LIST, listing(paged(1)))
        words = OPERATIONS[LIST].page
        following = pointed(content(page), words.next)
        if isinstance(following, str | int):
            contact.examples[words.token] = following
    return contact


def speaks(answer: Reply) -> bool:
    """Whether an answer is a page, a session or an error that the vendor's page names."""
    body = answer.content
    if answer.ok:
        shown = pointed(body, OPERATIONS[LIST].page.items), OPERATIONS[READ].shown(body)
        return shown != (None, None)
    known = {OPERATIONS[READ].error_type(404), UNLINKED.type if UNLINKED else None} - {None}
    return error_type(body) in known


def content(answer: Reply | None) -> Any:
    """Return the body as JSON, or None."""
    return None if answer is None else answer.content
