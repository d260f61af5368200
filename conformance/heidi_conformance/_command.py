"""The command `heidi-conformance`, which is installed even where its extra is not."""

import sys

from ._verdict import CannotJudgeError


def main() -> int:
    """Run the command line and return its code: 2 where something it needs is not installed."""
    try:
        from .__main__ import main as run  # noqa: PLC0415  # may not be there
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"heidi-conformance: {error.name} is not installed; "
            "it comes with the extra heidi-sessions[conformance]\n"
        )
        return 2
    except CannotJudgeError as error:
        sys.stderr.write(f"heidi-conformance: {error}\n")
        return 2
    return run()
