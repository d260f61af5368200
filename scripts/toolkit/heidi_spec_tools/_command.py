"""The command `heidi-spec`, which is installed even where its extra is not."""

import sys


def main() -> int:
    """Run the command line and return its code: 2 where something it needs is not installed."""
    try:
        from heidi_spec_tools.__main__ import main as run  # noqa: PLC0415  may not be there
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"heidi-spec: {error.name} is not installed; "
            "it comes with the extra heidi-sessions[spec]\n"
        )
        return 2
    return run()
