"""Options from the arguments, else from the environment: what every call has in common."""

from __future__ import annotations

import functools
import math
import os
import platform
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import attrs
from heidi_generated import document
from heidi_generated.client import ISSUING
from heidi_generated.errors import ConfigurationError
from heidi_generated.types import HEADER_VALUE, UNSET, Unset, is_unicode

from . import _clock
from ._http import Timeout, all_headers, as_timeout, encoded
from ._messages import PreparedRequest
from ._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from heidi_generated.types import Request

    from ._trace import Tracer

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

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds that connecting, sending, and each wait for more of a response may take."""

DEFAULT_DEADLINE: Final = 300.0
"""Seconds that a call may take, with all its attempts."""

MAX_RESPONSE_BYTES: Final = 64 * 2**20
"""Of a response, decompressed."""

# RFC 9110, section 5: what else is in a header breaks it.
_HEADER_NAME: Final = r"[\w!#$%&'*+.^`|~-]+"
_CREDENTIAL_HEADERS: Final = {"authorization", *([ISSUING.header.lower()] if ISSUING else [])}


def quietly(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | ConfigurationError:
    """Return the result of a function, or its ConfigurationError.

    Without a traceback: the frames that the error passed hold the options, and one may be refused
    because it holds a secret.
    """
    try:
        return make(*args, **kwargs)
    except ConfigurationError as error:
        error.__context__ = None
        return error.with_traceback(None)


def environment(option: str) -> str | None:
    """Return what the environment says for an option; None for nothing, or an empty string."""
    return os.environ.get(ENVIRONMENT[option]) or None


# The server


class Server(NamedTuple):
    """Where requests go."""

    url: str
    """Without a slash at the end."""

    hint: str
    """What to check if it is the wrong one."""


def server(given: str | None, region: str | None, *, allow_http: bool | None) -> Server:
    """Choose the server.

    Raises:
        ConfigurationError: two servers are named, the region is unknown, or the URL would send
        secrets unencrypted without permission.
    """
    at: Mapping[str, str] = {"base_url": "base_url", "region": "region"}
    if given is None and region is None:
        given, region, at = environment("base_url"), environment("region"), ENVIRONMENT
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
        given = {None: False, "0": False, "1": True}.get(environment("allow_http"))
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


# Options of each kind


def _retries(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError("must be a whole number, 0 or more", option="max_retries")
    return value


def _headers(value: Any, option: str = "default_headers") -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ConfigurationError("must be a mapping of names to strings", option=option)
    given: dict[Any, Any] = dict(cast("Mapping[str, Any]", value))
    if not all(isinstance(text, str) for pair in given.items() for text in pair):
        raise ConfigurationError("must have strings for names and values", option=option)
    if not all(
        re.fullmatch(_HEADER_NAME, name, re.ASCII) and re.fullmatch(HEADER_VALUE, text)
        for name, text in given.items()
    ):
        raise ConfigurationError("holds a character that no header can carry", option=option)
    headers = {name.lower(): text for name, text in given.items()}  # their names fit in any case
    if _CREDENTIAL_HEADERS & headers.keys():
        raise ConfigurationError(
            "must not contain credentials, repr and logs may show them; "
            "give token=, token_provider= or api_key=",
            option=option,
        )
    return headers


def _deadline(value: Any) -> float:
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigurationError(
            "must be more than 0 seconds, or None for no end", option="deadline"
        )
    return value


def _limit(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError("must be a whole number, 1 or more", option="max_response_bytes")
    return value


def _tracer(value: Any) -> Tracer | None:
    if value is not None and not callable(getattr(value, "start_as_current_span", None)):
        raise ConfigurationError("must be a tracer of OpenTelemetry", option="tracer")
    return cast("Tracer | None", value)


def _name(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value or not is_unicode(value)):
        raise ConfigurationError("must be the name of the query parameter", option="page_parameter")
    return value


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class Settings:
    """The options of a client that can differ between clients that share connections.

    Raises:
        ConfigurationError: an option is not what it must be.
    """

    server: Server
    own_client: bool
    """Whether the user brings a client."""

    timeout: Timeout | Unset = attrs.field(converter=as_timeout)
    """UNSET: that of the user's client."""

    deadline: float = attrs.field(converter=_deadline)
    """Infinity: none."""

    max_response_bytes: int = attrs.field(converter=_limit)
    max_retries: int = attrs.field(converter=_retries)
    retry_writes: bool
    strict_responses: bool
    page_parameter: str | None = attrs.field(converter=_name)
    """How the server calls the parameter for the next page; None: as the document does."""

    default_headers: Mapping[str, str] = attrs.field(converter=_headers, repr=False)
    tracer: Tracer | None = attrs.field(converter=_tracer)

    def __attrs_post_init__(self) -> None:
        for option in ("retry_writes", "strict_responses"):
            if not isinstance(getattr(self, option), bool):
                raise ConfigurationError("must be True or False", option=option)

    def evolved(self, changes: Mapping[str, Any]) -> Settings | ConfigurationError:
        """Change some options; those that are UNSET stay.

        The error is returned; see `quietly`.
        """
        return quietly(self._evolve, changes)

    def _evolve(self, changes: Mapping[str, Any]) -> Settings:
        given = {name: value for name, value in changes.items() if value is not UNSET}
        for name in ("default_headers", "extra_headers"):
            if name in given:
                more = _headers(given.pop(name), name)
                given["default_headers"] = {**self.default_headers, **more}
        return attrs.evolve(self, **given)

    @functools.cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers of a request without a body."""
        return self._written_out({})

    @functools.cached_property
    def body_headers(self) -> Mapping[str, str]:
        """The headers of a request with a body."""
        return self._written_out({"content-type": "application/json"})

    def prepare(
        self, request: Request, content: bytes | None, *, token: str | None = None
    ) -> PreparedRequest:
        """Write a request out.

        Args:
            token: the parameter for the next page, which `page_parameter` renames.
        """
        params = request.params
        if self.page_parameter is not None and token in params:
            params = {
                self.page_parameter if name == token else name: value
                for name, value in params.items()
            }
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        headers = self.headers if content is None else self.body_headers
        return PreparedRequest(
            operation=request.operation,
            url=f"{self.server.url}{request.path}{query}",
            headers={**headers, **request.headers} if request.headers else headers,
            content=content,
            timeout=None if isinstance(self.timeout, Unset) else self.timeout,
            server=self.server,
            ends=_clock.monotonic() + self.deadline,
            limit=self.max_response_bytes,
        )

    def _written_out(self, more: Mapping[str, str]) -> Mapping[str, str]:
        headers = {
            "accept": "application/json",
            "accept-encoding": "gzip",
            "user-agent": f"heidi-sessions/{__version__} python/{platform.python_version()}",
            **self.default_headers,
            **more,
        }
        return encoded(headers) if self.own_client else all_headers(self.server.url, headers)
