"""Of checkpoints that somebody else's training left: controls of tokens, since when, and the fitted probe itself."""

from __future__ import annotations

import numpy as np

import infoscope as iscope

MEASURE = "usable_information(scores=true, controls=shuffled,type)"
PLACE = "transformer.h.1@tokens"


def test_scanned_tokens_have_controls_an_answer_since_when_and_a_probe(gpt2, tmp_path):
    run = iscope.scan(
        gpt2.pattern, None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind}, measures=[MEASURE], out=tmp_path / "run"
    )
    rows = run.rows
    assert "FAILED" not in rows.unique("status"), rows.unique("notes")
    told = set(map(str, iscope.measurement(MEASURE).tells))
    for site in rows.sites():
        assert set(rows.filter(site=site, step=0).unique("quantity")) == told
    found = run.since_when("kind")
    assert list(found) == rows.sites()
    for place, one in found.items():
        curve = rows.filter(site=place, quantity="I(T;Y)").curves()[2][0]
        np.testing.assert_allclose(one.values, curve, atol=1e-12)
        assert one.since in ("since a step", "from the start", "comes and goes", "never")
    probe = run.probe("kind", PLACE, 0)
    assert probe.about["groups"] == 40
    assert probe.about["n"] == gpt2.ids.numel()
    assert run.check().faults == ()


def test_called_again_nothing_is_measured_and_the_answer_stays(gpt2, tmp_path):
    def go():
        return iscope.scan(
            gpt2.pattern, None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind}, places=[PLACE],
            measures=["usable_information(scores=true)"], steps=[0, 10], out=tmp_path / "run",
        )  # fmt: skip

    before = go().since_when("kind")
    parts = sorted(path.name for path in (tmp_path / "run" / "shares").iterdir())
    assert go().since_when("kind") == before
    assert sorted(path.name for path in (tmp_path / "run" / "shares").iterdir()) == parts
