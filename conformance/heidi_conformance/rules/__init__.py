"""The rules, and the scripts that put a server to them."""

from . import _issuing, _others, _readings, _tenants, _transport, _updates
from ._others import made
from ._script import Script
from ._table import EVERY, RULES, TABLE, Rule

# Lists first, while they are short; what creates many sessions last.
SCRIPTS: tuple[Script, ...] = (
    *_transport.SCRIPTS[:2],
    *_tenants.SCRIPTS,
    *_updates.SCRIPTS,
    *_others.SCRIPTS,
    *_transport.SCRIPTS[2:],
    *_tenants.LAST,
    *_issuing.SCRIPTS,
    *_readings.SCRIPTS,
)

__all__ = [
    "EVERY",
    "RULES",
    "SCRIPTS",
    "TABLE",
    "Rule",
    "Script",
    "made",
]
