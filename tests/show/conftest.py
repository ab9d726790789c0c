"""Made-up runs: rows whose curves resemble fitting and compression, folders with verdicts, and a headless browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from infoscope.core.claim import Claim, Criterion, Finding, Verdict, combine
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.files import write_json
from infoscope.core.folder import RunFolder
from infoscope.core.older_rows import quantity as known
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.core.units import nats
from infoscope.show.report import write_report

SITES = ("hidden1", "hidden2", "output")
MakeRows = Callable[..., Rows]


def _add_site(
    add: Callable[..., None], site: int, progress: float, wobble: float, estimator: str, failed: bool
) -> None:
    """I(X;T) that rises and falls, I(T;Y) that rises; the kde values carry a bracket."""
    values = {
        ("input", "I(X;T)"): nats(10 - 2 * site + 2 * progress * (1 - progress) * (site + 1) + wobble),
        ("label", "I(T;Y)"): nats(0.1 + 0.8 * progress + 0.05 * wobble),
    }
    for (variable, quantity), value in values.items():
        if failed:
            add(variable, quantity, None)
        elif estimator == "kde":
            around = (0.9 * value, 1.1 * value)
            add(variable, quantity, Estimate(value, known(quantity, "", "nats"), "KL upper bound", 64,
                                             interval=around, level=1.0,
                                             interval_kind="certified bracket", bound="upper"))  # fmt: skip
        else:
            status = Status.VACUOUS if quantity == "I(X;T)" else Status.OK
            add(
                variable,
                quantity,
                Estimate(
                    value, known(quantity, "", "nats"), "H(Bin(T)), 30 bins on [-1, 1]", 64, doubts=(Doubt(status),)
                ),
            )


def _made_rows(
    network: str = "tanh",
    *,
    run: str = "made",
    members: int = 3,
    steps: int = 6,
    sites: tuple[str, ...] = SITES,
    estimators: tuple[str, ...] = ("binned",),
    training: bool = True,
    epochs: bool = True,
    failed: Callable[[int, int, int], bool] = lambda member, step, site: False,
    options: Callable[[str, str], dict[str, Any]] = lambda estimator, site: {},
) -> Rows:
    """Rows of one network. ``failed(member, step index, site index)`` says which measurements were refused."""
    builder, random = RowsBuilder(run), np.random.default_rng(0)
    for index in range(steps):
        epoch = float(2**index - 1 if steps < 20 else index)
        when = {"step": int(10 * epoch), "epoch": epoch if epochs else 0.0}
        progress = index / max(1, steps - 1)
        for member in range(members):
            who = {"network": network, "member": member, "seed": 100 + member, **when}
            wobble = float(random.normal(0, 0.1))
            for estimator in estimators:
                for place, site in enumerate(sites):

                    def add(variable: str, quantity: str, estimate: Estimate | None) -> None:
                        at = Place(site=site, site_index=place, variable=variable, estimator=estimator,  # noqa: B023
                                   options=options_text(options(estimator, site)), **who)  # noqa: B023  # fmt: skip
                        if estimate is None:
                            builder.add_failure(at, known(quantity, "", "nats"), "the activations hold NaN", 64)
                        else:
                            builder.add(at, estimate)

                    _add_site(add, place, progress, wobble, estimator, failed(member, index, place))
            if training:
                _add_training(builder, who, sites, progress, wobble)
                _add_activities(builder, who, sites, progress)
    return builder.rows()


def _add_training(
    builder: RowsBuilder, who: dict[str, Any], sites: tuple[str, ...], progress: float, wobble: float
) -> None:
    for split, worse in (("train", 0.0), ("test", 0.05)):
        at = Place(site="network", site_index=-1, variable="label", estimator="training", split=split, **who)
        loss = nats(1.2 - progress + worse + 0.1 * abs(wobble))
        builder.add(at, Estimate(loss, known("loss", "", "nats"), "mean cross-entropy", 64))
        builder.add(
            at,
            Estimate(0.5 + 0.4 * progress - worse, known("accuracy", "", "fraction"), "fraction right", 64),
        )
    for place, site in enumerate(sites):
        at = Place(site=site, site_index=place, variable="label", estimator="training", split="train", **who)
        builder.add(
            at,
            Estimate(np.exp(1 - 3 * progress + wobble), known("gradient_snr", "", "ratio"), "|mean| / |sd|", 64),
        )
        builder.add(at, Estimate(1.0 + progress, known("weight_norm", "", "norm"), "Frobenius norm", 1))


def _add_activities(builder: RowsBuilder, who: dict[str, Any], sites: tuple[str, ...], progress: float) -> None:
    """A histogram of three cells whose outer ones fill."""
    for place, site in enumerate(sites):
        for cell, share in (("up to -0.5", progress / 3), ("up to 0.5", 1 - progress), ("above 0.5", 2 * progress / 3)):
            at = Place(site=site, site_index=place, variable=cell, estimator="activity", **who)
            builder.add(
                at,
                Estimate(share, known("activity_share", "", "fraction"), "share of the activities", 64),
            )


def _read_rows(
    networks: tuple[str, ...] = ("slow", "fast"),
    *,
    run: str = "made",
    members: int = 3,
    steps: int = 6,
    sites: tuple[str, ...] = SITES,
    trained: str = "coarse",
) -> Rows:
    """Usable information of networks of a run: fine, coarse, fine given coarse (from one probe), and of a colour.

    The later a network is named, and the deeper the layer, the more of the fine labels is lost in the end.
    """
    builder, random = RowsBuilder(run), np.random.default_rng(0)
    for place, network in enumerate(networks):
        for index in range(steps):
            epoch = float(2**index - 1)
            who = {"network": network, "step": int(10 * epoch), "epoch": epoch}
            progress = index / max(1, steps - 1)
            for member in range(members):
                who |= {"member": member, "seed": 100 + member}
                at = Place(site="network", site_index=-1, variable=trained, estimator="training", split="test", **who)
                builder.add(
                    at,
                    Estimate(0.5 + 0.4 * progress, known("accuracy", "", "fraction"), "fraction right", 64),
                )
                for depth, site in enumerate(sites):
                    coarse = 0.2 + 0.7 * progress + 0.02 * random.normal()
                    lost = (place + 1) / len(networks) * (depth + 1) / len(sites) * max(0.0, progress - 0.4)
                    rest = 0.6 + 1.8 * progress - 3 * lost + 0.05 * random.normal()
                    for variable, quantity, value in (
                        ("fine", "I_u(T;fine)", coarse + rest), ("coarse", "I_u(T;coarse)", coarse),
                        ("fine|coarse", "I_u(T;fine|coarse)", rest), ("colour", "I(T;Y)", 0.9 - 0.5 * progress),
                    ):  # fmt: skip
                        where = Place(site=site, site_index=depth, variable=variable, estimator="usable_information",
                                      split="test", **who)  # fmt: skip
                        around = (nats(value - 0.05), nats(value + 0.05))
                        of = known(quantity, "usable_information", "nats")
                        read = Estimate(nats(value), of, "usable by linear softmax probes", 64, interval=around,
                                        interval_kind="over draws of rows", level=0.95,
                                        bound="lower")  # fmt: skip
                        builder.add(where, read)
    return builder.rows()


@pytest.fixture(scope="session")
def make_rows() -> MakeRows:
    return _made_rows


@pytest.fixture(scope="session")
def read_rows() -> MakeRows:
    """Usable information of several networks and variables."""
    return _read_rows


@pytest.fixture(scope="session")
def many_rows() -> Rows:
    """50 members at 275 steps."""
    return _made_rows(members=50, steps=275, sites=("output",))


class Said(NamedTuple):
    """A part, as far as a claim knows it."""

    name: str = "drop"
    words: str = "drop ≥ 2 bits"
    surely: str = ""


def _verdicts(run: str) -> list[dict[str, Any]]:
    claim = Claim(
        "made/tanh", "made2018", "figure 1", "Late layers <compress>.", (Said(),), "published", "a compression phase"
    )
    drop = Criterion(">=", nats(2.0), "nats")
    holds = Finding("drop of I(X;T), output", drop, nats(4.0), (nats(3.5), nats(4.5)), 3)
    fails = Finding("drop of I(X;T), hidden2", drop, nats(0.5), (nats(0.25), nats(0.75)), 3, "one seed differs")
    kinds = ((holds,), (holds, fails), (fails,), ())
    return [Verdict(claim, combine(f), f, run, "smoke", 3, ("earned at smoke",)).to_json() for f in kinds]


def _made_run(path: Path, rows: Rows | None = None, *, judged: bool = False, **manifest: Any) -> RunFolder:
    folder = RunFolder.create(path, manifest)
    if rows is not None:
        folder.append(rows)
    if judged:
        folder.store_verdicts(_verdicts(folder.id))
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., RunFolder]:
    """``make_run(name, rows, judged=…, **manifest)``: a run folder on disk."""
    return lambda name, *content, **manifest: _made_run(tmp_path / name, *content, **manifest)


def as_infoscope_0_1_stored(run: RunFolder, verdicts: list[dict[str, Any]]) -> None:
    """``verdicts``, in a run that lists and seals nothing, so that whatever they say is shown."""
    content = {name: value for name, value in run.manifest().items() if name not in ("parts", "snapshots", "judged")}
    write_json(run.manifest_path, {**content, "format": 1})
    write_json(run.path / "verdicts.json", verdicts)


@pytest.fixture
def store_as_before() -> Callable[[RunFolder, list[dict[str, Any]]], None]:
    return as_infoscope_0_1_stored


@pytest.fixture(scope="session")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A judged run of two networks, measured two ways, with one refused measurement."""
    kinds = {"estimators": ("binned", "kde"), "run": "full"}
    parts = [_made_rows("tanh", failed=lambda m, s, p: (m, s, p) == (1, 2, 0), **kinds), _made_rows("relu", **kinds)]
    networks = {
        name: {
            "title": f"3-2-2, {name}",
            "sites": list(SITES),
            "task": "made",
            "recipe": {"optimiser": "adam", "rate": 0.1},
        }
        for name in ("tanh", "relu")
    }
    path = tmp_path_factory.mktemp("runs") / "full"
    return _made_run(
        path, Rows.concat(parts), judged=True, title="A made-up run", figure="made/tanh", preset="smoke",
        seeds=[100, 101, 102], networks=networks, command="infoscope run made/tanh --preset smoke", commit="abc123",
        dirty=True, versions={"torch": "2.9"}, machine={"system": "Linux"}, state="done", threads={"tanh": 1},
        data={"made": "sha256:77"}, started="2020-01-01",
    )  # fmt: skip


@pytest.fixture(scope="session")
def full_report(full_run: RunFolder) -> Path:
    """The report of :func:`full_run`."""
    return write_report([full_run], full_run.path / "report.html")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; skipped where this machine has none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine to open the report with")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=quiet)
        yield opened
        opened.close()
