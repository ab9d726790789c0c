"""Text as HTML for the output of a notebook's cell: escaped, without styles of its own but for what is faint."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from infoscope.core.text import sentence


def said(text: object) -> str:
    """``text``, whoever wrote it, as the content of an element."""
    return html.escape(sentence(str(text)))


def faint(text: object) -> str:
    """What is told beside the rest."""
    return f'<span style="opacity: 0.7">{said(text)}</span>'


def table(headers: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table of text, its columns aligned to the left."""

    def row(cells: Sequence[object], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} style="text-align: left">{said(cell)}</{tag}>' for cell in cells) + "</tr>"

    return (
        f"<table><thead>{row(headers, 'th')}</thead><tbody>{''.join(row(line, 'td') for line in lines)}</tbody></table>"
    )
