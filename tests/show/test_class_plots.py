"""The plate of images, the strips of answers and the constellation, on made-up rows."""

import numpy as np
import pytest

from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.show.figures import Drawing
from infoscope.show.plots.confusion import confusion
from infoscope.show.plots.constellation import constellation
from infoscope.show.plots.plate import plate


def answers(columns: int, classes: int = 12) -> Rows:
    builder = RowsBuilder("made")
    quantity = Quantity("answered_share", "fraction", "What is answered to each class", "confusion")
    for c in range(classes):
        for a in range(columns):
            for step in range(3):
                place = Place(
                    "net", step, "output", 0, f"digit {c}, answer {a}", "confusion", 0, 0, float(step), "test"
                )
                builder.add(place, Estimate((c + a + step) / 20, quantity, "made up", 50))
    return builder.rows()


def test_of_two_answers_one_is_drawn_and_classes_stand_in_order():
    for columns, drawn in ((2, 12), (3, 36)):
        spec = confusion(answers(columns))
        assert len({cell["place"] for cell in spec["datasets"]["cells"]}) == drawn
        axis = spec["encoding"]["y"]["axis"]["labelExpr"]
        assert axis.index('"digit 2, ') < axis.index('"digit 10, ')
    last = [cell["share"] for cell in confusion(answers(2))["datasets"]["cells"] if cell["at"] == 2.0]
    assert last == [round((c + 3) / 20, 3) for c in range(12)]
    assert "hold no answers" in str(confusion(answers(2).filter(network="none")))


def images(options: str = '{"width":3}') -> Rows:
    builder = RowsBuilder("made")
    quantity = Quantity("pixel", "fraction", "Brightness of a pixel", "picture")
    for name in ("low: one", "low: two", "high: three"):
        for place, site in enumerate(("example1", "example2")):
            for pixel in range(6):
                at = Place("plate", pixel, site, place, name, "exact", 0, 0, float(pixel), "all", options, "pixel")
                builder.add(at, Estimate(pixel / 5, quantity, "brightness", 0))
    return builder.rows()


def test_images_stand_in_the_block_of_their_coarse_class_line_by_line():
    spec = plate(images())
    data = spec["datasets"]
    assert [frame["coarse"] for frame in data["frames"]] == ["low", "high"]
    assert [name["class"] for name in data["names"]] == ["one", "two", "three"]
    (first, second) = (frame["left"] for frame in data["frames"])
    mine = [pixel for pixel in data["pixels"] if pixel["x"] >= second]
    assert first < second
    assert len(mine) == 2 * 6
    assert [(pixel["y"], pixel["grey"]) for pixel in mine[:6]] == [(k // 3, round(k / 5, 2)) for k in range(6)]
    assert np.ptp([pixel["x"] for pixel in mine[:6]]) == 2
    assert "no images of one width" in str(plate(images("{}")))


def points(noise: float, units: int = 3, steps: int = 7) -> Rows:
    """Four points of two classes on a diagonal from -1 to 1, the same at every step."""
    builder = RowsBuilder("made")
    for step in range(steps):
        for k, variable in enumerate(("y 0, point 0", "y 0, point 1", "y 1, point 0", "y 1, point 1")):
            at = Place("net", step, "hidden", 0, variable, "constellation", 0, 0, float(step), "all",
                       f'{{"noise":{noise}}}')  # fmt: skip
            for unit in range(units):
                quantity = Quantity(f"unit_{unit + 1}", "norm", "A unit of a point", "point")
                builder.add(at, Estimate((k - 1.5) / 1.5 * (-1) ** unit, quantity, "made up", 4))
    return builder.rows()


@pytest.mark.parametrize(("units", "lines"), [(1, 1), (2, 1), (3, 3)])
def test_a_constellation_has_a_square_for_each_of_five_times_and_each_two_units(units, lines):
    spec = constellation(points(0.1, units))
    data = spec["datasets"]
    assert [frame["named"] for frame in data["frames"] if frame["named"]] == [f"epoch {e}" for e in (0, 2, 3, 4, 6)]
    assert len(data["frames"]) == 5 * lines
    assert len(data["points"]) == 5 * lines * 4
    for frame, at in zip(data["frames"], range(0, len(data["points"]), 4), strict=True):
        mine = data["points"][at : at + 4]
        assert [point["line"] for point in mine] == ["y 0", "y 0", "y 1", "y 1"]
        assert all(frame["left"] < point["x"] < frame["right"] for point in mine)
        assert all(frame["top"] < point["y"] < frame["bottom"] for point in mine)
    same = [point["y"] for point in data["points"][:4]]
    up = units == 1  # against itself a unit rises; its neighbour falls as it rises
    assert same == sorted(same, reverse=up)


@pytest.mark.parametrize(("noise", "drawn"), [(0.0, 0), (0.004, 0), (0.1, 1)])
def test_a_ball_has_the_noise_as_its_radius_and_is_left_out_where_nobody_could_see_it(noise, drawn, tmp_path):
    spec = constellation(points(noise), width=620)
    balls = [layer for layer in spec["layer"] if layer["mark"].get("shape") == "circle"]
    assert len(balls) == drawn
    if drawn:
        x = sorted({point["x"] for point in spec["datasets"]["points"] if point["x"] < 1})
        units_wide = spec["layer"][0]["encoding"]["x"]["scale"]["domain"][1]
        radius = noise * (x[-1] - x[0]) / 2 / units_wide  # of the width; the points reach from -1 to 1
        said = float(balls[0]["mark"]["size"]["expr"].split("* ")[1])
        assert said == pytest.approx(radius, rel=1e-3)
    words = " ".join(spec["title"]["subtitle"])
    assert ("balls" in words, "smaller than a point" in words) == (bool(drawn), noise == 0.004)
    assert Drawing(spec).save(tmp_path / "c.png").stat().st_size > 5000
    assert "hold no points" in str(constellation(points(noise).filter(network="none")))
