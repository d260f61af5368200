"""Which checks each level makes, and why it leaves out the others."""

from dataclasses import dataclass

from ._verdict import Level


@dataclass(frozen=True)
class Check:
    """One check of Schemathesis, by its name there.

    skipped: the levels that do not make it, with the reason.
    statuses: the statuses that satisfy the check at level strict, where it takes any.
    """

    id: str
    skipped: dict[Level, str]
    statuses: tuple[str, ...] = ()


def everywhere(name: str) -> Check:
    """Return a rule that every level has."""
    return Check(name, {})


def strict_only(name: str, why: str, *statuses: str) -> Check:
    """Return a rule that the page gives no reason for."""
    return Check(name, {"documented": why}, statuses)


def nowhere(name: str, why: str) -> Check:
    """Return a rule that no level has."""
    return Check(name, {"documented": why, "strict": why})


CHECKS = (
    everywhere("not_a_server_error"),
    everywhere("content_type_conformance"),
    everywhere("response_schema_conformance"),
    everywhere("ensure_resource_availability"),
    everywhere("ignored_auth"),
    strict_only("status_code_conformance", "The page prints no status codes."),
    # In any case and among others, as HTTP has it, and not as a pattern does.
    nowhere("response_headers_conformance", "The rules challenge, allow and retry-after say it."),
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

REFUSALS = frozenset(
    "body-size json-syntax media-type numbers page-size page-token strings unknown-members "
    "update-answer values works".split()
)
# The rules that tell the cause of a failed check on the same operation better than it does.
TOLD_BY: dict[str, frozenset[str]] = {
    TRANSPORT: frozenset({"answers"}),
    "not_a_server_error": frozenset({"no-server-error"}),
    "content_type_conformance": frozenset({"json-answers", "error-shape"}),
    "response_schema_conformance": frozenset({"answer-schema", "json-answers", "error-shape"}),
    "ensure_resource_availability": frozenset({"created-exists"}),
    "ignored_auth": frozenset({"token-needed", "token-first"}),
    "missing_required_header": frozenset({"token-needed", "token-first", "ignored_auth"}),
    "status_code_conformance": frozenset(
        {"declared-status", "created-exists", "unlinked", "forbidden", "methods", "token-first"}
    )
    | REFUSALS,
    "positive_data_acceptance": REFUSALS
    | {"created-exists", "unlinked", "forbidden", "declared-status"},
    "negative_data_rejection": REFUSALS | {"no-coercion", "body-shape", "json-syntax"},
    "unsupported_method": frozenset({"methods", "allow"}),
    "allow_header_conformance": frozenset({"methods", "allow"}),
}
