"""Does your torch model compute the rule that you trained it for, on every input?

    python examples/torch_model.py

Trains a `torch.nn.Sequential` on random samples of a Boolean rule until a large test set finds no
error, and asks the verifier. Wherever it is wrong, the counterexamples join the samples, and the
training goes on, until the model is *proved* right on all inputs.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from superproof import InputError, Network, Specification, check

INPUTS, HIDDEN, SEED = 20, 24, 0
RULE = "x0 & x1 & ~x2 & x3 | ~x4 & x5 & x6 & ~x7 | x8 & x9 & x10 & ~x11 | x12 & ~x13 & x14 & x15"
SAMPLES, TESTED, STEPS = 4_000, 100_000, 300
#: Counterexamples to ask for, and rounds of training at most.
SHOWN, ROUNDS = 200, 30


def train(model: torch.nn.Sequential, points: np.ndarray, truth: np.ndarray) -> None:
    """Descend by the squared hinge: above 0 where the rule is true, below elsewhere."""
    fed = torch.tensor(points, dtype=torch.float32)
    signs = torch.tensor(np.where(truth, 1.0, -1.0), dtype=torch.float32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.relu(1 - signs * model(fed)).square().mean().backward()
        optimizer.step()


def wrong(model: torch.nn.Sequential, points: np.ndarray, truth: np.ndarray) -> int:
    """How many samples the model reads otherwise, as torch computes it."""
    with torch.no_grad():
        said = model(torch.tensor(points, dtype=torch.float32)).numpy() > 0
    return int((said != truth).sum())


def main() -> int:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # products as small as these gain nothing from more
    rng = np.random.default_rng(SEED)
    model = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)
    )
    try:
        specification = Specification(INPUTS, {"y": RULE})
        Network.from_torch(model)  # only some layers have an exact meaning
    except InputError as error:
        sys.exit(f"error: {error}")
    points, test = (rng.integers(0, 2, (count, INPUTS)) for count in (SAMPLES, TESTED))
    print(f"{INPUTS} inputs, {HIDDEN} neurons, {SAMPLES:,} samples, {TESTED:,} others as a test\n")
    print("round   wrong in the test   wrong on all inputs")
    for number in range(1, ROUNDS + 1):
        train(model, points, specification.expected(points))
        missed = wrong(model, test, specification.expected(test))
        verdict = check(model, specification, count=True, counterexamples=SHOWN)
        print(f"{number:5}   {missed:17,}   {verdict.violations:19,}")
        if verdict.holds:
            print(f"\nproved: the model computes the rule on all {verdict.domain_size:,} inputs")
            return 0
        found = np.array([example.bits for example in verdict.counterexamples])
        points = np.concatenate([points, found])
    print(f"\nwrong after {ROUNDS} rounds, for example on {verdict.counterexamples[0]}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
