"""Scripts about the tokens that a key is exchanged for."""
# ruff: noqa: E501  # tables read better in rows

from heidi_conformance._history import Request, UnboundError, issue, read, update
from heidi_conformance._probe import Probe

from ._script import Script

# Invented, and no user of anything else: two people who share an address or an id with the first.
EMAIL, OTHER_EMAIL = (f"conformance-{name}@heidi-conformance.invalid" for name in "12")
ID, OTHER_ID = "heidi-conformance-1", "heidi-conformance-2"
WRONG_KEYS = (
    None, "", "{key:first+1}", "{key:middle+1}", "{key:last+1}", "{key:shorter}", "{key:headless}",
    "{key:half}", "{key:upper}", "{key:lower}", "{key}x", "x{key}", "{key} x", "Bearer {key}",
    "null", "undefined", "*", "invented-by-the-judge",
)  # fmt: skip


def first_user(probe: Probe) -> str:
    """Ask for the token of the first user, and return the name that it goes by.

    Raises UnboundError where none is issued: the server may not know the user.
    """
    name = probe.user()
    probe.send(issue(EMAIL, ID, binds=name))
    if name not in probe.bindings.tokens:
        raise UnboundError
    return name


def issued_tokens(probe: Probe) -> None:
    """A token, at work at once; and another one for the same user, who sees the same."""
    user = first_user(probe)
    session = probe.new(user=user)
    again = first_user(probe)
    for name in (again, user):
        probe.send(read(session, user=name))


def wrong_keys(probe: Probe) -> None:
    """No key, and such as are almost right."""
    first_user(probe)
    for key in WRONG_KEYS:
        probe.try_send(issue(EMAIL, ID, key))


def namesakes(probe: Probe) -> None:
    """Users who share the address or the id with another one: three, and not one."""
    user = first_user(probe)
    session = probe.new(user=user)
    probe.send(update(session, {"patient": {"name": "Ann"}}, user=user))
    for email, internal_id in ((EMAIL, OTHER_ID), (OTHER_EMAIL, ID)):
        stranger = probe.user()
        probe.send(issue(email, internal_id, binds=stranger))
        probe.send(read(session, user=stranger))
        probe.send(update(session, {"duration": 60}, user=stranger))
    probe.send(read(session, user=user))


def requests_for_nobody(probe: Probe) -> None:
    """A right key, and no user to issue a token for."""
    key = (("Heidi-Api-Key", "{key}"),)
    for query in ("", "?email=", f"?email={EMAIL}", f"?third_party_internal_id={ID}"):
        probe.send(Request("GET", f"/jwt{query}", user="", media_type=None, headers=key))


SCRIPTS = (
    Script(issued_tokens, "strict", ("answers", "issued-token", "json-answers", "answer-schema"), ("key",)),
    Script(wrong_keys, "strict", ("key-needed", "error-shape"), ("key",)),
    Script(namesakes, "strict", ("own-sessions",), ("key",)),
    Script(requests_for_nobody, "strict", ("no-server-error", "error-shape"), ("key",)),
)  # fmt: skip
