"""Options from the arguments, else from the environment, else a clear error."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit

from heidi_generated import document
from heidi_generated.client import ISSUING
from heidi_generated.errors import ConfigurationError
from heidi_generated.types import is_unicode

from ._secret import Secret
from ._tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from heidi_generated.client import Issuing

P = ParamSpec("P")
T = TypeVar("T")

ENVIRONMENT: Final[Mapping[str, str]] = {
    "token": "HEIDI_TOKEN",
    "api_key": "HEIDI_API_KEY",
    "email": "HEIDI_EMAIL",
    "third_party_internal_id": "HEIDI_THIRD_PARTY_INTERNAL_ID",
    "base_url": "HEIDI_BASE_URL",
    "region": "HEIDI_REGION",
    "allow_http": "HEIDI_ALLOW_HTTP",
}
_KEY_OPTIONS: Final = ("api_key", "email", "third_party_internal_id")
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
    """What names the user, in the order of the document; empty where none is named yet."""


class Server(NamedTuple):
    """Where requests go."""

    url: str
    """Without a slash at the end."""

    hint: str
    """What to check where it is not the right one."""


def quietly(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | ConfigurationError:
    """Return what a function returns, or the error that the options deserve.

    Without a traceback: the frames that the error passed hold the options, and one may be refused
    because it holds a secret.
    """
    try:
        return make(*args, **kwargs)
    except ConfigurationError as error:
        error.__context__ = None
        return error.with_traceback(None)


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
    if not by_key and (token := _environment("token")):
        if _environment("api_key"):
            raise ConfigurationError(
                "and HEIDI_API_KEY are both set; remove one", option="HEIDI_TOKEN"
            )
        return _token(Secret(token), "HEIDI_TOKEN")
    return _key(passed)


def _key(passed: Mapping[str, Secret]) -> Key:
    found = {
        name: passed.get(name) or (Secret(text) if (text := _environment(name)) else None)
        for name in _KEY_OPTIONS
    }
    if found["api_key"] is None and not passed:
        by_key = ", or HEIDI_API_KEY with HEIDI_EMAIL and HEIDI_THIRD_PARTY_INTERNAL_ID"
        raise ConfigurationError(
            f"no credentials: set HEIDI_TOKEN{by_key if ISSUING else ''}", in_code=_WAYS
        )
    if ISSUING is None:
        raise ConfigurationError(
            "no operation of the document issues tokens for a key: give token= or token_provider="
        )
    api_key, *names = _KEY_OPTIONS
    (key,) = _all_of({api_key: found[api_key]})
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        source = api_key if api_key in passed else ENVIRONMENT[api_key]
        raise ConfigurationError(
            "holds a space, a line break or another character that no header can carry",
            option=source,
        )
    named = {name: found[name] for name in names}
    return Key(ISSUING, key, user(named) if any(named.values()) else ())


def user(named: Mapping[str, Secret | None]) -> tuple[Secret, ...]:
    """Return what names a user, in the order of the document.

    Raises:
        ConfigurationError: something of it is missing.
    """
    return tuple(_all_of(named))


def _all_of(found: Mapping[str, Secret | None]) -> Iterator[Secret]:
    for name, secret in found.items():
        if secret is None or not secret.reveal():
            raise ConfigurationError(
                f"is missing; set {ENVIRONMENT[name]}", option=name, in_code=f"give {name}="
            )
        if not is_unicode(secret.reveal()):
            raise ConfigurationError("must be a string that UTF-8 can encode", option=name)
        yield secret


def _token(token: Secret, source: str) -> Secret:
    if not is_token(token.reveal()):
        raise ConfigurationError(
            "is not a bearer token; leave out the word Bearer, spaces and line breaks",
            option=source,
        )
    return token


def server(given: str | None, region: str | None, *, allow_http: bool | None) -> Server:
    """Choose the server.

    Raises:
        ConfigurationError: two servers are named, the region is unknown, or the URL would carry
            secrets in the open and nobody allowed that.
    """
    at: Mapping[str, str] = {"base_url": "base_url", "region": "region"}
    if given is None and region is None:
        given, region, at = _environment("base_url"), _environment("region"), ENVIRONMENT
    if given is not None and region is not None:
        raise ConfigurationError(
            f"and {at['region']} are both set; remove one", option=at["base_url"]
        )
    if region is not None:
        return Server(_of_region(region, at["region"]), "check the region")
    if given is not None:
        url = _checked(given, at["base_url"], allow_http=_is_allowed(allow_http))
        return Server(url, "check the base URL")
    return Server(document.BASE_URL, f"HEIDI_BASE_URL is not set; used {document.BASE_URL}")


def _of_region(region: str, source: str) -> str:
    if region not in document.REGIONS:
        raise ConfigurationError(f"must be one of {', '.join(document.REGIONS)}", option=source)
    return document.REGION_URL.format(region=region)


def _is_allowed(given: object) -> bool:
    if given is None:
        given = {None: False, "0": False, "1": True}.get(_environment("allow_http"))
        if given is None:
            raise ConfigurationError("must be 1 or 0", option="HEIDI_ALLOW_HTTP")
    if not isinstance(given, bool):
        raise ConfigurationError("must be True or False", option="allow_http")
    return given


def _checked(url: object, source: str, *, allow_http: bool) -> str:
    if not isinstance(url, str):
        raise ConfigurationError("must be a string", option=source)
    if re.search(r"[?#\x00-\x20\x7f]", url) or not is_unicode(url):
        raise ConfigurationError(
            "must not contain a query, a fragment, spaces or control characters", option=source
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"https", "http"} or not host:
        raise ConfigurationError("must be a URL such as https://host/path", option=source)
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise ConfigurationError(
            "must use https: http would send tokens and patient data unencrypted; or set "
            "HEIDI_ALLOW_HTTP=1 for a server without patients",
            option=source,
        )
    if parts.username is not None:
        raise ConfigurationError(
            "must not contain credentials, just https://host/path", option=source
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Say whether what is sent to this host stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _environment(option: str) -> str | None:
    return os.environ.get(ENVIRONMENT[option]) or None
