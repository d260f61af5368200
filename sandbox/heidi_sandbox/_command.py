"""The command `heidi-sandbox`, which is installed even where its extra is not."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, or exit with 2 where something that it needs is not installed."""
    try:
        from heidi_sandbox.__main__ import main as run  # noqa: PLC0415  # may not be there
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"heidi-sandbox: {error.name} is not installed; "
            "it comes with the extra heidi-sessions[sandbox]\n"
        )
        sys.exit(2)
    run()
