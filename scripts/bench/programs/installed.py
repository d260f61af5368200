"""How many distributions are installed, and how many bytes they brought; bytecode came later."""

from __future__ import annotations

import json
from importlib.metadata import distributions
from pathlib import Path

if __name__ == "__main__":
    found = list(distributions())
    paths = [Path(str(file.locate())) for each in found for file in each.files or ()]
    files = {path.resolve() for path in paths if path.is_file()}
    size = sum(path.stat().st_size for path in files)
    print(json.dumps({"distributions": len(found), "bytes": size}))
