"""What the contract allows a server to answer, after all that went before."""

from ._complaint import Complaint
from ._oracle import Oracle
from ._reading import Reading, understand

__all__ = ["Complaint", "Oracle", "Reading", "understand"]
