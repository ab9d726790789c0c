"""A plot by name, drawn: shown in a notebook, or written to PNG, SVG, PDF, HTML or JSON without a browser."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infoscope.core import registry, text
from infoscope.core.errors import InputError, warn
from infoscope.core.files import atomic
from infoscope.core.rows import Rows
from infoscope.show._renderer import renderer
from infoscope.show.reading import cleaned

SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json")


@dataclass(frozen=True)
class Drawing:
    """A Vega-Lite specification with its data. A notebook draws it; :meth:`save` writes it."""

    spec: dict[str, Any]

    def save(self, path: str | Path) -> Path:
        """Write the figure to ``path``; its suffix says how: .png (twice the size), .svg, .pdf, .html or .json.

        Raises
        ------
        InputError: for another suffix.
        """
        path = Path(path)
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(
                f"a figure cannot be written as {path.name!r}, wanted a known suffix: "
                f"end the name in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
            )
        content = self._rendered(path.suffix.lower())
        with atomic(path) as temporary:
            if isinstance(content, str):
                temporary.write_text(content, encoding="utf-8")
            else:
                temporary.write_bytes(content)
        return path

    def _rendered(self, suffix: str) -> str | bytes:
        spec = json.dumps(text.drawable(self.spec), allow_nan=False)
        if suffix == ".json":
            return spec
        vl_convert = renderer()
        if suffix == ".svg":
            return vl_convert.vegalite_to_svg(spec)
        if suffix == ".pdf":
            return vl_convert.vegalite_to_pdf(spec)
        if suffix == ".html":
            return vl_convert.vegalite_to_html(spec, bundle=True)
        return vl_convert.vegalite_to_png(spec, scale=2)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # JupyterLab draws the first, with its slider; what knows no Vega (GitHub, Colab, an export) shows the picture
        return {
            "application/vnd.vegalite.v5+json": text.drawable(self.spec),
            "image/svg+xml": self._rendered(".svg"),
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return f"Drawing({self.spec.get('title', {}).get('text', 'several panels')!r})"


def __getattr__(name: str) -> Any:
    if name != "Figure":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn("infoscope.show.figures.Figure is called Drawing now: a figure is one of a paper")
    return Drawing


def figure(plot: str, rows: Rows, **options: Any) -> Drawing:
    """The plot called ``plot`` of ``rows``, which are of one network.

    Raises
    ------
    UnknownNameError: for a plot that does not exist. InputError: for an option it does not have, or rows of several
        networks.
    """
    draws = registry.load("plots", plot)
    known = [name for name in inspect.signature(draws).parameters if name != "rows"]
    wrong = sorted(set(options) - set(known))
    if wrong:
        raise InputError(f"the plot {plot!r} has no option {wrong[0]!r}: it has {', '.join(known)}")
    return Drawing(draws(cleaned(rows), **{name: text.content(value, text.name) for name, value in options.items()}))


def draw(plot: str, rows: Rows, path: str | Path, **options: Any) -> Path:
    """Write the plot called ``plot`` of ``rows`` to ``path``; the suffix says how (see :meth:`Drawing.save`)."""
    return figure(plot, rows, **options).save(path)
