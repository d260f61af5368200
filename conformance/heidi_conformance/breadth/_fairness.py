"""Which failed checks become findings: one for a cause, and none for what the contract allows."""

from collections.abc import Iterator

from heidi_conformance._verdict import Level
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.oracle import EXACT, numbers_in

from ._sighting import Sighting

# A broken answer fails several checks; the first of these names the cause, later ones repeat it.
CAUSES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
)


def causes(failed: list[Sighting]) -> Iterator[Sighting]:
    """Yield the failed checks of one answer, without those that repeat an earlier cause."""
    ranks = [CAUSES.index(item.rule) for item in failed if item.rule in CAUSES]
    for item in failed:
        if item.rule not in CAUSES or CAUSES.index(item.rule) == min(ranks):
            yield item


def excused(sighting: Sighting, level: Level) -> bool:
    """Whether the contract lets a server do what a check minds."""
    if sighting.rule == "ignored_auth" and level == "documented":
        # That a request without token is refused follows from the page; with which status does not.
        return not sighting.success
    if sighting.rule != "positive_data_acceptance":
        return False
    operation = OPERATIONS[sighting.operation]
    if operation.doubtful(sighting.status):
        return True
    if operation.action == "list":
        # S3: the user may have no link. S7: only a page that was issued is one.
        invented_page = operation.page.token in (sighting.case.query or {})
        return sighting.status == 403 or (sighting.status == 422 and invented_page)
    # S13: a number that no double holds exactly may be refused.
    numbers = numbers_in(sighting.case.body)
    large = any(not -EXACT <= number <= EXACT for _, number in numbers)
    return sighting.status == 422 and large
