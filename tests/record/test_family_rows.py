"""Rows of tokens, last tokens and means at the blocks of transformers models, under masks, beside the states that the
models hand out themselves: in one forward, at the first call and the fifth, during a watch and after it."""

import copy
import warnings

import numpy as np
import pytest
import torch
from test_model_families import BLOCKS, COMMON, FAMILIES, HEADS, ROWS, SPECIAL, WIDTH, of, same

import infoscope
from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder
from infoscope.record.gathering import gathered, representations
from infoscope.record.places import resolve
from infoscope.record.schedule import every
from infoscope.record.watch import Watch

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

SEQ, DECODED = 6, 5
SEQUENCE_TO_SEQUENCE = of(
    "T5ForConditionalGeneration",
    "T5Config",
    vocab_size=64,
    d_model=WIDTH,
    d_kv=8,
    d_ff=32,
    num_layers=BLOCKS,
    num_heads=2,
)
#: family: how to build one, and where it hands out the state of a place: {place: (field, number)}
STATES = {
    name: (build, {place: ("hidden_states", k) for place, k in places.items()})
    for name, (build, places) in FAMILIES.items()
    if name != "T5"
}
STATES["T5"] = (
    SEQUENCE_TO_SEQUENCE,
    {
        **{f"encoder.block.{k}": ("encoder_hidden_states", k + 1) for k in range(BLOCKS - 1)},
        "encoder.final_layer_norm": ("encoder_hidden_states", BLOCKS),
        **{f"decoder.block.{k}": ("decoder_hidden_states", k + 1) for k in range(BLOCKS - 1)},
        "decoder.final_layer_norm": ("decoder_hidden_states", BLOCKS),
    },
)
RULES = ("tokens", "last", "mean")
RANK = ["effective_rank"]


def masked(seq, side, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, seq + 1, (ROWS, 1), generator=generator)
    place = torch.arange(seq)[None]
    mask = place < lengths if side == "right" else place >= seq - lengths
    return torch.randint(1, 64, (ROWS, seq), generator=generator) * mask, mask.long()


def inputs_of(family, side="right"):
    asked = {"output_hidden_states": True}
    if family == "ViT":
        return {"pixel_values": torch.randn(ROWS, 3, 8, 8, generator=torch.Generator().manual_seed(1)), **asked}
    ids, mask = masked(SEQ, side, 1)
    found = {"input_ids": ids, "attention_mask": mask, **asked}
    if family == "T5":
        decoded, decoded_mask = masked(DECODED, side, 2)
        return {**found, "decoder_input_ids": decoded, "decoder_attention_mask": decoded_mask, "use_cache": False}
    if family in ("GPT-2", "Llama", "GPT-NeoX") and side == "left":
        found["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
    return found


def by_hand(states, mask, rule):
    """Rows of states [n, seq, d], one sequence at a time."""
    rows = []
    for one, there in zip(states, mask.bool(), strict=True):
        kept = one[there]
        rows += {"tokens": list(kept), "last": [kept[-1]], "mean": [kept.mean(0)]}[rule]
    return torch.stack(rows)


def mask_at(inputs, place, states):
    if "attention_mask" not in inputs:
        return torch.ones(states.shape[:2])
    return inputs["decoder_attention_mask" if place.startswith("decoder") else "attention_mask"]


@torch.no_grad()
def truths(model, inputs, places):
    """What the family's own states are at each place under each rule."""
    handed = copy.deepcopy(model)(**inputs)
    found = {}
    for place, (field, k) in places.items():
        states = handed[field][k]
        for rule in RULES:
            found[f"{place}@{rule}"] = by_hand(states, mask_at(inputs, place, states), rule)
    return found


@pytest.fixture(params=[(name, side) for name in STATES for side in ("right", "left")], ids="-".join)
def case(request):
    family, side = request.param
    if family == "ViT" and side == "left":
        pytest.skip("patches have no padding")
    torch.manual_seed(0)
    build, places = STATES[family]
    model, inputs = build(), inputs_of(family, side)
    return family, model, inputs, places, truths(model, inputs, places)


def agrees(model, inputs, truth, handed=()):
    read = representations(model, inputs, [*truth, *handed])
    return all(same(read[site], wanted) for site, wanted in truth.items()), read


def test_rows_at_a_block_are_the_familys_own_at_the_first_call_and_the_fifth(case):
    _, model, inputs, places, truth = case
    handed = {}  # the same rows of what the model hands out in that very forward
    for place, (field, k) in places.items():
        if not place.startswith("encoder") or "decoder_input_ids" not in inputs:
            handed |= {f"output:{field}.{k}@{rule}": f"{place}@{rule}" for rule in RULES}
    for _ in range(5):
        right, read = agrees(model, inputs, truth, handed)
        assert right
        assert all(same(read[one], read[other]) for one, other in handed.items())


def test_rows_in_a_watch_and_after_it(case, spread, tmp_path):
    _, model, inputs, _, truth = case
    labels = {"label": torch.arange(ROWS) % 2}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="infoscope: padding changes")  # BERT counts from the left edge
        watch = Watch(model, inputs, labels, [spread], tmp_path / "run", places=list(truth), schedule=every(1),
                      snapshots=False)  # fmt: skip
    with watch as scope:
        for step in range(5):
            scope.step(step)
            assert agrees(model, inputs, truth)[0]
    rows = RunFolder.open(tmp_path / "run").rows()
    for site, wanted in truth.items():
        read = rows.filter(site=site, variable="input").column("value")
        assert read.tolist() == pytest.approx([float((wanted.double() ** 2).mean())] * 5, rel=1e-4)
    assert agrees(model, inputs, truth)[0]
    assert not any(module._forward_hooks for module in model.modules())


