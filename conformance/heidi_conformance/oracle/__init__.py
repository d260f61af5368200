"""What the contract allows a server to answer, after all that went before."""

from ._complaint import Complaint
from ._oracle import Oracle
from ._reading import OPERATIONS, Reading, understand

__all__ = ["OPERATIONS", "Complaint", "Oracle", "Reading", "understand"]
