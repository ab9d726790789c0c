"""The short form of ``flips.py``: one changed bit in each kind of file, one call each in turn."""

from flips import BELIEVED, BROKEN, SAME, TOLD, campaign


def test_a_changed_bit_is_told_or_without_effect_and_never_believed():
    counts = campaign(24, seed=1, calls=1)
    outcomes = {outcome for _, _, outcome in counts}
    assert not outcomes & {BELIEVED, BROKEN}, counts
    assert {TOLD, SAME} <= outcomes
