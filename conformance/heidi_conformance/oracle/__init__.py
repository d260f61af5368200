"""What the contract allows a server to answer, after all that went before."""

from ._complaint import Complaint
from ._memory import Memory
from ._oracle import MARK, Judge, Oracle
from ._reading import EXACT, Reading, numbers_in, understand

__all__ = [
    "EXACT",
    "MARK",
    "Complaint",
    "Judge",
    "Memory",
    "Oracle",
    "Reading",
    "numbers_in",
    "understand",
]
