"""What a failed check saw."""

from dataclasses import dataclass
from typing import Any

from schemathesis import Case, Response
from schemathesis.core.failures import Failure

from heidi_conformance._document import Json

Keys = list[str | int]


@dataclass(frozen=True)
class Sighting:
    """One failed check: the request, the answer, and the operation in the document."""

    document: Json
    rule: str
    failure: Failure
    case: Case[Any]
    response: Response
    body: bytes | None
    path: str
    method: str
    operation: str

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.response.status_code

    @property
    def success(self) -> bool:
        """Whether the answer says that the request succeeded."""
        return 200 <= self.status < 300

    @property
    def valid(self) -> bool:
        """Whether the document allows the request."""
        return self.case.meta is None or self.case.meta.generation.mode.is_positive

    @property
    def keys(self) -> Keys:
        """The way to the operation in the document."""
        return ["paths", self.path, self.method]

    @property
    def response_keys(self) -> Keys:
        """The way to what the document says of the answer: its status, or what stands for it."""
        declared = self.document["paths"][self.path][self.method]["responses"]
        status = str(self.status)
        if status not in declared:
            successes = [name for name in declared if name.startswith("2")]
            status = next(iter(successes), "") if self.success else "default"
        return [*self.keys, "responses", *([status] if status in declared else [])]