def test_s4_what_the_final_norm_is_given_is_the_last_block_and_what_it_gives_the_last_state(case):
    family, model, inputs, places, truth = case
    norms = {"GPT-2": ["ln_f"], "Llama": ["norm"], "GPT-NeoX": ["final_layer_norm"], "Mamba": ["norm_f"]}
    norms["T5"] = ["encoder.final_layer_norm", "decoder.final_layer_norm"]
    for norm in norms.get(family, []):
        name = next(place for place in places if place.endswith(".1") and place.split(".")[0] == norm.split(".")[0]
                    ) if family == "T5" else next(place for place in places if place.endswith(".1"))  # fmt: skip
        last = f"{name[:-1]}{BLOCKS - 1}"
        read = representations(model, inputs, [f"{norm}:input@tokens", f"{last}@tokens", f"{norm}@tokens"])
        assert same(read[f"{norm}:input@tokens"], read[f"{last}@tokens"])
        assert same(read[f"{norm}@tokens"], truth[f"{norm}@tokens"])
        assert not same(read[f"{norm}@tokens"], read[f"{last}@tokens"])


def test_s3_the_last_token_is_the_same_whichever_side_is_padded():
    """Of one prompt alone, padded on the left, and padded on the right."""
    torch.manual_seed(0)
    model = STATES["Llama"][0]()
    ids, mask = masked(SEQ, "right", 3)
    rolled = [(-int(m.sum())) % SEQ for m in mask]
    left = {"input_ids": torch.stack([torch.roll(i, r) for i, r in zip(ids, rolled, strict=True)]),
            "attention_mask": torch.stack([torch.roll(m, r) for m, r in zip(mask, rolled, strict=True)])}  # fmt: skip
    right = {"input_ids": ids, "attention_mask": mask}
    site = f"layers.{BLOCKS - 1}@last"
    alone = []
    for i, m in zip(ids, mask.bool(), strict=True):
        hidden = representations(model, {"input_ids": i[m][None].repeat(2, 1)}, [site])[site]
        alone.append(hidden[0])
    for inputs in (left, right):
        assert same(representations(model, inputs, [site])[site], torch.stack(alone))


def test_s5_the_token_before_those_of_the_template_is_as_near_as_the_last():
    model, inputs = STATES["GPT-2"][0](), inputs_of("GPT-2")
    sites = ["h.0@at(-2)", "h.0@last", "h.0@tokens"]
    read, chosen = gathered(model, inputs, sites)
    lengths = inputs["attention_mask"].sum(1).numpy()
    assert (chosen["h.0@at(-2)"].position == lengths - 2).all()
    assert (chosen["h.0@last"].position == lengths - 1).all()
    ends = np.cumsum(lengths)
    assert torch.equal(read["h.0@at(-2)"], read["h.0@tokens"][ends - 2])


