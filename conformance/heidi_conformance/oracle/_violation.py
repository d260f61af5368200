"""A rule broken in one exchange, as data; only `reports` has words for it."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Violation:
    """One rule broken in one exchange.

    code: the id of the rule, and where a rule can be broken in several ways `/` and which.
    field: the property, parameter or method that shows it, spelled as the document does; or a word
    of the reports or a status, after a colon. A finding names all of them.
    detail: what else tells one cause from another, such as a status.
    expected, got: numbers, statuses, JSON types; no text of a response. Empty where the code says
    it all.
    resource_id: the resource on a page, or shown for an unknown id, that it is about.
    """

    code: str
    operation: str
    field: str = ""
    detail: str = ""
    expected: Any = ""
    got: Any = ""
    resource_id: str = dataclasses.field(default="", repr=False)

    @property
    def rule(self) -> str:
        return self.code.partition("/")[0]

    @property
    def cause(self) -> tuple[str, str, str]:
        """What violations of one finding have in common."""
        return self.code, self.operation, self.detail
