"""The pictures of README, the tutorial and the gallery: ``python docs/pictures.py runs/demo [EXAMPLES]``.

runs/demo is what ``make demo`` leaves; EXAMPLES a folder with a run of each example, by its name. The picture of the
language model is that of 2000 updates and is drawn by hand: ``run.figure("heat_map", …)``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import infoscope

PICTURES = Path(__file__).resolve().parent / "pictures"
#: Each picture: which run, which plot, and what of it.
OF_THE_DEMO = {
    "plane_tanh": ("saxe2018-tanh-laptop", "plane", {"network": "tanh"}, {}),
    "plane_relu": ("saxe2018-relu-laptop", "plane", {"network": "relu"}, {}),
    "one_tanh_unit": ("saxe2018-minimal_model-smoke", "information", {"network": "tanh"}, {}),
    "one_noisy_unit": ("goldfeld2019-single_neuron-smoke", "information", {"network": "noise_0.05"}, {}),
}
OF_EXAMPLES = {
    "01_watch_your_own_loop": ("plane", {}, {}),
    "02_read_variables": ("variables", {}, {"site": "3"}),
    "03_noisy_network": ("geometry", {}, {"quantity": "distance_ratio"}),
}


def draw(run: infoscope.Run, plot: str, where: dict[str, str], what: dict[str, str], name: str) -> None:
    """Write one picture."""
    rows = run.rows.filter(**{key: value for key, value in what.items() if key == "quantity"})
    options = {key: value for key, value in what.items() if key != "quantity"}
    path = run.figure(plot, rows=rows, **where, **options).save(PICTURES / f"{name}.svg")
    text = path.read_text(encoding="utf-8")
    text = re.sub(r' (?:aria-\w+|role)="[^"]*"', "", text)  # whoever shows the picture says in words what it is
    path.write_text(re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.1f}", text), encoding="utf-8")
    print(path)


def main(demo: Path, examples: Path | None) -> None:
    for name, (folder, plot, where, what) in OF_THE_DEMO.items():
        draw(infoscope.load(demo / folder), plot, where, what, name)
    for name, (plot, where, what) in OF_EXAMPLES.items() if examples else ():
        draw(infoscope.load(examples / name), plot, where, what, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
