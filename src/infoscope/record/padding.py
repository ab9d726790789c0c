"""Whether padding changes what a network computes for the tokens beside it: a few sequences alone and in their batch.

A network that counts positions from the left edge, that ignores its mask, or whose state runs on over padding gives a
padded sequence other states than the same sequence has alone. Every number of them would be plausible, and of another
input than the one that was meant.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from infoscope.core.estimate import Doubt, Status, remark
from infoscope.record.evaluated import Evaluated
from infoscope.record.gathering import outputs
from infoscope.record.inputs import MASKS, Inputs, arguments
from infoscope.record.layout import SampleLayout
from infoscope.record.modules import unwrap

SEQUENCES = 8  # that are run alone at most
ROUNDING, ROUNDING_HALF = 1e-3, 1e-2  # of the norm of the states, in single and in half precision


def check_padding(model: nn.Module, evaluated: Evaluated, sites: Iterable[str]) -> str | None:
    """Doubt every estimate at those of ``sites`` where padding changes states; the sentence that tells it, if any does.

    Up to :data:`SEQUENCES` padded sequences go through the network in one batch as they are, and each without its
    padding. The network is left as it was. Without an attention mask that masks anything, nothing is run.
    """
    found = differences(model, evaluated.inputs, sites)
    if isinstance(found, str):
        for site in sites:
            evaluated.doubt(site, remark(f"whether padding changes these states is not known: {found}"))
        return None
    apart = {site: by for site, (by, rounding) in found.items() if by > rounding}
    if not apart:
        return None
    remedy = _remedy(unwrap(model), evaluated.inputs)
    for site, by in apart.items():
        evaluated.doubt(site, Doubt(Status.UNRESOLVED, f"padding changes these states by {_share(by)}: {remedy}"))
    worst = max(apart, key=lambda site: apart[site])
    return (
        f"padding changes the states at {len(apart)} of {len(found)} places by up to {_share(apart[worst])} of their "
        f"norm ({worst}), so what is read there is UNRESOLVED: {remedy}"
    )


def differences(model: nn.Module, inputs: Inputs, sites: Iterable[str]) -> dict[str, tuple[float, float]] | str:
    """By site how far states of padded sequences are from those of the same sequences alone, as a share of their norm,
    the largest of a few sequences, and what rounding may do; empty without padding. In words why it cannot be known,
    where the network cannot be run without padding."""
    masks, sites = inputs.padding, list(sites)
    numbers = _padded(masks)
    if not len(numbers) or not sites:
        return {}
    found: dict[str, tuple[float, float]] = {}
    try:
        together = outputs(model, inputs.of_samples(numbers), sites)
        for row, number in enumerate(numbers.tolist()):
            alone = outputs(model, inputs.unpadded(number), sites)
            layout = SampleLayout(1, {name: mask[number][None] for name, mask in masks.items()})
            for site in together.keys() & alone.keys():
                by = _apart(together[site][row], alone[site][0], layout, site)
                if by is not None:
                    rounding = ROUNDING if together[site].element_size() > 2 else ROUNDING_HALF
                    found[site] = (max(by, found.get(site, (0.0, 0.0))[0]), rounding)
    except Exception as reason:  # a network for one length alone, say; it ran with the padding all the same
        return (
            f"it does not run without ({type(reason).__name__}: {str(reason).splitlines()[0] if str(reason) else ''})"
        )
    return {site: found[site] for site in sites if site in found}


def _padded(masks: dict[str, np.ndarray]) -> np.ndarray:
    """The numbers of up to :data:`SEQUENCES` padded samples, of all lengths."""
    if not masks:
        return np.zeros(0, int)
    padded = np.stack([~mask.all(axis=1) for mask in masks.values()]).any(axis=0)
    padded &= np.stack([mask.any(axis=1) for mask in masks.values()]).all(axis=0)
    lengths = np.stack([mask.sum(axis=1) for mask in masks.values()]).sum(axis=0)
    ordered = np.flatnonzero(padded)[np.argsort(lengths[padded], kind="stable")]
    if len(ordered) <= SEQUENCES:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, SEQUENCES).astype(int)]


def _apart(padded: torch.Tensor, alone: torch.Tensor, layout: SampleLayout, site: str) -> float | None:
    """How far one sample's states are from those it has alone, as a share of their norm; None where they cannot be laid
    beside each other (a map of attentions)."""
    if padded.ndim and alone.ndim and padded.shape[1:] == alone.shape[1:]:
        lengths = {mask.shape[1] for mask in layout.masks.values()}
        if padded.shape[0] in lengths:
            mask = layout.mask(padded.shape[0], site)[0]
            if mask.sum() == alone.shape[0]:
                padded = padded[torch.as_tensor(mask, device=padded.device)]
    if padded.shape != alone.shape or not (padded.is_floating_point() or padded.is_complex()):
        return None
    wide = torch.promote_types(padded.dtype, torch.float64)
    one, other = padded.to(wide), alone.to(wide)
    if not bool(torch.isfinite(other).all()):
        return None
    norm, off = (float((each.abs() ** 2).sum()) ** 0.5 for each in (other, one - other))
    by = off / norm if norm > 0 else float(off > 0)
    return by if np.isfinite(by) else float("inf")


def _remedy(model: nn.Module, inputs: Inputs) -> str:
    """What to do about it."""
    mask = inputs.padding.get(MASKS[0])
    if mask is not None and not mask[mask.any(axis=1)][:, 0].all():  # on the left, of some
        if "position_ids" in arguments(model) and "position_ids" not in inputs.kwargs:
            return "pass position_ids or pad on the right"
        return "pad on the right"
    return "the network does not heed its mask: pass sequences of one length"


def _share(by: float) -> str:
    return f"{by:.1%}" if by < 0.1 else f"{by:.0%}" if np.isfinite(by) else "more than any number"
