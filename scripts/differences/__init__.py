"""What a change of an OpenAPI 3.1 document means for those who use the API."""

from scripts.differences.changes import Change, Comparison, Findings
from scripts.differences.kinds import KINDS, Kind, Level
from scripts.differences.operations import Operations, compare_document
from scripts.differences.source import Source
from scripts.differences.witnesses import Witnesses
from scripts.documents import DocumentError

__all__ = ["KINDS", "Change", "Comparison", "Kind", "Level", "Source", "compare"]


def compare(old: Source, new: Source) -> Comparison:
    """Compare two documents.

    How a schema is written does not count, only what it allows: references, the names of
    components and of path variables, the order of members and the spelling of unions are no
    change.

    Raises:
        DocumentError: a schema is made of itself, or refers too deep.
    """
    findings = Findings()
    try:
        compare_document(old, new, findings)
        Operations(old, new, findings).compare()
    except RecursionError as error:
        where = f"{new.name}: $.components.schemas"
        reason = "references follow each other too deep; refer to fewer schemas in a row"
        raise DocumentError(f"{where}: {reason}") from error
    return findings.proven(Witnesses(old, new)).comparison()
