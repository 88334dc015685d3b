"""What a start leaves to the processes that it begins."""

import pytest

from control.check import is_waited_for


@pytest.mark.parametrize(
    ("name", "targets", "waited"),
    [
        ("source.connect", 1, True),
        ("target.a.connect", 1, True),
        ("target.a.access", 1, False),
        ("target.a.access", 2, True),
        ("target.a.topics", 2, True),
        ("source.access", 2, False),
        ("kafka.topics", 2, False),
    ],
)
def test_only_what_is_wrong_with_one_of_several_targets_is_left_to_its_process(
    name: str, targets: int, waited: bool
) -> None:
    assert is_waited_for(name, targets) is waited
