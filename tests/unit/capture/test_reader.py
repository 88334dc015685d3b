"""What the reader asks the source for."""

from capture.reader import dump_gtid
from schemas.position import GtidSet

SOURCE = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def test_the_command_holds_the_set_and_its_length() -> None:
    executed = GtidSet.parse(f"{SOURCE}:1-9")
    command = dump_gtid(executed, 7)
    assert command.endswith(executed.encode())
    assert command[2:6] == (7).to_bytes(4, "little")
    assert command[18:22] == len(executed.encode()).to_bytes(4, "little")


def test_a_set_with_tags_is_asked_for_in_the_form_of_8_3() -> None:
    executed = GtidSet.parse(f"{SOURCE}:1-9:backup:1")
    command = dump_gtid(executed, 7)
    assert command.endswith(executed.encode())
    assert b"\x0cbackup" in command
