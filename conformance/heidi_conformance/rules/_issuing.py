"""The tokens that a key is exchanged for."""
# ruff: noqa: E501  # tables read better in rows

from urllib.parse import urlencode

from heidi_conformance.contract._operations import ISSUER, KEY_HEADER, MAIN
from heidi_conformance.evidence._history import UnboundError, issue, issue_of
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import Resources, resources_of

from ._rule import ISSUES, Rule, Script
from ._tokens import HEXADECIMAL

# Invented. Each script has users of its own: scripts may run at the same time, in several shards.
ID, OTHER_ID = "heidi-conformance-1", "heidi-conformance-2"
WORD, LETTERS = "heidi-conformance", "a" * 20
LONG_ID = f"{WORD}:{LETTERS}"
# Addresses that begin with it have their first 64 characters in common.
LONG = f"{WORD}-{LETTERS * 2}"
# One wrong key closes no door.
NO_KEYS = (None, "invented-by-the-judge-1")
WRONG_KEYS = (
    "", "{key:first+1}", "{key:middle+1}", "{key:last+1}", "{key:shorter}", "{key:headless}", "{key:half}",
    "{key}x", "x{key}", "{key}{key}", "{key},{key}", "{key} {key}", '"{key}"', "{key};", "{key:encoded}",
    "Bearer {key}", "Key {key}", "null", "undefined", "*",
)  # fmt: skip
# The key in other case, unless it is hexadecimal: then it is the same key.
CASED = "{key:twisted}"


def email(name: str) -> str:
    return f"conformance-{name}@heidi-conformance.invalid"


MINE = email("first-1")
# Each with another user, whose address and id are almost the same. That ids in other letters, or with
# spaces round them, are different is not documented.
NAMESAKES = (
    *(((MINE, LONG_ID), other) for other in (
        (MINE, OTHER_ID), (email("other-1"), LONG_ID), (MINE.replace("@", "+1@"), LONG_ID),
        (MINE, f"{LONG_ID[:-1]}b"), (MINE, f"%68{LONG_ID[1:]}"), (f"{MINE}h", LONG_ID[1:]), (f"{MINE}:{WORD}", LETTERS),
    )),
    ((MINE, "7"), (MINE, "07")),
    ((MINE, f"{LETTERS * 13}1"), (MINE, f"{LETTERS * 13}2")),
    ((f"{LONG}@heidi-conformance.invalid", ID), (f"{LONG}@heidi-conformance.test", ID)),
    ((email("confined-1"), ID), (email("con\ufb01ned-1"), ID)),
)  # fmt: skip


def user_of(probe: Probe, address: str, internal_id: str = ID) -> str:
    """Ask for the token of an invented user, and return what it goes by in requests.

    Raises UnboundError if none is issued: the server may not know the user.
    """
    user = probe.user()
    probe.send(issue(address, internal_id, binds=user))
    if user not in probe.bindings.tokens:
        raise UnboundError
    return user


def main(probe: Probe) -> Resources:
    return resources_of(probe, MAIN.name)


def issued_tokens(probe: Probe) -> None:
    """A token, at work at once; and another one for the same user, who sees the same."""
    on, user = main(probe), user_of(probe, email("once-1"))
    name = on.new(user=user)
    again = user_of(probe, email("once-1"))
    for viewer in (again, user):
        on.read(name, user=viewer)


def namesakes(probe: Probe) -> None:
    """Users who share the address or the id with another one, or almost: two, and not one."""
    on, made = main(probe), dict[tuple[str, str], str]()
    for one, other in NAMESAKES:
        try:
            if one not in made:
                made[one] = on.new(user=user_of(probe, *one))
            viewer = user_of(probe, *other)
        except UnboundError:
            # A server may have bounds for addresses and ids.
            continue
        on.read(made[one], user=viewer)
        on.update(made[one], on.fields.change(60), user=viewer)
    if not made:
        raise UnboundError


def users_in_queries(probe: Probe) -> None:
    """The list of one user, with the names of another in the query."""
    on, owner = main(probe), (email("listed-1"), ID)
    on.new(user=user_of(probe, *owner))
    viewer = user_of(probe, email("viewer-1"), OTHER_ID)
    named = dict(zip(ISSUER.semantics["user"], owner, strict=False))
    on.page(user=viewer, query=urlencode(named))


def unfit_requests(probe: Probe) -> None:
    """A user and no key, or an invented one; a right key, and no user to issue a token for."""
    user_of(probe, email("known-1"))
    names = ISSUER.semantics["user"]
    user = dict(zip(names, (email("known-1"), *[ID] * len(names)), strict=False))
    for key in NO_KEYS:
        probe.send(issue_of(user, key))
    probe.send(issue_of({}))
    probe.send(issue_of({names[0]: ""}))
    for missing in reversed(names):
        probe.send(issue_of({name: text for name, text in user.items() if name != missing}))
    probe.send(issue_of(user | {names[-1]: ""}))


def wrong_keys(probe: Probe) -> None:
    """Keys that are almost right, a token for a key, and a key for a token."""
    on, user = main(probe), user_of(probe, email("known-1"))
    on.page(user=user)
    cased = () if HEXADECIMAL.fullmatch(probe.setting.key) else (CASED,)
    for key in (*WRONG_KEYS, *cased):
        probe.try_send(issue(email("known-1"), ID, key))
    for credentials in ("Bearer {first}", "Bearer {key}"):
        probe.send(issue(email("known-1"), ID, None, authorization=credentials))
    on.page(authorization="Bearer {key}")
    on.page(authorization="", headers=((KEY_HEADER, "{key}"),))


def issuing(rule: str, words: str, *place: str) -> Rule:
    """Return a rule about the issue of tokens, which is not in the base document."""
    return Rule(rule, "strict", "", ISSUES, words, place)


RULES = (
    issuing("key-needed", "a token is issued for the right key alone", "security"),
    issuing("issued-token", "a token is issued for a user and accepted until its expiry, which is in UTC", "responses", "2XX"),
)  # fmt: skip
# Last what may close the door: a server may be cautious with who tries keys.
SCRIPTS = (
    Script(issued_tokens, "strict", ("answers", "issued-token", "json-answers", "answer-schema", "declared-status"), needs=("key",)),
    Script(namesakes, "strict", ("own-sessions",), needs=("key",)),
    Script(users_in_queries, "strict", ("own-list",), needs=("key",)),
    Script(unfit_requests, "strict", ("answers", "no-server-error", "key-needed", "issued-token", "error-shape"), needs=("key",), reads=True),
    Script(wrong_keys, "strict", ("key-needed", "error-shape", "message-quotes"), needs=("key",), reads=True),
)  # fmt: skip
