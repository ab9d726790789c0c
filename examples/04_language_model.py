"""What each layer of a language model knows, and since when: a GPT-2 trained on Python's own standard library.

    python examples/04_language_model.py [FOLDER] [UPDATES]

A small GPT-2 reads the library's source letter by letter. Its checkpoints are left behind as any training leaves them
(``save_pretrained``), and are scanned afterwards: at every checkpoint and every block, linear probes read of single
letters whether they stand in a string, what kind of thing they belong to (a keyword, a name, a comment …) and whether
the next one is a space. All of it is known exactly, from Python's own tokenizer. Files are the groups: what is read is
what holds in files that the probe never saw. Needs transformers (``pip install infoscope[models]``).

With the default of 100 updates it takes about a minute; 2000 show the whole story.
"""

import io
import shutil
import sys
import sysconfig
import tokenize
from keyword import iskeyword
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import infoscope as iscope

LENGTH, LAYERS, WIDTH, BATCH = 96, 4, 64, 32
KINDS = ("space", "name", "keyword", "number", "string", "comment", "sign")


def kinds(text: str) -> np.ndarray:
    """The number in ``KINDS`` of what each letter of a program belongs to."""
    found = np.zeros(len(text), np.int64)
    starts = np.cumsum([0, *(len(line) for line in text.splitlines(keepends=True))])
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = {
            tokenize.NAME: "keyword" if iskeyword(token.string) else "name",
            tokenize.NUMBER: "number",
            tokenize.STRING: "string",
            tokenize.COMMENT: "comment",
            tokenize.OP: "sign",
        }.get(token.type, "space")
        first, last = (starts[line - 1] + column for line, column in (token.start, token.end) if line <= len(starts))
        found[first:last] = KINDS.index(kind)
    return found


def library(files: int = 120) -> list[str]:
    """Programs of the standard library that are plain ASCII, the same ones on each machine with this Python."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    found: list[str] = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.isascii() and "\x0c" not in text and "\t" not in text and 4000 < len(text) < 60000:
            found.append(text)
    return found[:files]


def evaluation(texts: list[str], pieces: int = 8) -> tuple[dict[str, torch.Tensor], dict[str, np.ndarray], np.ndarray]:
    """Pieces ``[n, LENGTH]`` of programs, what each letter is, and the program ``[n]`` that each piece is from."""
    rng = np.random.default_rng(0)
    letters, kind, following, program = [], [], [], []
    for number, text in enumerate(texts):
        codes, of = np.frombuffer(text.encode(), np.uint8).astype(np.int64), kinds(text)
        for start in rng.integers(0, len(codes) - LENGTH - 1, pieces):
            letters.append(codes[start : start + LENGTH])
            following.append(codes[start + 1 : start + LENGTH + 1])
            kind.append(of[start : start + LENGTH])
            program.append(number)
    known = np.array(kind)
    variables = {
        "kind": known,
        "in a string": known == KINDS.index("string"),
        "next is a space": np.array(following) == ord(" "),
    }
    return {"input_ids": torch.tensor(np.array(letters))}, variables, np.array(program)


def train(texts: list[str], folder: Path, updates: int) -> None:
    """Train on the programs and leave checkpoints behind, as any training does."""
    torch.manual_seed(0)
    codes = torch.tensor(np.frombuffer("\n".join(texts).encode(), np.uint8).astype(np.int64))
    config = GPT2Config(
        vocab_size=128, n_positions=LENGTH, n_embd=WIDTH, n_layer=LAYERS, n_head=4, bos_token_id=0, eos_token_id=0
    )
    model = GPT2LMHeadModel(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    steps = sorted({0, *(round(updates * share) for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0))})
    shutil.rmtree(folder, ignore_errors=True)
    for step in range(updates + 1):
        if step in steps:
            model.save_pretrained(folder / f"checkpoint-{step}")
        starts = torch.randint(len(codes) - LENGTH, (BATCH, 1))
        batch = codes[starts + torch.arange(LENGTH)]
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % max(1, updates // 10) == 0:
            print(f"update {step}: {loss.item():.2f} nats a letter", flush=True)


def main(out: Path, updates: int) -> None:
    texts = library()
    checkpoints = out.with_name(f"{out.name}-checkpoints")
    held_out = texts[:: max(1, len(texts) // 40)]
    train([text for text in texts if text not in held_out], checkpoints, updates)
    inputs, variables, program = evaluation(held_out)
    run = iscope.scan(
        f"{checkpoints}/checkpoint-*",
        inputs=inputs,
        variables=variables,
        groups=program,
        places=["transformer.wte@tokens(8)", "transformer.h.*@tokens(8)"],
        measures=["usable_information(probe=linear)"],
        out=out,
        overwrite=True,
    )
    for variable in variables:
        for place in run.rows.sites():
            steps, _, nats = run.rows.filter(variable=variable, site=place, quantity="I(T;Y)").curves()
            bits = "  ".join(f"{value / np.log(2):.2f}" for value in nats[0])
            print(f"bits of {variable!r} at {place} by step {steps}: {bits}")
    print(f"report: {run.report()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/language"), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
