"""Sizes, bits and times of networks that compute pairwise ANDs in full superposition.

    python benchmarks/constructions.py [--case TEXT ...] [--seeds 3] [--seconds 120] [--device NAME]
        [--no-ratios] [--out FILE.json]

Every network is built and then proved by the complete criterion (docs/constructions.md); a failure
is printed as one. c is neurons / sqrt(outputs ln outputs); ratio is the bits of the square matrix
and its level over the counting bound. Ratios of times follow, both sides measured in the same run:
the proof against all inputs through dense products of matrices, and training against the same loss
under Adam in torch. Run with OPENBLAS_NUM_THREADS=1 on a machine that is busy otherwise: threads
that wait for each other cost more than they bring.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from superproof.constructions.balanced_code import balanced_code
from superproof.constructions.construction import Construction
from superproof.constructions.key_value_training import train
from superproof.constructions.patterns import pattern
from superproof.constructions.states import Frame
from superproof.constructions.superposed import DENSITY, sign_decoder, superposed_pairwise_and
from superproof.verify.check import check
from superproof.verify.errors import ProofError


@dataclass(frozen=True)
class Case:
    """One instance and width; ``outputs`` None for the pattern's own number."""

    pattern: str
    inputs: int
    outputs: int | None
    neurons: int
    method: str = "trained"
    active: int = 2

    @property
    def name(self) -> str:
        """A line to select cases by."""
        size = "" if self.outputs is None else f" {self.outputs}"
        return f"{self.pattern}{size} v={self.active} {self.method} n={self.neurons}"


CASES = (
    Case("random", 24, 256, 42),
    Case("random", 46, 1024, 94),
    Case("random", 65, 2048, 140),
    Case("random", 92, 4096, 212),
    Case("random", 129, 8192, 320),
    Case("complete", 32, None, 170, active=3),
    Case("complete", 64, None, 360, active=3),
    Case("star", 257, 256, 70),
    Case("matching", 512, 256, 66),
    Case("random", 256, 256, 61),
    Case("random-low-influence", 128, 256, 56),
    Case("random", 46, 1024, 320, "key-value"),
    Case("random", 92, 4096, 590, "key-value"),
    Case("random", 46, 1024, 280, "least-squares"),
    Case("random", 24, 256, 66, "ternary"),
    Case("random", 24, 256, 96, "one-bit"),
    Case("random", 46, 1024, 148, "ternary"),
    Case("random", 46, 1024, 200, "one-bit"),
    Case("complete", 91, None, 363, "ternary"),
    Case("complete", 91, None, 461, "one-bit"),
    Case("random", 64, 64, 76, active=3),
    Case("matching", 128, 64, 84, active=3),
    Case("star", 65, 64, 76, active=3),
    Case("random-low-influence", 45, 64, 70, active=3),
)
#: Inputs, neurons and active inputs of the complete graphs whose proofs are compared; likewise
#: inputs, outputs and neurons of what is trained in two ways.
PROOFS = ((46, 100, 2), (32, 170, 3), (64, 340, 3))
TRAININGS = ((24, 256, 48), (46, 1024, 104))


def measure(case: Case, seed: int, seconds: float, device: str | None) -> dict[str, Any]:
    """Build and prove one network; the facts of a row."""
    pairs = pattern(case.pattern, case.inputs, case.outputs, seed)
    outputs = len(pairs)
    row: dict[str, Any] = asdict(case) | {"outputs": outputs, "seed": seed}
    row["c"] = case.neurons / math.sqrt(outputs * math.log(outputs))
    start = time.perf_counter()
    try:
        built = superposed_pairwise_and(
            case.inputs,
            pairs,
            case.neurons,
            case.active,
            seed,
            method=case.method,
            seconds=seconds,
            device=device if case.method == "trained" else None,
        )
    except ProofError as error:
        return row | {"seconds": time.perf_counter() - start, "result": str(error)}
    row["seconds"] = time.perf_counter() - start
    row["ratio"] = built.parameters["bits_over_bound"]
    start = time.perf_counter()
    verdict = check(built.network, built.specification, margin=True, dtypes=())
    row["proof_seconds"] = time.perf_counter() - start
    return row | {"result": verdict.status, "engine": verdict.engine}


def dense_seconds(built: Construction, frame: Frame) -> float:
    """Time to see every value through products of matrices, and that they are on their sides."""
    _, square, decoder = built.network.layers
    start = time.perf_counter()
    rows = np.asarray(decoder.weight, dtype=np.float32) @ np.asarray(square.weight, dtype="f4")
    level = -np.asarray(decoder.bias, dtype=np.float32)[:, None]
    outputs, states = frame.true_places
    true = 0
    for part in frame.blocks(frame.outputs):
        above = rows @ frame.hidden(part).T > level
        true += int(np.count_nonzero(above))
        here = (states >= part.start) & (states < part.stop)
        assert above[outputs[here], states[here] - part.start].all()
    assert true == len(outputs)
    return time.perf_counter() - start


