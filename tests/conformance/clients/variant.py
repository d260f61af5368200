"""Run a correct driver of another style, or print all variants as a table.

python -m tests.conformance.clients.variant [ID]
"""

import sys

from .variants import VARIANTS

if __name__ == "__main__":
    if len(sys.argv) > 1:
        next(each for each in VARIANTS if each.id == sys.argv[1]).run()
    else:
        for each in VARIANTS:
            print(f"| {each.id} | {each.sentence} |")
