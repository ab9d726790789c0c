"""Figures on disk and in notebooks."""

from __future__ import annotations

import json

import pytest

from infoscope.core.errors import InputError, UnknownNameError
from infoscope.show import figures
from infoscope.show.figures import Drawing, draw, figure

STARTS = {".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF", ".json": b"{", ".html": b"<!DOCTYPE html>"}


@pytest.mark.parametrize("suffix", STARTS)
def test_writes_what_the_suffix_says(tmp_path, make_rows, suffix):
    path = draw("plane", make_rows(), tmp_path / "made" / f"plane{suffix}")
    assert path.read_bytes().lstrip().startswith(STARTS[suffix])
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # no temporary is left


def test_png_is_twice_the_size_of_the_figure(tmp_path, make_rows):
    content = draw("curves", make_rows(), tmp_path / "curves.png", width=200).read_bytes()
    assert int.from_bytes(content[16:20], "big") > 2 * 2 * 200  # two panels at scale 2


def test_json_is_the_specification(tmp_path, make_rows):
    rows = make_rows()
    path = draw("information", rows, tmp_path / "information.json")
    assert json.loads(path.read_text(encoding="utf-8")) == figure("information", rows).spec


def test_an_unknown_suffix_is_refused(tmp_path, make_rows):
    with pytest.raises(
        InputError, match=r"cannot be written as 'plane.bmp', wanted a known suffix: end the name in .png"
    ):
        draw("plane", make_rows(), tmp_path / "plane.bmp")


def test_an_unknown_plot_lists_the_near_ones(tmp_path, make_rows):
    with pytest.raises(UnknownNameError, match=r"there is no plot named 'plain': did you mean 'plane'"):
        draw("plain", make_rows(), tmp_path / "plane.png")


def test_an_unknown_option_names_the_known_ones(make_rows):
    with pytest.raises(InputError, match=r"the plot 'plane' has no option 'colour': it has ceilings, width, height"):
        figure("plane", make_rows(), colour="red")


def test_a_notebook_gets_vega_lite(make_rows):
    shown = figure("plane", make_rows())
    assert shown._repr_mimebundle_()["application/vnd.vegalite.v5+json"] == shown.spec
    assert repr(shown) == "Drawing('Information plane: tanh, binned')"
    assert repr(Drawing({"hconcat": []})) == "Drawing('several panels')"


def test_its_older_name_still_works_and_says_the_new_one():
    with pytest.warns(UserWarning, match=r"figures\.Figure is called Drawing now"):
        assert figures.Figure is Drawing
