"""Random problems against the oracle for as long as one asks: ``python -m tests.fuzz``."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
import time
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from superproof.verify.check import ENGINES
from superproof.verify.engines import enumeration
from superproof.verify.grammar import parse_formula
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from . import strategies
from .oracles import fraction_oracle as oracle
from .oracles.agreement import disagreements, short_disagreements

#: Engines that take every problem.
GENERAL = ("auto", "enumerate", "tree", "z3")
#: Problems a round: each round draws from its own seed.
ROUND = 200
PROFILE = settings(
    max_examples=ROUND,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


class Fuzzer:
    """Draws problems until the time is up, and remembers the one that failed last."""

    def __init__(self, engines: list[str], until: float) -> None:
        self.engines = engines
        self.until = until
        self.done = 0
        self.failed: tuple[Problem, list[str]] | None = None

    def expired(self) -> bool:
        """Out of time, unless a failure is being reduced to a small one."""
        return self.failed is None and time.monotonic() >= self.until

    def run(self, problem: Problem, engines: list[str]) -> None:
        """One problem against the oracle; raises AssertionError when an engine differs."""
        if self.expired():
            return
        wrong = mismatches(problem, engines)
        if wrong:
            self.failed = problem, wrong
            raise AssertionError(wrong[0])
        self.done += 1

    def rounds(self, first: int) -> None:
        """Rounds of problems with the seeds ``first``, ``first + 1`` and so on."""
        # Z3 pays for every layer: it gets the small problems of every other round
        fast = [engine for engine in self.engines if engine != "z3"]
        for round_seed in itertools.count(first):
            if self.expired():
                return
            if fast and round_seed % 2:
                self.one_round(round_seed, fast, strategies.problems())
            else:
                small = strategies.problems(max_inputs=4, max_hidden=2, max_width=3)
                self.one_round(round_seed, self.engines, small)

    def one_round(
        self, round_seed: int, engines: list[str], problems: st.SearchStrategy[Problem]
    ) -> None:
        """Draw up to ROUND problems; on a failure hypothesis reduces it and raises it again."""

        @seed(round_seed)
        @PROFILE
        @given(problems)
        def agree(problem: Problem) -> None:
            self.run(problem, engines)

        # two rounds in four go through the tables that otherwise serve large domains only
        with mock.patch.object(
            enumeration, "SMALL", 0 if round_seed % 4 > 1 else enumeration.SMALL
        ):
            agree()


def mismatches(problem: Problem, engines: list[str]) -> list[str]:
    """What the engines get wrong about the problem; an error in an engine is wrong too."""
    truth = oracle.answer(problem)
    wrong = []
    for engine in engines:
        for ask in (disagreements, short_disagreements):
            try:
                wrong += ask(problem, engine, truth)
            except Exception as error:
                wrong.append(f"{engine}: {type(error).__name__}: {error}")
    return wrong


def written(specification: Specification) -> Specification:
    """The same with formulas as text says them: no chains of one operand or none."""
    domain = specification.domain
    if domain.where is not None:
        domain = dataclasses.replace(domain, where=parse_formula(str(domain.where)))
    formulas = {
        n: str(f) for n, f in zip(specification.outputs, specification.formulas, strict=True)
    }
    return Specification(
        specification.inputs, formulas, domain=domain, readout=specification.readout
    )


def save(problem: Problem, folder: Path) -> list[str]:
    """Write the problem as files; returns sentences about what to run, or why it went wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        saved = Problem(problem.network, written(problem.specification))
        model = saved.network.save(folder / "network.npz")
        toml = saved.specification.save(folder / "spec.toml")
        read = Problem(Network.load(model), Specification.load(toml))
    except Exception as error:
        return [f"the problem could not be saved: {type(error).__name__}: {error}"]
    lines = [f"reproduce with: superproof check {model} {toml} --count --margin"]
    if read.sha256 != saved.sha256:
        lines.append("the files do not read back as the same problem: a fault of its own")
    return lines


def describe(problem: Problem) -> list[str]:
    """The problem in Python terms: arrays with their types, formulas, domain, read-out."""
    specification = problem.specification
    lines = []
    for layer in problem.network.layers:
        weight, bias = layer.weight, layer.bias
        lines.append(f"  weight {weight.dtype} {weight.tolist()}")
        lines.append(f"  bias {bias.dtype} {bias.tolist()}, {layer.activation}")
    for name, formula in zip(specification.outputs, specification.formulas, strict=True):
        lines.append(f"  {name} = {formula}")
    return [*lines, f"  domain {specification.domain}", f"  read-out: {specification.readout}"]


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when all agreed, 1 on a mismatch, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="first seed (default 0)")
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help="default: general")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"), help="where a mismatch goes")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    fuzzer = Fuzzer(options.engine or list(GENERAL), start + options.seconds)
    code = 0
    try:
        # far apart, so that runs with neighbouring seeds draw different problems
        fuzzer.rounds(options.seed * 1_000_000)
    except KeyboardInterrupt:
        code = 130
    except Exception:
        if fuzzer.failed is None:
            raise
        code = 1
    seconds = time.monotonic() - start
    ending = {0: "all agree", 1: "MISMATCH", 130: "interrupted; all agreed so far"}[code]
    if code == 130 and fuzzer.failed is not None:
        code, ending = 1, "MISMATCH (interrupted while reducing it)"
    print(f"{fuzzer.done:,} cases in {seconds:.0f} s with {', '.join(fuzzer.engines)}: {ending}")
    if fuzzer.failed is not None:
        problem, wrong = fuzzer.failed
        print("\n".join([*wrong, *describe(problem), *save(problem, options.out)]))
    return code


if __name__ == "__main__":
    sys.exit(main())