def proof_row(inputs: int, neurons: int, active: int) -> dict[str, Any]:
    """The complete criterion against all inputs."""
    pairs = pattern("complete", inputs, None, 0)
    built = superposed_pairwise_and(inputs, pairs, neurons, active, draws=5)
    code = np.asarray(built.network.layers[0].weight) != 0
    frame = Frame(code, sign_decoder(len(pairs), neurons, 0), pairs, active)
    _ = frame.columns, frame.supports, frame.true_places
    check(built.network, built.specification, engine="superposed", dtypes=())
    times = []
    for _ in range(3):
        start = time.perf_counter()
        check(built.network, built.specification, engine="superposed", dtypes=())
        times.append(time.perf_counter() - start)
    dense = min(dense_seconds(built, frame) for _ in range(3))
    name = f"proof against dense products: m={inputs}, v={active}, n={neurons}"
    return {"name": name, "ours": min(times), "other": dense}


def adam_seconds(frame: Frame, seconds: float, gap: float = 0.004) -> tuple[float, bool]:
    """Time of Adam in torch on the same loss, over all values, until they are on their sides."""
    import torch

    start = time.perf_counter()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    hidden = torch.from_numpy(frame.hidden(slice(None)).T.copy())
    decoder = torch.from_numpy(frame.decoder.astype(np.float32))
    matrix = (torch.randn(frame.neurons, frame.neurons) / frame.neurons).requires_grad_()
    outputs, states = (torch.from_numpy(array.astype(np.int64)) for array in frame.true_places)
    false = torch.ones(frame.outputs, hidden.shape[1], dtype=torch.bool)
    false[outputs, states] = False
    optimiser = torch.optim.Adam([matrix], lr=1e-3)
    while time.perf_counter() - start < seconds:
        values = decoder @ matrix @ hidden
        true, other = values[outputs, states], values[false]
        if true.min().item() - max(other.max().item(), 0.0) > gap / 2:
            return time.perf_counter() - start, True
        loss = (other - (1 - gap)).clamp(min=0).square().sum()
        loss = loss + 4 * (1 - true).clamp(min=0).square().sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return time.perf_counter() - start, False


def training_row(inputs: int, outputs: int, neurons: int, seconds: float) -> dict[str, Any]:
    """Whitened conjugate gradients against Adam."""
    code = balanced_code(neurons, inputs, DENSITY[2], 0)
    frame = Frame(code, sign_decoder(outputs, neurons, 0), pattern("random", inputs, outputs, 0), 2)
    # compiled before the clock starts
    train(frame, steps=1)
    ours = min(train(frame).seconds for _ in range(3))
    other, separated = adam_seconds(frame, seconds)
    name = f"training against Adam: m'={outputs}, n={neurons}"
    return {"name": name, "ours": ours, "other": other, "finished": separated}


def print_ratios(console: Console, seconds: float) -> list[dict[str, Any]]:
    """Measure and print the ratios."""
    rows = [proof_row(*case) for case in PROOFS]
    rows += [training_row(*case, seconds) for case in TRAININGS]
    table = Table("ratio", "ours s", "other s", "other / ours")
    for row in rows:
        more = "" if row.get("finished", True) else "> "
        ratio = f"{more}{row['other'] / row['ours']:.1f}"
        table.add_row(row["name"], f"{row['ours']:.3f}", f"{more}{row['other']:.3f}", ratio)
    console.print(table)
    return rows


def main() -> None:
    """Measure the chosen cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--case", action="append", help="only cases with this text; repeatable")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=120, help="of training, at most")
    parser.add_argument("--ratios", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--device", help="torch device for training")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    options = parser.parse_args()
    cases = [c for c in CASES if not options.case or any(t in c.name for t in options.case)]
    console = Console()
    rows = []
    columns = ["pattern", "m", "m'", "v", "method", "n", "c", "ratio", "seed"]
    table = Table(*columns, "build s", "proof s", "result")
    for case in cases:
        for seed in range(options.seeds):
            row = measure(case, seed, options.seconds, options.device)
            rows.append(row)
            ratio = f"{row['ratio']:.2f}" if "ratio" in row else "-"
            proof = f"{row['proof_seconds']:.2f}" if "proof_seconds" in row else "-"
            result = row["result"] if "ratio" in row else "not exact"
            table.add_row(
                case.pattern,
                str(case.inputs),
                str(row["outputs"]),
                str(case.active),
                case.method,
                str(case.neurons),
                f"{row['c']:.3f}",
                ratio,
                str(seed),
                f"{row['seconds']:.1f}",
                proof,
                result,
            )
            console.print(f"{case.name} seed {seed}: {result}, {row['seconds']:.1f} s")
    console.print(table)
    ratios = print_ratios(console, options.seconds) if options.ratios else []
    if options.out is not None:
        found = {"rows": rows, "ratios": ratios}
        options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
