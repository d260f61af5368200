"""Requests beyond those of scripts: Schemathesis invents them, the judge sends and judges them."""

from ._inventor import Inventor, NothingInventedError

__all__ = ["Inventor", "NothingInventedError"]
