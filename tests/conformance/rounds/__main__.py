"""`python -m tests.conformance.rounds FIRST COUNT`: that many rounds, pickled.

In a process of their own, because hypothesis draws among the constants of whatever modules are loaded: here a number
means the same round every time.
"""

import pickle
import sys

from tests.conformance.rounds.tables import make

first, count = map(int, sys.argv[1:])
pickle.dump([make(number) for number in range(first, first + count)], sys.stdout.buffer)
