"""The engines that the benchmark compares: ours, and solvers with encodings of our making."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from .answer import Answer, Limit, Problem

#: The extra of this package that installs the solvers.
EXTRA = "solvers"
#: Decides a problem within a limit.
Decide = Callable[[Problem, Limit], Answer]


@dataclass(frozen=True)
class Peer:
    """An engine of the comparison.

    Attributes:
        name: as in ``--engine`` and the tables.
        module: of this package, with a function ``decide``.
        package: that must be installed, and the name it installs under.
        exact: its ``holds`` and ``violated`` are proofs; else they rest on float tolerances.
        counts: it also counts violating inputs.
    """

    name: str
    module: str
    package: tuple[str, str] | None = None
    exact: bool = True
    counts: bool = False

    def missing(self) -> str | None:
        """Why it cannot run here, or None."""
        if self.package is None or importlib.util.find_spec(self.package[0]):
            return None
        return (
            f"{self.name} is skipped: {self.package[0]} is not installed; "
            f'pip install "superproof[{EXTRA}]" installs {self.package[1]}'
        )

    def load(self) -> Decide:
        """The deciding function; imports the solver."""
        module = importlib.import_module(f".{self.module}", __name__)
        made: Decide = module.engine(self.name)
        return made


PEERS = {
    peer.name: peer
    for peer in (
        Peer("auto", "own", counts=True),
        Peer("tree", "own", counts=True),
        Peer("enumerate", "own", counts=True),
        Peer("z3", "own", counts=True),
        Peer("z3-split", "z3_split"),
        Peer("z3-rounded", "z3_rounded"),
        Peer("cp-sat", "cp_sat", ("ortools", "ortools")),
        Peer("cvc5", "cvc5_integers", ("cvc5", "cvc5")),
        Peer("highs", "highs", ("highspy", "highspy"), exact=False),
        Peer("marabou", "marabou", ("maraboupy", "maraboupy"), exact=False),
    )
}
