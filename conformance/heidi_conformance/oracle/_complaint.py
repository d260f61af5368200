"""What an oracle says of one answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Complaint:
    """One rule broken by one answer.

    pattern: what is wrong, the same for the same cause; `{}` stands for the subject.
    subject: the member, parameter or place, empty where there is none.
    expected, got: what tells the two apart, in words that repeat no text of an answer.
    resource_id: the session on a page that it is about.
    """

    rule: str
    operation: str
    pattern: str
    subject: str
    expected: str
    got: str
    resource_id: str = field(default="", repr=False)

    @property
    def cause(self) -> tuple[str, str, str]:
        """What complaints of one finding have in common."""
        return self.rule, self.operation, self.pattern
