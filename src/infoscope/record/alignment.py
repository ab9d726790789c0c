"""Which word each token belongs to, where only its characters are known: trusted only if they spell the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from infoscope.core import check
from infoscope.core.errors import InputError

Spans = Sequence[tuple[int, int]]


def word_ids(offsets: Any, texts: Sequence[str], words: Sequence[Spans] | None = None) -> torch.Tensor:
    """The word of each token ``[n, seq]``, -1 for none, to be given as ``word_ids`` beside ``input_ids``.

    Several tokenizers give offsets that are shifted, lack characters or count bytes (tokenizers#681, #1688,
    transformers#17220, #17454). So the slices have to spell each text: one behind the other, with nothing but white
    space between them.

    Arguments
    ---------
    offsets: ``[n, seq, 2]``, first character and the one behind the last of each token; (0, 0) for none.
    texts: what was tokenized. words: first character and the one behind the last of each word; by default words are
        what stands between white space.

    Raises
    ------
    InputError: another shape, or offsets that do not spell a text; says which.
    """
    spans = check.on_cpu(check.array(offsets, "offsets"))
    if spans.ndim != 3 or spans.shape[2] != 2 or len(spans) != len(texts):
        raise InputError(f"offsets has shape {spans.shape} for {len(texts)} texts, wanted [{len(texts)}, seq, 2]")
    found = torch.full(spans.shape[:2], -1)
    for i, text in enumerate(texts):
        spans_of_words = _split(text) if words is None else words[i]
        whose = {at: w for w, (start, stop) in enumerate(spans_of_words) for at in range(start, stop)}
        begun, behind = 0, 0
        for j, (start, stop) in enumerate(spans[i].tolist()):
            if stop <= start:
                continue
            again = (start, stop) == (begun, behind)  # one character that several tokens share
            if (start < behind and not again) or stop > len(text) or text[behind:start].strip():
                raise _misspelt(i, text, behind, start)
            inside = [at for at in range(start, stop) if at in whose]
            found[i, j] = whose[inside[0]] if inside else -1
            begun, behind = start, stop
        if behind and text[behind:].strip() and int((spans[i, :, 1] > 0).sum()) < spans.shape[1]:
            raise _misspelt(i, text, behind, len(text))  # not cut off at the greatest length
    return found


def _split(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        found.append((start, at))
    return found


def _misspelt(i: int, text: str, behind: int, start: int) -> InputError:
    shown = text[max(0, min(behind, start) - 5) : max(behind, start) + 5]
    return InputError(
        f"the offsets of text {i} do not spell it (near {shown!r}), so words cannot be aligned by them: use a "
        "tokenizer that gives word_ids, or pass word_ids of your own"
    )
