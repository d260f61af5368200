"""Requests that nobody scripted: Schemathesis invents them, the judge sends and judges them."""

from ._invented import invent

__all__ = ["invent"]
