"""Run a faulty driver, or print all faults as a table.

python -m tests.conformance.clients.faulty [ID]
"""

import sys

from .faults import FAULTS

if __name__ == "__main__":
    if len(sys.argv) > 1:
        next(each for each in FAULTS if each.id == sys.argv[1]).run()
    else:
        for each in FAULTS:
            print(f"| {each.id} | {each.scenarios} | {each.sentence} |")
