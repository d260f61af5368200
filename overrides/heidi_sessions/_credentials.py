"""Credentials from the arguments, else from the environment, else a clear error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_generated.client import ISSUING
from heidi_generated.errors import ConfigurationError
from heidi_generated.types import is_unicode

from ._settings import ENVIRONMENT, environment
from ._tokens import Secret, is_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.client import Issuing

_KEY_OPTIONS: Final = ("api_key", "email", "third_party_internal_id")
_TOGETHER: Final = "give email= and third_party_internal_id= together"
_WAYS: Final = (
    "give token=, token_provider=, or api_key= with email= and third_party_internal_id="
    if ISSUING
    else "give token= or token_provider="
)


class Key(NamedTuple):
    """What tokens are issued for: the partner's key, and one user of theirs."""

    issuing: Issuing
    api_key: Secret
    user: tuple[Secret, ...]
    """The values that identify the user, in the order of the document; empty without one."""


def conceal(**options: Any) -> dict[str, Secret | None]:
    """Wrap what must not be shown.

    Raises:
        ConfigurationError: one of them is not a string.
    """
    if wrong := [name for name, text in options.items() if not isinstance(text, str | None)]:
        raise ConfigurationError("must be a string", option=wrong[0])
    return {name: None if text is None else Secret(text) for name, text in options.items()}


def credentials(given: Mapping[str, Secret | None], *, provider: bool) -> Secret | Key | None:
    """Choose how to authenticate.

    Args:
        given: token, api_key, email and third_party_internal_id, as far as they were passed.
        provider: whether a token_provider was passed.

    Returns:
        A token, a key, or None for the token_provider.

    Raises:
        ConfigurationError: nothing is given, not all of it, or more than one way.
    """
    passed = {name: secret for name, secret in given.items() if secret is not None}
    by_key = any(name in passed for name in _KEY_OPTIONS)
    if provider + by_key + ("token" in passed) > 1:
        raise ConfigurationError(f"more than one way to authenticate: {_WAYS}")
    if provider:
        return None
    if "token" in passed:
        return _token(passed["token"], "token")
    if not by_key and (token := environment("token")):
        if environment("api_key"):
            raise ConfigurationError(
                "and HEIDI_API_KEY are both set; remove one", option="HEIDI_TOKEN"
            )
        return _token(Secret(token), "HEIDI_TOKEN")
    return _key(passed)


def _key(passed: Mapping[str, Secret]) -> Key:
    api_key, *names = _KEY_OPTIONS
    found = passed.get(api_key) or _from_environment(api_key)
    if found is None and not passed:
        by_key = ", or HEIDI_API_KEY with HEIDI_EMAIL and HEIDI_THIRD_PARTY_INTERNAL_ID"
        raise ConfigurationError(
            f"no credentials: set HEIDI_TOKEN{by_key if ISSUING else ''}", in_code=_WAYS
        )
    if ISSUING is None:
        raise ConfigurationError(
            "no operation of the document issues tokens for a key: give token= or token_provider="
        )
    key = _sendable(api_key, found, _in_environment(api_key), f"give {api_key}=")
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        source = api_key if api_key in passed else ENVIRONMENT[api_key]
        raise ConfigurationError(
            "holds a space, a line break or another character that no header can carry",
            option=source,
        )
    # Half from here and half from the environment would be another user.
    if any(name in passed for name in names):
        return Key(ISSUING, key, user({name: passed.get(name) for name in names}))
    named = {name: _from_environment(name) for name in names}
    if not any(named.values()):
        return Key(ISSUING, key, ())
    return Key(
        ISSUING,
        key,
        tuple(
            _sendable(name, secret, _in_environment(name), _TOGETHER)
            for name, secret in named.items()
        ),
    )


def _in_environment(name: str) -> str:
    return f"set {ENVIRONMENT[name]}"


def _from_environment(name: str) -> Secret | None:
    return Secret(text) if (text := environment(name)) else None


def user(named: Mapping[str, Secret | None]) -> tuple[Secret, ...]:
    """Return what names a user, in the order of the document, all of it passed together.

    Raises:
        ConfigurationError: something of it is missing.
    """
    return tuple(_sendable(name, secret, _TOGETHER) for name, secret in named.items())


def _sendable(name: str, secret: Secret | None, fix: str, in_code: str | None = None) -> Secret:
    if secret is None or not secret.reveal():
        raise ConfigurationError(f"is missing; {fix}", option=name, in_code=in_code)
    if not is_unicode(secret.reveal()):
        raise ConfigurationError("must be a string that UTF-8 can encode", option=name)
    return secret


def _token(token: Secret, source: str) -> Secret:
    if not token.reveal():
        raise ConfigurationError("is empty", option=source)
    if not is_token(token.reveal()):
        raise ConfigurationError(
            "is not a bearer token; leave out the word Bearer, spaces and line breaks",
            option=source,
        )
    return token
