"""`python -m tests.conformance.rounds VINTAGE FIRST COUNT`: that many rounds for servers of a vintage, pickled.

In a process of their own, because hypothesis draws among the constants of whatever modules are loaded: here a number
means the same round every time.
"""

import pickle
import sys

from tests.conformance.rounds.columns import VINTAGES
from tests.conformance.rounds.tables import make

vintage = VINTAGES[sys.argv[1]]
first, count = map(int, sys.argv[2:])
pickle.dump([make(number, vintage) for number in range(first, first + count)], sys.stdout.buffer)