# the module behind the heads, whose input is all of them side by side, and the residual stream before a block
ATTENTION = {
    "GPT-2": ("h.*.attn.c_proj", "h.1", "h.0"),
    "Llama": ("layers.*.self_attn.o_proj", "layers.1", "layers.0"),
    "BERT": ("encoder.layer.*.attention.output.dense", "encoder.layer.1", "encoder.layer.0"),
    "T5": ("decoder.block.*.layer.0.SelfAttention.o", "decoder.block.1", "decoder.block.0"),
}


@pytest.mark.parametrize("family", ATTENTION)
def test_heads_and_the_stream_before_a_block(family):
    torch.manual_seed(0)
    model, inputs = STATES[family][0](), inputs_of(family)
    pattern, block, before = ATTENTION[family]
    sites = resolve(model, [f"{pattern}:input.head.*@tokens", f"{block}:input@tokens", f"{before}@tokens"], inputs)
    heads = [site for site in sites if ".head." in site]
    assert len(heads) == 2 * BLOCKS
    seen = {}

    def note(module, args):
        seen[module] = args[0].detach().clone()

    whole = {site: model.get_submodule(site.partition(":")[0]) for site in heads}
    handles = [module.register_forward_pre_hook(note) for module in set(whole.values())]
    with torch.no_grad():
        model(**inputs)
    for handle in handles:
        handle.remove()
    read = representations(model, inputs, sites)
    assert same(read[f"{block}:input@tokens"], read[f"{before}@tokens"])
    for site, module in whole.items():
        head, full = int(site.partition("head.")[2].partition("@")[0]), seen[module]
        width = full.shape[-1] // 2
        share = full[..., head * width : (head + 1) * width]
        assert same(read[site], by_hand(share, mask_at(inputs, site, share), "tokens"))
    with pytest.raises(InputError, match="there is no head 2"):
        representations(model, inputs, [heads[0].replace("head.0", "head.2")])


def test_s9_an_experts_output_is_refused_in_a_sentence():
    """A row a token that was routed to it, or a row a token: not a row a sample."""
    torch.manual_seed(0)
    model = of("MixtralModel", "MixtralConfig", vocab_size=64, num_local_experts=3, num_key_value_heads=1,
               **COMMON, **HEADS, **SPECIAL)()  # fmt: skip
    inputs = inputs_of("Llama")
    experts = [name for name, _ in model.named_modules() if name.endswith("experts")]
    assert experts
    for place in (experts[0], f"{experts[0]}@tokens"):
        with pytest.raises(InputError, match=r"returned shape \(72, 16\) for 12 inputs, wanted one row a sample"):
            resolve(model, [place], inputs)
    assert not any("experts" in site for site in resolve(model, inputs=inputs))
    block = representations(model, inputs, ["layers.0@tokens"])["layers.0@tokens"]
    assert len(block) == int(inputs["attention_mask"].sum())


@pytest.mark.parametrize("family", STATES)
def test_rows_in_a_scan_of_checkpoints_and_of_places_that_are_measured_later(family, tmp_path):
    """The law of hidden states through a scan: at each step those of the weights of that step."""
    build, places = STATES[family]
    inputs, wanted = inputs_of(family), {}
    for step in (1, 9, 10):
        torch.manual_seed(step)
        model = build()
        model.save_pretrained(tmp_path / f"checkpoint-{step}")
        for site, rows in truths(model, inputs, places).items():
            wanted[step, site] = infoscope.geometry(rows, measure="effective_rank")["effective_rank"].value
    now = [f"{place}@{rule}" for place in places for rule in ("tokens", "last")]
    labels = {"label": torch.arange(ROWS) % 2}
    run = infoscope.scan(
        str(tmp_path / "checkpoint-*"), build, inputs, labels, places=now, measures=RANK, out=tmp_path / "run"
    )
    later = run.measure(RANK[0], places=[f"{place}@mean" for place in places], model=build)
    found = {}
    for rows in (run.rows, later):
        ranks = rows.filter(quantity="effective_rank", variable="input")
        keys = zip(ranks.column("step"), ranks.column("site"), strict=True)
        found |= dict(zip(keys, ranks.column("value").tolist(), strict=True))
    assert found.keys() == wanted.keys()
    assert list(found.values()) == pytest.approx([wanted[key] for key in found], rel=1e-3)
