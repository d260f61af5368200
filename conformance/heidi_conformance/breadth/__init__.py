"""Schemathesis: requests that nobody scripted, and a second opinion on their answers."""

from ._run import Breadth

__all__ = ["Breadth"]
