"""`python -m heidi_sessions` is `heidi-sessions`."""

from __future__ import annotations

import sys

from heidi_sessions.cli import main

if __name__ == "__main__":
    sys.exit(main())
