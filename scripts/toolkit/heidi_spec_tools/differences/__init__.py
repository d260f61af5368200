"""What a change of an OpenAPI 3.1 document means for those who use the API."""

from __future__ import annotations

from heidi_spec_tools.differences.changes import Change, Comparison, Findings
from heidi_spec_tools.differences.kinds import KINDS, Kind, Level
from heidi_spec_tools.differences.operations import Operations, compare_document
from heidi_spec_tools.differences.source import Source, deeply
from heidi_spec_tools.differences.witnesses import Witnesses
from heidi_spec_tools.documents import DocumentError

__all__ = ["KINDS", "Change", "Comparison", "Kind", "Level", "Source", "compare"]


def compare(old: Source, new: Source) -> Comparison:
    """Compare two documents.

    How a schema is written does not count, only what it allows: references, the names of
    components and of path variables, the order of properties and the spelling of unions are no
    change.

    Raises:
        DocumentError: a schema is made of itself, or refers too deep.
    """
    findings = Findings()
    try:
        return deeply(lambda: _compared(old, new, findings))
    except RecursionError as error:
        where = f"{new.name}: $.components.schemas"
        reason = "references follow each other too deep; refer to fewer schemas in a row"
        raise DocumentError(f"{where}: {reason}") from error


def _compared(old: Source, new: Source, findings: Findings) -> Comparison:
    compare_document(old, new, findings)
    Operations(old, new, findings).compare()
    return findings.proven(Witnesses(old, new)).comparison()
