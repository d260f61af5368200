"""What the contract allows a server to respond, after all that went before."""

from ._memory import Memory
from ._messages import CANARY
from ._oracle import MARK, Judge, Oracle
from ._reading import Reading, numbers_in, understand
from ._violation import Violation

__all__ = [
    "CANARY",
    "MARK",
    "Judge",
    "Memory",
    "Oracle",
    "Reading",
    "Violation",
    "numbers_in",
    "understand",
]
