"""Print the catalogue as a table: python -m tests.conformance.faults"""

import sys

from . import CATALOGUE

sys.stdout.write("| id | breaks | level | what it does |\n|---|---|---|---|\n")
for planted in CATALOGUE:
    cells = (planted.id, " ".join(planted.rows), planted.level, planted.sentence)
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
