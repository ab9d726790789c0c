"""What the command line does, for a script: run a paper's figure, report runs, bench estimators, read a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from infoscope.core import check
from infoscope.core.errors import InputError, MissingPackageError, unknown_name
from infoscope.core.folder import RunFolder
from infoscope.core.joined import JoinedFolder
from infoscope.core.registry import contributions

if TYPE_CHECKING:
    import torch

    from infoscope.engine.engine import Engine
    from infoscope.runs import Joined, Run
    from infoscope.scanning.comparing import Comparison


def run(
    figure: str,
    preset: str = "laptop",
    *,
    seeds: int | None = None,
    out: str | Path = "runs",
    device: str = "cpu",
    engine: str | Engine | None = None,
    workers: int | None = None,
    engine_config: str | Path | None = None,
    trackers: Any = (),
) -> Run:
    """A figure of a paper, ``run("saxe2018/tanh")``: trained, measured and judged. Called again, it goes on where it
    stopped.

    preset: ``"smoke"`` (seconds, judges nothing that had to be trained), ``"laptop"`` (minutes), ``"long"`` (up to
    hours, said first: trainings that settle a claim; a figure without any is run at laptop) or ``"paper"`` (the
    published size). seeds: how many networks of each kind, in place of the preset's number. out: the folder in which
    the run gets its own, ``<paper>-<figure>-<preset>``. device: where torch computes.

    engine, workers, engine_config: who does it, as of :func:`open_engine`: a network is a job while it trains, then
    some steps of it are, or some members of what is computed. By default this process, with all of its threads. The
    rows are the same. trackers: where what is measured is mirrored as it is stored, as of :func:`watch`.

    The result's ``verdicts`` are those of the paper's claims; ``missing`` says why it was not run, where its data can
    neither be found nor downloaded.

    Raises
    ------
    UnknownNameError: no such figure or preset. InputError: fewer seeds than 1, or a device that cannot be used.
    RunFolderError: the folder holds a run with other arguments, or another process writes to it.
    """
    from infoscope.claim import running
    from infoscope.engine.opening import open_engine
    from infoscope.runs import Run
    from infoscope.show.mirroring import mirrored

    with mirrored(trackers) as sinks, open_engine(engine, workers, engine_config) as there:
        return Run(running.run_figure(figure, preset, seeds, check.path(out, "out"), device, there, sinks))


def train_figures(
    *figures: str,
    preset: str = "laptop",
    seeds: int | None = None,
    out: str | Path = "runs",
    device: str = "cpu",
    engine: str | Engine,
    workers: int | None = None,
    engine_config: str | Path | None = None,
) -> None:
    """Train the networks of several figures, each once, and nothing more: :func:`run` of each goes on from there.

    So no worker waits while the networks of one figure are measured. The arguments are those of :func:`run`.

    Raises
    ------
    EngineError: trainings failed, after the others were done; or workers cannot be had. The others as of :func:`run`; a
    figure whose run cannot be written to is left to it.
    """
    from infoscope.claim import running
    from infoscope.engine.opening import open_engine

    with open_engine(engine, workers, engine_config) as there:
        assert there is not None
        running.train_figures(figures, preset, seeds, check.path(out, "out"), device, there)


def expected_seconds(
    *figures: str, preset: str = "laptop", seeds: int | None = None, out: str | Path = "runs"
) -> dict[str, dict[str, float]]:
    """About how many seconds of one core each figure would take to :func:`run`, in this order, by stage.

    They are guesses, right beside one another more than in themselves, and made for a core of today. What an earlier
    figure trains is not counted again, nor what is there in ``out``; the arguments are those of :func:`run`.

    Raises
    ------
    UnknownNameError: no such figure or preset. InputError: fewer seeds than 1. RunFolderError: ``out`` holds a damaged
    run.

    Example
    -------
    >>> for figure, stages in iscope.expected_seconds("saxe2018/tanh", "saxe2018/machine_precision").items():
    ...     print(figure, sorted(stage.split(": ")[1] for stage in stages))
    saxe2018/tanh ['learning curves', 'measuring', 'training']
    saxe2018/machine_precision ['learning curves', 'measuring']
    """
    from infoscope.claim import running

    return running.foreseen(figures, preset, seeds, check.path(out, "out"))


def report(
    *runs: Run | Joined | str | Path, out: str | Path | None = None, with_command: bool = False, join: bool = False
) -> Path:
    """One self-contained HTML report of one run, or of several side by side; returns where it was written.

    runs: runs, or their folders. out: by default ``report.html`` in the folder of a single run, else in the current
    one. with_command: also show the command that made each run, without its secrets. join: the runs are members of one
    sweep, drawn as one with bands, as :class:`Joined` of :func:`load` is.

    Raises
    ------
    InputError: no runs. RunFolderError: a folder that holds none, a damaged one, or a full disk.
    """
    from infoscope.show.report import write_report

    folders = _folders(runs, join)
    beside = folders[0].path if len(folders) == 1 else Path()
    path = beside / "report.html" if out is None else check.path(out, "out")
    return write_report(folders, path, with_command=with_command)


def report_figures(*runs: Run | Joined | str | Path, folder: str | Path, join: bool = False) -> list[Path]:
    """Every figure of the report of these runs as PNG and SVG in ``folder``; returns what was written.

    Raises
    ------
    RunFolderError: as in :func:`report`, and so is join.
    """
    from infoscope.show.report import write_figures

    return write_figures(_folders(runs, join), check.path(folder, "folder"))


def _folders(runs: Sequence[Run | Joined | str | Path], join: bool) -> list[RunFolder]:
    opened = [RunFolder.open(check.path(one, "a run")) if isinstance(one, (str, Path)) else one.folder for one in runs]
    return [JoinedFolder(opened)] if join else opened


def representations(
    model: torch.nn.Module, inputs: Any, places: str | Iterable[str] | None = None, *, batch_size: int | None = None
) -> dict[str, torch.Tensor]:
    """``{place: T [n, d]}``: what the network's submodules give for ``inputs``, rows first, in eval mode, on the
    model's device. The model is left as it was, to the bit.

    inputs: a tensor or array for ``model(x)``, a tuple for ``model(*x)``, a mapping for ``model(**x)``. places: names
    or globs of submodules (``"blocks.*.mlp"``), ``"output"`` for what the network returns; by default every module
    without submodules. batch_size: rows of ``inputs`` in one forward.

    Raises
    ------
    UnknownNameError: a place that is not in the model, with the near names. InputError: a place that does not give one
    row a sample, or a model that cannot be read.
    """
    from infoscope.record import gathering
    from infoscope.record.inputs import BATCH_SIZE
    from infoscope.record.places import resolve

    rows = BATCH_SIZE if batch_size is None else batch_size
    return gathering.representations(model, inputs, resolve(model, places, inputs, rows), rows)


def bench(
    preset: str = "laptop",
    *,
    estimators: Sequence[str] = (),
    sources: Sequence[str] = (),
    sizes: Sequence[int] = (),
    options: Mapping[str, Any] | None = None,
    peers: bool = True,
    out: str | Path | None = None,
    save_results: bool = False,
    figure: str | Path | None = None,
) -> dict[str, Any]:
    """The estimators, and peers that are installed, on sources whose information is known: what came of it, as plain
    values. Called again, it goes on where it stopped. Two worker processes of one thread each.

    preset: ``"smoke"`` (a minute), ``"laptop"`` (half an hour), ``"labels"`` (half an hour, for what :func:`choose`
    names for labels) or ``"paper"``. estimators, sources, sizes: only these, and these numbers of rows. options: of the
    estimators. peers: also run other packages' estimators. out: folder of the rows, ``runs/bench-<preset>`` by default.
    save_results: write the results into the package, where :func:`choose` reads them. figure: also draw the errors by
    family of sources into this file (.png, .svg, .pdf or .html).

    Raises
    ------
    UnknownNameError: no such preset, estimator, source or option. InputError: sizes out of range.
    """
    from infoscope.benchmark.running import bench as run_bench

    folder = None if out is None else check.path(out, "out")
    found = run_bench(preset, estimators, sources, sizes, dict(options or {}), peers, folder, save_results)
    if figure is not None:
        from infoscope.show.benchmark import benchmark

        found["figure"] = str(benchmark(found["families"]).save(check.path(figure, "figure")))
    return found


def compare(
    first: Run | Joined | str | Path,
    second: Run | Joined | str | Path,
    steps: tuple[int, int] | Literal["all"] | None = None,
    *,
    places: Sequence[str] = (),
    variables: Sequence[str] = (),
    quantities: Sequence[str] = (),
    network: str | None = None,
) -> Comparison:
    """In what the second of two runs differs from the first, place by place, and how sure that is: two trainings, a
    model and its fine-tune or quantisation, two checkpoints of one run.

    Each difference has a 95 % interval: over seeds, those of the same number paired, where both runs have three or
    more; else over the groups of rows that runs keep with ``usable_information(scores=true)``, paired, where both were
    read on the same evaluation set; else none. ``found`` says which are surely there, all at once (Holm, 5 %);
    ``gained`` and ``lost`` name the groups, or rows, that moved most, :func:`compare_examples` the very examples.
    :func:`load` joins runs of one seed each.

    steps: one of each run, ``(1000, 2000)``; ``"all"`` that both measured; by default the last of each. places,
    variables, quantities: only these; without quantities information, geometry and training. network: one of several.

    Example
    -------
    >>> x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    >>> model, label = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh()), x[:, 0] > 0
    >>> measures = ["usable_information(scores=true)"]
    >>> with iscope.watch(model, x, {"label": label.astype(int)}, measures, "runs/pair") as scope:
    ...     scope.step(0)
    ...     _ = model[0].weight.data.mul_(0.0)
    ...     scope.step(1)
    >>> found = iscope.compare("runs/pair", "runs/pair", (0, 1), quantities=["I(T;Y)"])
    >>> print(found.found[0])
    I(T;Y) about label at 0: -0... bits [-0..., -0...]

    Raises
    ------
    UnknownNameError: no such place, variable, quantity or network. InputError: nothing that both runs measured alike,
        or a step that was not measured. RunFolderError: a folder that holds no run, or a damaged one.
    """
    from infoscope.scanning import comparing

    folders = _folders([first, second], join=False)
    return comparing.compare(
        folders[0], folders[1], steps, places=places, variables=variables, quantities=quantities, network=network
    )


def compare_examples(
    first: Run | str | Path, second: Run | str | Path, variable: str, steps: tuple[int, int] | None = None, **asked: Any
) -> Any:
    """Which examples the second run says more, and less, about than the first: a table, the greatest loss first.

    The weights that both runs keep are read again, as :meth:`Run.examples` does, which takes ``asked`` as well: the
    ``site``, ``network``, ``probe``, ``model`` … Columns are ``row``, ``label``, ``first_nats``, ``second_nats`` and
    ``difference_nats``. steps: one of each run; by default the last.

    Raises
    ------
    InputError: the runs have no example in common, or labels that differ; the others as of :meth:`Run.examples`.
    """
    from infoscope.runs import load
    from infoscope.scanning import comparing

    runs = [load(one) if isinstance(one, (str, Path)) else one for one in (first, second)]
    tables = [run.examples(variable, step=step, **asked) for run, step in zip(runs, steps or (None, None), strict=True)]
    return comparing.examples(*tables)


def serve(*runs: str | Path, host: str = "127.0.0.1", port: int | None = None, open_page: bool = False) -> None:
    """Serve a page on which runs are listed, chosen and compared, and whose figures grow while they train or are
    scanned, until it is interrupted (Ctrl-C). It reads run folders and nothing else, so a training does not know of it.

    runs: folders that hold run folders, at any depth, or are some; ``runs`` by default. host: by default this machine
    alone may ask. For any other one the page asks for a token, which is printed. port: 8321 or the next free one.
    open_page: also open it in the browser.

    Raises
    ------
    InputError: no such folder, host or free port. MissingPackageError: starlette or uvicorn is not installed.
    """
    import webbrowser

    try:
        from infoscope.show.page import server
    except ModuleNotFoundError as reason:
        raise MissingPackageError(
            f"the page needs {reason.name}, which is not installed: pip install 'infoscope[page]'"
        ) from reason
    roots = [check.path(one, "a folder of runs") for one in runs or ("runs",)]
    with suppress(KeyboardInterrupt):
        server.serve(
            roots,
            host,
            port,
            lambda first, second: compare(first, second).shown(),
            ready=webbrowser.open if open_page else lambda address: None,
        )


def export(
    *runs: Run | Joined | str | Path,
    to: str,
    out: str | Path | None = None,
    unit: Literal["bits", "nats"] = "bits",
    project: str = "",
) -> Path | str | int:
    """Runs as tables of somebody else's, or told to a tracker after the fact.

    to: ``"csv"`` or ``"parquet"``, all rows; ``"markdown"`` or ``"latex"``, tables of verdicts and of the values at the
    last step, with their intervals; ``"bibtex"``, what the runs used; or a tracker, ``"wandb"``, ``"trackio"``,
    ``"tensorboard"``, ``"mlflow"`` (:func:`contributions` lists them), which is told of each step as it would have been
    while watching. out: the file, of TensorBoard the folder. unit: of information, as the tables say. project: of a
    tracker.

    Returns the text, or the file where ``out`` is given (``RUN.parquet`` for Parquet); of a tracker how many steps it
    was told of.

    Raises
    ------
    UnknownNameError: neither a format nor a tracker. MissingPackageError: the tracker's package is not installed.
    InputError: no runs, or none that holds rows.
    """
    from infoscope.show import exports, mirroring

    if not runs:
        raise InputError("an export needs at least one run, none was given: pass run folders")
    folders = _folders(runs, join=False)
    if to in exports.FORMATS:
        content = exports.export(folders, to, unit)
        if out is None and isinstance(content, str):
            return content
        return exports.write(content, check.path(out, "out") if out else Path(f"{folders[0].id}{exports.SUFFIXES[to]}"))
    if to.partition("(")[0] not in contributions("trackers")["trackers"]:
        raise unknown_name("format or tracker", to, [*exports.FORMATS, *contributions("trackers")["trackers"]])
    folder = None if out is None else check.path(out, "out")
    return sum(mirroring.exported(each.rows(), to, project, folder) for each in folders)
