"""Linear probes of many rows, columns and classes: whole calls, CPU seconds of one thread, beside torch and sklearn.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 INFOSCOPE_DATA=... python bench/wide_probes.py [--cases a b c d] [--save]

Every program gets the same rows of one seed, four fifths to fit to and a fifth to score, in a process of its own.
Ours is ``usable_information`` with ``z_test``: standardised, weight decay and temperature chosen on a fifth of the rows
it is given, fitted again to all of them, with interval and status; kept is ``fit_probe`` of the same rows, and what it
says of the scored ones. torch is what a user writes: ten epochs of ``Linear`` and ``AdamW`` (rate 1e-3, batches of 256)
on standardised rows, at its default weight decay, nothing chosen. scikit-learn is ``LogisticRegression`` (lbfgs, 1e-4)
at the weight decay that ours chose; it is left out where it would take minutes. Bits are the usable information of the
same scored rows. Memory is the largest that the process became, what it read and the data included.

Data: G, class means in independent columns of different sizes; R, two layers of ReLU over four clusters a class; H,
heavy-tailed correlated rows with labels of a linear teacher; C, random convolutional features of CIFAR-100 with its 20
coarse labels, where the images are there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

RESULTS = Path(__file__).parent / "results" / "wide_probes.json"
EPOCHS, BATCH = 10, 256


class Case(NamedTuple):
    """rows, columns, classes, kinds of data, what is asked for, and who is asked."""

    n: int
    d: int
    k: int
    data: str
    goal: str
    programs: tuple[str, ...] = ("ours", "torch")


CASES = {
    "a": Case(50_000, 2048, 20, "GRHC", "at most 2.5 times torch, at least its bits"),
    "b": Case(10_000, 2048, 20, "GRHC", "10 s", ("ours", "kept", "torch", "scikit-learn")),
    "c": Case(5000, 512, 1000, "GR", "15 s"),
    "d": Case(2000, 65_536, 10, "GR", "15 s, 1.5 GB"),
}
Rows = tuple[np.ndarray, np.ndarray]


def rows_of(kind: str, n: int, d: int, k: int, seed: int = 0) -> Rows:
    """Rows ``[n, d]`` in float32 and labels ``[n]``."""
    rng = np.random.default_rng(seed)
    return {"G": _means, "R": _clusters, "H": _heavy, "C": _images}[kind](rng, n, d, k)


def _means(rng: np.random.Generator, n: int, d: int, k: int) -> Rows:
    y, means = rng.integers(k, size=n), rng.standard_normal((k, d), np.float32)
    z = rng.standard_normal((n, d), np.float32)
    z *= np.linspace(0.2, 3, d, dtype=np.float32)
    for start in range(0, n, 4096):
        z[start : start + 4096] += (0.06 if k < 100 else 0.12) * means[y[start : start + 4096]]
    return z, y


def _clusters(rng: np.random.Generator, n: int, d: int, k: int) -> Rows:
    inside, hidden = 32, min(d, 1024)
    y, part = rng.integers(k, size=n), rng.integers(4, size=n)
    x = 0.7 * rng.standard_normal((k, 4, inside), np.float32)[y, part] + rng.standard_normal((n, inside), np.float32)
    for wide in (hidden, d):
        w = rng.standard_normal((x.shape[1], wide), np.float32) * (2 / x.shape[1]) ** 0.5
        x = x @ w
        np.maximum(x, 0, out=x)
    return x, y


def _heavy(rng: np.random.Generator, n: int, d: int, k: int) -> Rows:
    mixing = rng.standard_normal((d // 4, d), np.float32) / (d // 4) ** 0.5
    z = rng.standard_t(3, (n, d // 4)).astype(np.float32) @ mixing + 0.3 * rng.standard_normal((n, d), np.float32)
    z *= (1 / np.sqrt(rng.gamma(2, 0.5, n))).astype(np.float32)[:, None]
    logits = z @ (rng.standard_normal((d, k), np.float32) / d**0.5) * 2
    return z, (logits + rng.gumbel(size=logits.shape)).argmax(1)


def _images(rng: np.random.Generator, n: int, d: int, k: int) -> Rows:
    """Patches of 6 x 6 under random filters, ReLU, means over four quarters."""
    import torch

    record = np.fromfile(Path(os.environ["INFOSCOPE_DATA"]) / "cifar-100-binary" / "train.bin", np.uint8)
    record = record.reshape(-1, 3074)[:n]
    images = torch.from_numpy(record[:, 2:].reshape(-1, 3, 32, 32))
    w = torch.from_numpy(rng.standard_normal((d // 4, 3, 6, 6), np.float32))
    w -= w.mean((1, 2, 3), keepdim=True)
    found = np.empty((len(images), d), np.float32)
    for start in range(0, len(images), 250):
        x = images[start : start + 250].float()
        x = (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True)
        x = torch.nn.functional.conv2d(x, w, stride=2).relu_()
        found[start : start + 250] = torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1).numpy()
    return found, record[:, 0].astype(np.int64)


class Answer(NamedTuple):
    """CPU seconds, bits, and of ours its status and what was chosen."""

    seconds: float
    bits: float
    status: str = ""
    chosen: str = ""


def bits(log_q: np.ndarray, y: np.ndarray, fit: int) -> float:
    """Usable information of scored rows, H(Y) that of the null probe as ours has it."""
    k = log_q.shape[1]
    prior = (np.bincount(y[:fit], minlength=k) + 0.5) / (fit + 0.5 * k)
    own = y[fit:]
    return float((log_q[np.arange(len(own)), own] - np.log(prior[own])).mean() / np.log(2))


def ours(z: np.ndarray, y: np.ndarray, fit: int, _decay: float) -> Answer:
    import infoscope as iscope

    start = time.process_time()
    found = iscope.usable_information(z[:fit], y[:fit], "linear", z_test=z[fit:], y_test=y[fit:])
    spent = time.process_time() - start
    return Answer(spent, found.bits, found.status.name, found.chosen[0])


def kept(z: np.ndarray, y: np.ndarray, fit: int, _decay: float) -> Answer:
    import infoscope as iscope

    start = time.process_time()
    found = iscope.fit_probe(z[:fit], y[:fit])
    spent = time.process_time() - start
    return Answer(spent, bits(found.predict_log_proba(z[fit:]), y, fit), chosen=str(found.about["chosen"]))


def of_torch(z: np.ndarray, y: np.ndarray, fit: int, _decay: float) -> Answer:
    import torch

    torch.manual_seed(0)
    start = time.process_time()
    x, labels = torch.from_numpy(z), torch.from_numpy(y)
    mean, sd = x[:fit].mean(0), x[:fit].std(0).clamp_min(1e-6)
    net = torch.nn.Linear(x.shape[1], int(y.max()) + 1)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        order = torch.randperm(fit)
        for at in range(0, fit, BATCH):
            rows = order[at : at + BATCH]
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net((x[rows] - mean) / sd), labels[rows]).backward()
            optimiser.step()
    with torch.no_grad():
        log_q = net((x[fit:] - mean) / sd).log_softmax(1).double().numpy()
    return Answer(time.process_time() - start, bits(log_q, y, fit))


def of_scikit_learn(z: np.ndarray, y: np.ndarray, fit: int, decay: float) -> Answer:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    start = time.process_time()
    scaler = StandardScaler()
    x = scaler.fit_transform(z[:fit])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=1 / (decay * fit), max_iter=1000).fit(x, y[:fit])
    log_q = model.predict_log_proba(scaler.transform(z[fit:])).astype(np.float64)
    return Answer(time.process_time() - start, bits(log_q, y, fit))


PROGRAMS = {"ours": ours, "kept": kept, "torch": of_torch, "scikit-learn": of_scikit_learn}


def alone(program: str, folder: Path, fit: int, decay: float = 0.0) -> dict[str, Any]:
    """A program in a process of its own, whose memory nothing else has touched."""
    asked = [program, str(folder), str(fit), str(decay)]
    run = subprocess.run([sys.executable, __file__, "--alone", *asked], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def told_alone(program: str, folder: Path, fit: int, decay: float) -> None:
    """What that process says; small calls read and compile beforehand."""
    call, rng = PROGRAMS[program], np.random.default_rng(0)
    if program != "scikit-learn":
        import torch

        torch.set_num_threads(1)
    for d in (20, 700):
        small = rng.standard_normal((400, d), np.float32)
        call(small, (small[:, 0] > 0).astype(np.int64), 320, decay)
    found = call(np.load(folder / "z.npy"), np.load(folder / "y.npy"), fit, decay)
    print(json.dumps({**found._asdict(), "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))


def measured(name: str, kind: str, programs: Sequence[str]) -> dict[str, Any]:
    """One row of the table."""
    case = CASES[name]
    z, y = rows_of(kind, case.n, case.d, case.k)
    fit, decay, row = round(0.8 * case.n), 0.01, dict[str, Any](goal=name, asked=case.goal, data=kind)
    row |= {"n": case.n, "columns": case.d, "classes": case.k}
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "z.npy"), z)
        np.save(Path(folder, "y.npy"), y)
        del z
        for program in programs:
            row[program] = alone(program, Path(folder), fit, decay)
            if chosen := re.search(r"weight decay (\S+),", row["ours"]["chosen"]):
                decay = float(chosen[1])
    return row


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    told.add_argument("--data", default="GRHC")
    told.add_argument("--no-scikit-learn", action="store_true")
    told.add_argument("--save", action="store_true")
    told.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    said = told.parse_args()
    if said.alone:
        program, folder, fit, decay = said.alone
        told_alone(program, Path(folder), int(fit), float(decay))
        return
    import torch

    from _machine import about

    torch.set_num_threads(1)
    here, rows = about("numpy", "torch", "numba", "scikit-learn"), dict[str, Any]()
    if RESULTS.exists():  # cases may be measured apart, each with its date
        rows = {f"{row['goal']} {row['data']}": row for row in json.loads(RESULTS.read_text("utf-8"))["probes"]}
    for name in said.cases:
        for kind in CASES[name].data:
            if kind not in said.data or (kind == "C" and not os.environ.get("INFOSCOPE_DATA")):
                continue
            programs = [one for one in CASES[name].programs if one != "scikit-learn" or not said.no_scikit_learn]
            row = measured(name, kind, programs)
            rows[f"{name} {kind}"] = row | {"date": here["date"], "commit": here["commit"]}
            each = (
                f"{one} {row[one]['seconds']:.1f} s {row[one]['bits']:.3f} bits {row[one]['MB']:.0f} MB"
                for one in programs
            )
            ratio = row["ours"]["seconds"] / row["torch"]["seconds"]
            print(f"{name} {kind}: {'; '.join(each)}; {row['ours']['status']}; ours / torch {ratio:.2f}", flush=True)
            if said.save:
                RESULTS.parent.mkdir(exist_ok=True)
                table = {"about": here, "probes": [rows[name] for name in sorted(rows)]}
                RESULTS.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
