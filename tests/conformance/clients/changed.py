"""Run a faulty driver or a variant, or print all of them as a table.

python -m tests.conformance.clients.changed [ID]
"""

import sys

from .faults import FAULTS
from .variants import VARIANTS

CHANGES = {each.id: each for each in (*FAULTS, *VARIANTS)}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        CHANGES[sys.argv[1]].run()
    else:
        for each in CHANGES.values():
            print(f"| {each.id} | {each.scenarios} | {each.sentence} |")
