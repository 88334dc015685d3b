"""Every named seam has its kill."""

from runtime.seams import SEAMS
from tests.faults import test_cascades, test_seams_in_snapshot, test_seams_in_stream


def test_the_fault_tests_kill_at_every_seam_and_at_no_other() -> None:
    places = (
        *test_seams_in_snapshot.SOURCE_SIDE,
        *test_seams_in_snapshot.APPLY,
        *test_seams_in_stream.CAPTURE,
        *test_seams_in_stream.APPLY,
        *test_cascades.PLACES,
    )

    assert {place.seam for place in places} == set(SEAMS)
