"""Correct servers that differ from the reference: none of their choices is a fault."""

from . import documented, strict, wire
from .catalogue import VARIANTS, Variant

__all__ = ["VARIANTS", "Variant", "documented", "strict", "wire"]
