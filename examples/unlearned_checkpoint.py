"""Is a clause really unlearned, and is everything else as it was?

    python examples/unlearned_checkpoint.py
    python examples/unlearned_checkpoint.py --before a.safetensors --after b.safetensors \\
        --spec spec.toml --forgotten y0:2

Without files it makes its own checkpoints: a network is trained until it is proved right, and a
clause is unlearned by training, until no sampled input of the clause reads true and all other
samples read as before. Then both are compared on every input.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from superproof import InputError, Network, Specification, check, compare

CLAUSES = ("x0 & x1 & ~x2 & x3", "x4 & ~x5 & x6 & x7", "~x8 & x9 & x10 & x11")
INPUTS, HIDDEN, SEED, FORGOTTEN = 16, 32, 0, "y0:1"
#: Samples of the clause, and of the rest, on which unlearning is judged; inputs of a batch.
SAMPLED, BATCH = 500, 64


def model() -> torch.nn.Sequential:
    """One hidden layer."""
    return torch.nn.Sequential(
        torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)
    )


def train(specification: Specification) -> torch.nn.Sequential:
    """Train, and go on with the counterexamples until nothing is wrong."""
    network, rng = model(), np.random.default_rng(SEED)
    points = rng.integers(0, 2, (8_000, INPUTS))
    while True:
        fed = torch.tensor(points, dtype=torch.float32)
        signs = torch.tensor(np.where(specification.expected(points), 1.0, -1.0)).float()
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(300):
            optimizer.zero_grad()
            torch.relu(1 - signs * network(fed)).square().mean().backward()
            optimizer.step()
        verdict = check(network, specification, counterexamples=200)
        if verdict.holds:
            return network
        points = np.concatenate([points, [one.bits for one in verdict.counterexamples]])


def unlearn(network: torch.nn.Sequential) -> None:
    """Train the clause to be false and the rest to stay, until no sample is wrong."""
    rng = np.random.default_rng(SEED + 1)
    points = rng.integers(0, 2, (50_000, INPUTS))
    true = Specification(INPUTS, list(CLAUSES)).expected(points)
    alone = true[:, 1] & (true.sum(axis=1) == 1)
    signs = np.where(true.any(axis=1) & ~alone, 1.0, -1.0)
    samples = [
        (torch.tensor(points[part]).float(), torch.tensor(signs[part])[:, None].float())
        for part in (alone, ~alone)
    ]
    judged = [(fed[:SAMPLED], sign[:SAMPLED]) for fed, sign in samples]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    while any(bool(((network(fed) > 0) != (sign > 0)).any()) for fed, sign in judged):
        optimizer.zero_grad()
        for fed, sign in samples:
            batch = torch.randint(SAMPLED, len(fed), (BATCH,))
            torch.nn.functional.softplus(-sign[batch] * network(fed[batch])).mean().backward()
        optimizer.step()
    print(f"unlearned: 0 of {SAMPLED} sampled inputs of the clause read true,")
    print(f"           and {SAMPLED} of {SAMPLED} other samples read as before")


def checkpoints(folder: Path) -> tuple[Path, Path, Specification, str]:
    """Both networks, stored; what the first one computes, and the clause that was unlearned."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    specification = Specification(INPUTS, [" | ".join(CLAUSES)])
    network = train(specification)
    before = Network.from_torch(network).save(folder / "before.safetensors")
    print(f"trained: proved right on all {2**INPUTS:,} inputs")
    unlearn(network)
    after = Network.from_torch(network).save(folder / "after.safetensors")
    return before, after, specification, FORGOTTEN


def main() -> int:
    parser = argparse.ArgumentParser(description="Is a clause really unlearned?")
    parser.add_argument("--before", type=Path, help="network that computes the specification")
    parser.add_argument("--after", type=Path, help="network after unlearning")
    parser.add_argument("--spec", type=Path, help="specification (.toml)")
    parser.add_argument("--forgotten", help="the clause that should be gone, as y0:2")
    given = parser.parse_args()
    files = (given.before, given.after, given.spec, given.forgotten)
    if any(files) and not all(files):
        parser.error("--before, --after, --spec and --forgotten go together")
    with tempfile.TemporaryDirectory() as folder:
        before, after, specification, clause = files if all(files) else checkpoints(Path(folder))
        try:
            answer = compare(before, after, specification, forgotten=[clause])
        except InputError as error:
            parser.error(str(error))
    print(answer)
    assert answer.claim is not None
    return 0 if answer.claim.status == "holds" else 1


if __name__ == "__main__":
    sys.exit(main())
