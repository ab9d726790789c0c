"""The plate of images and the strips of answers, on made-up rows."""

import numpy as np

from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.show.plots.confusion import confusion
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
