CAUGHT: dict[str, tuple[str, str]] = {}
