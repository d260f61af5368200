"""What the contract allows a server to answer, after all that went before."""

from ._complaint import Complaint
from ._oracle import MARK, Oracle
from ._reading import EXACT, Reading, numbers_in, understand

__all__ = ["EXACT", "MARK", "Complaint", "Oracle", "Reading", "numbers_in", "understand"]
