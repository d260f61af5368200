"""What an oracle says of one answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Complaint:
    """One rule broken by one answer.

    pattern: what is wrong, the same for the same cause; `{}` stands for the subject.
    subject: the member, parameter or place, empty where there is none.
    """

    rule: str
    operation: str
    pattern: str
    subject: str = ""
    expected: str = ""
    got: str = ""

    @property
    def cause(self) -> tuple[str, str, str]:
        """What complaints of one finding have in common."""
        return self.rule, self.operation, self.pattern
