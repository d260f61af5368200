"""CPU seconds from the start until each module is imported: imports.py MODULE...

Imports nothing else first, so that the first module pays for everything that it needs.
"""

import sys
import time

if __name__ == "__main__":
    start = time.process_time()
    seconds = list[float]()
    for module in sys.argv[1:]:
        __import__(module)
        seconds.append(time.process_time() - start)
    print(seconds)
