"""As much of many requests as a person reads."""

FIRST, LAST = 3, 12


def excerpt(requests: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first and the last of many requests, and between them a comment for the shell."""
    number = len(requests) - FIRST - LAST
    if number <= 1:
        return requests
    between = f"# … {number} requests are left out here; report.json has all {len(requests)}"
    return *requests[:FIRST], between, *requests[-LAST:]
