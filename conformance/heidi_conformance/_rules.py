"""Which checks each level makes, and why it leaves out the others."""

from dataclasses import dataclass

from ._verdict import Level


@dataclass(frozen=True)
class Rule:
    """One check of Schemathesis, by its name there.

    skipped: the levels that do not make it, with the reason.
    statuses: the statuses that satisfy the check at level strict, where it takes any.
    """

    id: str
    skipped: dict[Level, str]
    statuses: tuple[str, ...] = ()


def everywhere(name: str) -> Rule:
    """Return a rule that every level has."""
    return Rule(name, {})


def strict_only(name: str, why: str, *statuses: str) -> Rule:
    """Return a rule that the page gives no reason for."""
    return Rule(name, {"documented": why}, statuses)


def nowhere(name: str, why: str) -> Rule:
    """Return a rule that no level has."""
    return Rule(name, {"documented": why, "strict": why})


RULES = (
    everywhere("not_a_server_error"),
    everywhere("content_type_conformance"),
    everywhere("response_schema_conformance"),
    everywhere("ensure_resource_availability"),
    everywhere("ignored_auth"),
    strict_only("status_code_conformance", "The page prints no status codes."),
    strict_only("response_headers_conformance", "The page names no response header."),
    strict_only(
        "positive_data_acceptance",
        "The page gives the types of the members, not the limits that a server may set on them.",
        # 5xx is what not_a_server_error reports; 404, because an invented id names no session.
        *("2xx", "404", "429", "5xx"),
    ),
    strict_only(
        "negative_data_rejection",
        "The page is silent on requests that it does not describe, so none is sent.",
        *("400", "401", "403", "404", "405", "413", "415", "422", "429", "5xx"),
    ),
    strict_only("missing_required_header", "The page prints no status codes."),
    strict_only("unsupported_method", "The page does not speak of other methods."),
    strict_only("allow_header_conformance", "The page does not speak of other methods."),
    nowhere("use_after_free", "The API deletes nothing."),
    nowhere("object_level_authorization", "It needs the token of a second user."),
)

# Not a check of Schemathesis: the connection broke, or no answer came in time.
TRANSPORT = "transport"
