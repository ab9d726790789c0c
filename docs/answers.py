"""What the three papers' questions come to, written from the verdicts that are kept under docs/results.

Each question has three sentences. A sentence is about a claim and has a form for each way that it may come out, so that
a run that turns a verdict turns the sentence; its numbers are those of the part that the claim is about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infoscope.core import registry
from infoscope.core.units import shown

RESULTS = Path(__file__).resolve().parent / "results"


class Told(NamedTuple):
    """A claim, and what one says where it holds and where it does not; else that it is open."""

    claim: str
    holds: str
    fails: str

    @property
    def figure(self) -> str:
        return self.claim.rpartition("/")[0]


class Question(NamedTuple):
    """A question, and what decides it: three sentences, of one or two claims each."""

    asked: str
    sentences: tuple[tuple[Told, ...], tuple[Told, ...], tuple[Told, ...]]


S, G, K = "saxe2018", "goldfeld2019", "kleinman2021"
QUESTIONS = (
    Question(
        "What decides whether I(X;T) falls?",
        (
            (
                Told(f"{S}/tanh/compresses", "Tanh networks lose binned information in their late layers",
                     "The late layers of tanh networks do not lose 2 bits of binned information"),
                Told(f"{S}/relu/no-compression", "hidden ReLU layers do not", "some hidden ReLU layer does as well"),
            ),
            (
                Told(f"{S}/factorial/saturation-decides", "Saturation on both sides alone decides it",
                     "Saturation on both sides does not decide it alone"),
                Told(f"{S}/minimal_model/saturation-decides", "in a single unit it decides exactly",
                     "not even in a single unit does it"),
            ),
            (
                Told(f"{S}/estimator_sweep/tanh-net-input",
                     "With bins equal in net input, which saturation cannot empty, the same tanh layer stays flat",
                     "With bins equal in net input the same tanh layer still falls"),
                Told(f"{S}/estimator_sweep/tanh-equal-mass", "with bins of equal mass it stays flat too",
                     "with bins of equal mass it falls"),
            ),
        ),
    ),
    Question(
        "Does it take the noise of SGD?",
        (
            (Told(f"{S}/full_batch/not-sgd", "Full-batch tanh networks compress and hidden ReLU layers do not",
                  "Full-batch training changes who compresses"),),
            (Told(f"{S}/gradient_noise/falls",
                  "The gradient turns noisy in networks that compress and in those that do not",
                  "The gradient does not turn noisy in every layer of both networks"),),
            (Told(f"{S}/phase_change/near-the-peak",
                  "The gradient turns near the onset of the fall in the layers that compress",
                  "The gradient does not turn near the onset of the fall in the layers that compress"),),
        ),
    ),
    Question(
        "Do compression and generalisation go together?",
        (
            (Told(f"{S}/few_samples/still-compresses",
                  "Tanh networks trained on few patterns generalise worse and compress all the same",
                  "Tanh networks trained on few patterns do not generalise worse and compress all the same"),),
            (
                Told(f"{S}/linear/no-compression", "Linear networks never compress", "Some linear networks compress"),
                Told(f"{S}/linear/generalises", "with enough samples they generalise",
                     "even with enough samples they do not generalise as asked"),
            ),
            (Told(f"{G}/szt/compression-without-generalisation",
                  "In noisy networks the information falls while the test loss rises",
                  "In noisy networks the information does not fall while the test loss rises"),),
        ),
    ),
    Question(
        "What of the irrelevant input is compressed, and when?",
        (
            (Told(f"{S}/irrelevant_inputs/rises-and-falls",
                  "A linear network first gains information about inputs that the task does not need, then loses it, "
                  "which the total hides",
                  "A linear network does not first gain and then lose information about inputs that the task does not "
                  "need"),),
            (Told(f"{S}/irrelevant_inputs/while-it-fits", "That happens while the network fits, not after it",
                  "Most of that comes after the fitting, not during it"),),
            (Told(f"{S}/irrelevant_inputs/with-few-samples", "With as many samples as inputs it happens as well",
                  "With as many samples as inputs it does not happen"),),
        ),
    ),
    Question(
        "If information is constant or infinite, what was measured?",
        (
            (
                Told(f"{G}/deterministic/narrow-bins-see-nothing", "Narrow bins see no fall in the late layers",
                     "In the late layers narrow bins see a fall too"),
                Told(f"{G}/deterministic/wide-bins-fall", "wide bins see one", "wide bins see none"),
            ),
            (Told(f"{S}/machine_precision/stays", "At the precision of float32 a tanh network loses almost nothing",
                  "At the precision of float32 a tanh network loses some of its input too"),),
            (Told(f"{G}/deterministic/binned-entropy-is-clustering",
                  "Binned entropy follows how loosely the classes cluster, from the start",
                  "Over all epochs binned entropy does not follow how loosely the classes cluster"),),
        ),
    ),
    Question(
        "Does the noisy network speak for the deterministic one?",
        (
            (Told(f"{G}/mnist/little-noise-is-free", "On MNIST a little noise leaves the errors as they are",
                  "On MNIST even a little noise changes the errors"),),
            (Told(f"{G}/mnist/noisy-resembles-deterministic",
                  "Layer by layer it stays as near to the network without noise as one with dropout does",
                  "Layer by layer it is not as near to the network without noise as one with dropout is"),),
            (Told(f"{G}/mnist/clusters-form", "The classes cluster with noise and without",
                  "The classes do not cluster both with noise and without"),),
        ),
    ),
    Question(
        "What is compression, geometrically?",
        (
            (
                Told(f"{G}/szt/compresses", "I(X;T) of the last hidden layer of noisy 12-bit networks falls",
                     "I(X;T) of the last hidden layer of noisy 12-bit networks does not surely fall"),
                Told(f"{G}/szt/clusters", "it follows how tightly the classes cluster",
                     "it does not follow how tightly the classes cluster"),
            ),
            (Told(f"{G}/single_neuron/rises-and-falls",
                  "In one neuron it is exact: all inputs are told apart first, then only what the label needs",
                  "In one neuron the information does not rise and fall so"),),
            (Told(f"{G}/leaky_relu_neurons/compresses",
                  "It takes no saturation: inputs that gather on a shallow branch are enough",
                  "Without saturation no start was found that compresses and classifies all inputs"),),
        ),
    ),
    Question(
        "When do minimal sufficient representations arise?",
        (
            (
                Told(f"{K}/checkerboard/keeps-the-direction", "Networks that solve the checkerboard keep what the task "
                     "needs", "Not every network that solves the checkerboard keeps what the task needs"),
                Told(f"{K}/checkerboard/discards-relu", "narrow ReLU networks first encode the colour, then discard it",
                     "narrow ReLU networks do not first encode the colour and then discard it"),
            ),
            (Told(f"{K}/fine_coarse/transient",
                  "Trained on the half of the digits at a high rate, a network first encodes the digit, then discards "
                  "it",
                  "Trained on the half of the digits at a high rate, a network does not first encode the digit and "
                  "then discard it"),),
            (
                Told(f"{K}/fine_coarse_attribution/rate-alone", "The rate does it alone",
                     "The rate does not do it without weight decay"),
                Told(f"{K}/fine_coarse_attribution/decay-alone", "weight decay does it at a low rate",
                     "weight decay does not do it at a low rate"),
            ),
        ),
    ),
    Question(
        "What does the beginning of training do?",
        (
            (Told(f"{K}/checkerboard_initial/colour-first-tanh",
                  "A tanh network that learnt the colour first keeps more of it",
                  "A tanh network that learnt the colour first does not keep more of it"),),
            (Told(f"{K}/perturbations/apart-at-equal-accuracy",
                  "Networks that began with other labels end as accurate with other amounts of irrelevant information",
                  "Networks that began with other labels do not end with other amounts of irrelevant information"),),
            (
                Told(f"{K}/perturbations/lasts-with-falling-rate",
                     "With a rate that falls from the start, the longer they were first trained on the digits, the "
                     "more of them is left",
                     "Even with a rate that falls from the start a longer beginning on the digits does not leave more "
                     "of them"),
                Told(f"{K}/perturbations/lasts-with-steady-rate", "with a constant rate as well",
                     "with a constant rate it does not"),
            ),
        ),
    ),
)  # fmt: skip


def stored(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What is kept, by figure."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.json")))
    return {each["figure"]: each for each in found}


def write(path: Path) -> None:
    """Write the page to ``path``."""
    path.write_text(page(stored()), encoding="utf-8")


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page in Markdown."""
    lines = [
        "# Answers",
        "",
        "What the questions of the three papers come to, in three sentences each. The page is made by",
        "`python docs/pages.py` from the results that are kept in `docs/results`, so that a run that turns a verdict",
        "turns its sentence. In brackets: the number that the sentence is about, its 95 % interval over seeds, and the",
        "verdict, whose rule `infoscope report` has. What could not be decided is said to be open, and what was not",
        "run so far is said with the command that runs it.",
        "",
        *counted(results),
    ]
    for question in QUESTIONS:
        lines += ["", f"## {question.asked}", ""]
        lines += [_sentence(told, results) for told in question.sentences]
        lines += ["", *_sources(question, results)]
    return "\n".join(lines) + "\n"


