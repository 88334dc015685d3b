"""What a read asks of the reader's loop between two of its steps, so that the loop can obey commands there. Pure."""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, auto

from snapshot.messages import Report


class Wish(Enum):
    """Go on when this has come."""

    CREDIT = auto()  # room for one more chunk
    HELD = auto()  # the news that the stream stands still


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after a while."""

    seconds: float


Steps = Generator[Report | Wish | Pause]
