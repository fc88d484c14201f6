"""Seeded random 0/1 codes, repaired until the complete criterion accepts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..verify.engines.criterion import plain_code
from ..verify.engines.plain_code import PlainCode
from ..verify.errors import ProofError

#: Give a draw up when more than this share of the outputs is violated at the start.
ABANDON = 0.5
#: Rounds of repair before a draw is given up.
ROUNDS = 150
#: Rounds without a new best before a draw is given up.
PATIENCE = 40


@dataclass(frozen=True, eq=False)
class Code:
    """A 0/1 code that the complete criterion accepts.

    Attributes:
        plain: the code and the neurons that the members of each tuple share.
        density: share of ones of the draws.
        seed: seed that it was drawn with.
        rounds: rounds of repair that it took.
        redrawn: columns (of a channel: outputs) that were drawn again, in all rounds together.
        name: how it was drawn.
    """

    plain: PlainCode
    density: float
    seed: int
    rounds: int
    redrawn: int
    name: str = "random, repaired"

    @property
    def neurons(self) -> int:
        """Number of rows."""
        return self.plain.code.height

    @cached_property
    def matrix(self) -> np.ndarray:
        """The code as Booleans (neurons, inputs)."""
        return self.plain.code.matrix(self.plain.inputs).astype(bool)


def repaired_code(
    neurons: int,
    inputs: int,
    tuples: np.ndarray,
    active: int,
    density: float,
    seed: int = 0,
    *,
    rounds: int = ROUNDS,
    abandon: float = ABANDON,
    tick: Callable[[], None] = lambda: None,
) -> Code:
    """Draw a Bernoulli code and redraw columns until no output is violated.

    A round finds the violated outputs by the complete criterion and redraws one column for
    each: with equal chances a member of the tuple, or an input that imitates the missing
    member best.

    Args:
        neurons, inputs: shape of the code.
        tuples: distinct input indices (outputs, arity).
        active: v, the largest number of active inputs.
        density: probability of a one.
        seed: the same seed gives the same code.
        rounds: rounds of repair at most.
        abandon: give up at once when more than this share of the outputs is violated.
        tick: called after every round.

    Raises:
        ProofError: no exact code was reached; it says how far the repair came. It does not
            follow that there is none.
    """
    rng = np.random.default_rng(seed)
    code = rng.random((neurons, inputs)) < density
    redrawn, best, best_round = 0, len(tuples) + 1, 0
    for done in range(rounds + 1):
        plain = plain_code(code, tuples)
        top, intruding = plain.imitations(active, witnesses=True)
        slack = plain.shared.sizes - top
        tick()
        violated = np.flatnonzero(slack < 1)
        if not violated.size:
            return Code(plain, density, seed, done, redrawn)
        if len(violated) < best:
            best, best_round = len(violated), done
        hopeless = done == 0 and len(violated) > abandon * len(tuples)
        if hopeless or done == rounds or done - best_round >= PATIENCE:
            break
        # where nobody else overlaps there is no intruder: a member instead
        outside = np.where(intruding < 0, tuples[:, :1], intruding)
        choices = np.concatenate([tuples[violated], outside[violated]], axis=1)
        arity, r = tuples.shape[1], intruding.shape[1]
        member = rng.integers(0, arity, len(violated))
        if r:
            outsider = arity + rng.integers(0, r, len(violated))
            member = np.where(rng.random(len(violated)) < 0.5, member, outsider)
        columns = np.unique(choices[np.arange(len(violated)), member])
        code[:, columns] = rng.random((neurons, len(columns))) < density
        redrawn += len(columns)
    raise ProofError(
        f"no exact code of {neurons} neurons was found for {len(tuples)} ANDs at {active} active "
        f"inputs: the best draw left {best} violated after {best_round} rounds of repair "
        f"(density {density:g}, seed {seed}); give more neurons or another seed"
    )