def counted(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How the claims that somebody published came out, by paper; of those that there are, how many were not run."""
    words = ("reproduced", "partly", "not reproduced", "inconclusive", "not testable here")
    yield f"| published claims | {' | '.join(words)} | not run so far |"
    yield "|---" * (len(words) + 2) + "|"
    claims = [claim for name in registry.entries("figures") for claim in registry.load("figures", name).claims]
    for paper in (S, G, K):
        outcomes: list[str] = []
        for content in results.values():
            kept = (each for each in content["verdicts"] if (each["paper"], each["origin"]) == (paper, "published"))
            outcomes += [each["outcome"].partition(" (")[0] for each in kept]
        there = sum((claim.paper, claim.origin) == (paper, "published") for claim in claims)
        shares = " | ".join(_share(outcomes.count(word), len(outcomes)) for word in words)
        yield f"| {paper} | {shares} | {max(0, there - len(outcomes))} |"


def _share(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.0f} %)" if count else "0"


def _sentence(told: Sequence[Told], results: Mapping[str, Mapping[str, Any]]) -> str:
    parts = [_clause(one, results) for one in told]
    said = "; ".join(part if k == 0 else part[:1].lower() + part[1:] for k, part in enumerate(parts))
    return f"- {said}."


def _clause(told: Told, results: Mapping[str, Mapping[str, Any]]) -> str:
    """What one claim came to, with its number."""
    verdict = _verdict(told.claim, results)
    claim = f"{told.holds[:1].lower()}{told.holds[1:]}"
    if verdict is None:
        return f"Whether {claim} was not measured so far: `infoscope run {told.figure}`"
    outcome = verdict["outcome"].partition(" (")[0]
    said = {"reproduced": told.holds, "not reproduced": told.fails, "does not hold": told.fails}.get(outcome)
    if said is None:
        word = {"partly": "It is only partly so that", "not testable here": "These runs cannot tell whether"}
        said = f"{word.get(outcome, 'It is open whether')} {claim}"
    return f"{said} ({_number(verdict)}{verdict['said']})"


def _number(verdict: Mapping[str, Any]) -> str:
    head = next((part for part in verdict["parts"] if part["headline"]), None)
    if head is None or head["value"] is None:
        return ""
    interval = None if head["interval"] is None else (head["interval"][0], head["interval"][1])
    return f"{head['name']}: {shown(head['value'], head['unit'], interval)}, wanted {head['criterion']}; "


def _verdict(claim: str, results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    content = results.get(claim.rpartition("/")[0], {"verdicts": ()})
    return next((each for each in content["verdicts"] if each["id"] == claim), None)


def _sources(question: Question, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How the numbers came about, a line a figure."""
    for figure in dict.fromkeys(one.figure for told in question.sentences for one in told):
        content = results.get(figure)
        if content is None:
            yield f"    infoscope run {figure} --preset laptop   # not kept so far: scripts/results.py run {figure}"
            continue
        seeds = f"{content['seeds']} seeds" if content["seeds"] else "exact"
        at = f"{(content['commit'] or content['infoscope'])[:8]}{', changed' if content['dirty'] else ''}"
        yield f"    {content['command']}   # {seeds}, {content['date']}, commit {at}"
