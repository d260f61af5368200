"""What the contract allows a server to answer, after all that went before."""

from ._complaint import Complaint
from ._oracle import Oracle
from ._reading import ISSUE, OPERATIONS, Reading, understand

__all__ = ["ISSUE", "OPERATIONS", "Complaint", "Oracle", "Reading", "understand"]
