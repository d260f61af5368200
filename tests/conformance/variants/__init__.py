"""Correct servers that are unlike the reference: none of their choices is a fault."""

from . import documented, strict
from .catalogue import VARIANTS, Variant
from .simple import (
    api_with_other_ids,
    strict_in_its_own_way,
    with_other_choices,
    without_vendor_consistency,
)

__all__ = [
    "VARIANTS",
    "Variant",
    "api_with_other_ids",
    "documented",
    "strict",
    "strict_in_its_own_way",
    "with_other_choices",
    "without_vendor_consistency",
]
