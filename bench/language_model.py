"""What probing the layers of a language model costs beside running it, and beside scikit-learn.

    OMP_NUM_THREADS=1 python bench/language_model.py

A GPT-2 of 4 blocks and 128 columns on 400 texts of 128 tokens, 14 tokens of each read at the embedding and every
block, five variables: 25 questions of 5600 rows. CPU seconds of one thread: of the forward alone, of a whole recorded
step, and of scikit-learn's logistic regression for the same questions on the same folds, with four weight decays.
"""

import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import GPT2Config, GPT2LMHeadModel

import infoscope as iscope
from infoscope.record.gathering import gathered

TEXTS, LENGTH, WIDTH, CLASSES = 400, 128, 128, (2, 2, 2, 2, 7)
PLACES = ["transformer.wte@tokens(14)", "transformer.h.*@tokens(14)"]


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = GPT2Config(
        vocab_size=128, n_positions=LENGTH, n_embd=WIDTH, n_layer=4, n_head=4, bos_token_id=0, eos_token_id=0
    )
    model = GPT2LMHeadModel(config).eval()
    ids = torch.randint(0, 128, (TEXTS, LENGTH))
    rng = np.random.default_rng(0)
    # Labels that follow from the letter here and the letter before, so that there is something to read.
    before = torch.roll(ids, 1, 1).numpy()
    variables = {
        f"v{i}": (ids.numpy() * rng.integers(1, 99) + before * rng.integers(1, 99)) // 16 % k
        for i, k in enumerate(CLASSES)
    }
    with tempfile.TemporaryDirectory() as folder:
        for recorded in (False, True):  # once to compile
            out = Path(folder) / str(recorded)
            scope = iscope.watch(
                model, {"input_ids": ids}, variables, ["usable_information(probe=linear)"], out, places=PLACES,
                snapshots=False, batch_size=32,
            )  # fmt: skip
            with scope:
                start = time.process_time()
                scope.step(0)
                step = time.process_time() - start
    start = time.process_time()
    with torch.no_grad():
        for first in range(0, TEXTS, 32):
            model(ids[first : first + 32], use_cache=False)
    forward = time.process_time() - start
    read, chosen = gathered(model, {"input_ids": ids}, scope.sites, 32)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for site in scope.sites:
            z, at = read[site].numpy(), chosen[site]
            for y in variables.values():
                labels = y[at.sample, at.position]
                for fitted, scored in GroupKFold(5).split(z, labels, at.sample):
                    for c in (0.001, 0.01, 0.1, 1.0):
                        probe = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=300))
                        probe.fit(z[fitted], labels[fitted]).predict_proba(z[scored])
    peer = time.process_time() - start
    print(f"forward {forward:.2f} s, recorded step {step:.2f} s: {step - forward:.2f} s beyond the forward")
    print(f"scikit-learn, four weight decays: {peer:.1f} s, {peer / (step - forward):.1f} times as long")


if __name__ == "__main__":
    main()
