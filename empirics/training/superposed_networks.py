"""Networks in superposition with fixed codes: only one square matrix is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...constructions.balanced_code import balanced_code
from ...constructions.key_value_training import DECODER_RIDGE, STATE_RIDGE, inverse_root
from ...constructions.superposed import DENSITY, rounded, sign_decoder
from ...verify.check import check
from ...verify.errors import InputError
from ...verify.network import Network
from ...verify.verdict import Verdict
from .boolean_task import WHOLE, BooleanTask, whole_domain
from .dense_layers import product
from .device import Backend, check_timeout, deal, require_torch
from .program import Arrays, Layout, Score, Start, Survey, Tensors
from .relu_networks import LANES
from .schedule import Schedule

if TYPE_CHECKING:
    import torch

    from .slots import Pace, Slots

_SCHEDULE = Schedule(600, 0.02, patience=10, decay="linear", momenta=(0.9, 0.99))


@dataclass(frozen=True)
class SuperposedRun:
    """One square matrix W to train: h = relu(T x - 1), and output j reads row j of D W h.

    The code T and the decoder D are drawn by the seed and do not depend on the task. Without a
    neuron threshold (h = T x) for tasks whose outputs are true on single inputs. The loss is
    ``sum over false values max(0, F - 1 + gap)**2 + weight sum over true ones max(0, 1 - F)**2``
    in coordinates whitened on both sides, from the least-squares start.

    Attributes:
        task: ANDs or a permutation with at most ``active`` ones.
        neurons: n, the width of the matrix.
        seed: of code and decoder.
        schedule: of the descent.
        density: share of ones in the code; None for one that does well.
        gap: between the levels of the two sides.
        weight: of the values that should read true.
        bits: the matrix is rounded to integers of so many bits before it is decided.

    Raises InputError for values out of range.
    """

    task: BooleanTask
    neurons: int
    seed: int = 0
    schedule: Schedule = _SCHEDULE
    density: float | None = None
    gap: float = 0.04
    weight: float = 4.0
    bits: int = 14

    def __post_init__(self) -> None:
        if self.neurons < 1:
            raise InputError(f"neurons must be 1 or more, not {self.neurons}")
        if self.density is not None and not 0 < self.density < 1:
            raise InputError(f"density must lie between 0 and 1, not {self.density}")
        if not 0 < self.gap < 1:
            raise InputError(f"gap must lie between 0 and 1, not {self.gap}")
        if not 0 < self.weight < math.inf:
            raise InputError(f"weight must be above 0, not {self.weight}")
        if not 2 <= self.bits <= 22:
            raise InputError(f"bits must lie between 2 and 22, not {self.bits}")
        if self.task.kind not in ("and", "permutation") or self.task.active is None:
            raise InputError(
                "a network in superposition takes the tasks and and permutation with a limit on "
                "active inputs; use networks for others"
            )
        if self.task.specification.domain.candidates > WHOLE:
            raise InputError(
                f"the domain '{self.task.specification.domain}' has more than {WHOLE:,} points; "
                "use fewer inputs"
            )

    @property
    def threshold(self) -> int:
        """Of the neurons: 1 where outputs need two active inputs, else 0."""
        return 0 if self.task.members.shape[1] == 1 else 1

    def fixed(self) -> tuple[np.ndarray, np.ndarray]:
        """Code T, Booleans (neurons, inputs), and decoder D, +-1 (outputs, neurons)."""
        active = self.task.active or 1
        share = DENSITY.get(active, 2 / (active + 2)) if self.density is None else self.density
        return _codes(self.neurons, self.task.inputs, len(self.task.members), share, self.seed)

    def states(self, code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distinct situations of the domain: h (neurons, points) and truth (outputs, points).

        Points on which all neurons are 0 feed 0 to every output; one of them stands for all.
        """
        points, truth = whole_domain(self.task)
        hidden = np.maximum(points.astype(np.int64) @ code.T.astype(np.int64) - self.threshold, 0)
        silent = np.flatnonzero(~hidden.any(axis=1) & ~truth.any(axis=1))
        kept = np.setdiff1d(np.arange(len(points)), silent[1:])
        return hidden[kept].T.astype(np.float64), truth[kept].T


@dataclass(frozen=True)
class SuperposedNetworks:
    """Fixed codes, a trained square matrix. See :class:`.program.Program`.

    Attributes:
        timeout: seconds for an exact verdict, which is ``unknown`` after that; None waits.
    """

    timeout: float | None = None

    def __post_init__(self) -> None:
        check_timeout(self.timeout)

    name = "superposed"

    def kind(self, run: SuperposedRun) -> str:
        """All runs can share tensors."""
        return self.name

    def sizes(self, run: SuperposedRun) -> tuple[int, ...]:
        """Neurons, outputs and points."""
        spec = run.task.specification
        return run.neurons, len(spec.outputs), spec.domain.candidates

    def layout(self, kind: str, sizes: tuple[int, ...], backend: Backend) -> Layout:
        """The matrix in whitened coordinates; whitened decoder and states, signs and weights."""
        neurons, outputs, points = sizes
        if backend.loops:
            neurons, points = (-(-size // LANES) * LANES for size in (neurons, points))
        data: dict[str, tuple[tuple[int, ...], str]] = {
            "decoder": ((outputs, neurons), "float32"),
            "states": ((neurons, points), "float32"),
            "signs": ((outputs, points), "float32"),
            "weights": ((outputs, points), "float32"),
            "levels": ((outputs, points), "float32"),
            "sizes": ((2,), "int64"),
        }
        stored = sum(int(np.prod(shape)) for shape, _ in data.values())
        working = outputs * (2 * points + 2 * neurons) + 8 * neurons * neurons
        return Layout({"matrix": (neurons, neurons)}, data, stored + working)

    def start(self, run: SuperposedRun, layout: Layout) -> Start:
        """The least-squares solution, scaled so that true values are 1 on average."""
        code, decoder = run.fixed()
        hidden, truth = run.states(code)
        left, right = _whitening(decoder, hidden)
        values, states = decoder @ left, right @ hidden
        matrix = values.T @ truth @ states.T
        mean = float((values @ matrix @ states)[truth].mean()) if truth.any() else 1.0
        signs = np.where(truth, 1.0, -1.0)
        data = {
            "decoder": values,
            "states": states,
            "signs": signs,
            # the sum over all values, as a mean over outputs: rates then hold for every size
            "weights": np.where(truth, run.weight, -1.0) / len(truth),
            "levels": np.where(truth, 1.0, run.gap - 1.0),
        }
        kept: Arrays = {name: array.astype(np.float32) for name, array in data.items()}
        kept["sizes"] = np.array([run.neurons, len(truth)], dtype=np.int64)
        return Start(
            {"matrix": (matrix / (mean if abs(mean) > 1e-9 else 1.0)).astype(np.float32)},
            kept,
        )

    def gradients(
        self, kind: str, parameters: Tensors, data: Tensors, age: torch.Tensor, backend: Backend
    ) -> Tensors:
        """Of the squared hinge; the products go through the narrow side first."""
        shortfall, _ = self._shortfall(parameters, data, backend.precision)
        slope = shortfall.mul_(data["weights"]).mul_(-2)
        rows = product(slope, data["states"].transpose(1, 2), backend.precision)
        return {"matrix": product(data["decoder"].transpose(1, 2), rows, backend.precision)}

    def descend(self, kind: str, slots: Slots, pace: Pace, backend: Backend) -> None:
        """The same gradients and Adam in compiled loops, one run after the other."""
        from .kernels.superposed import descend_matrix

        names = ("sizes", "decoder", "states", "signs", "weights", "levels")
        deal(
            descend_matrix, len(slots.tenants), backend.threads,
            slots.flat.numpy(), slots.mean.numpy(), slots.square.numpy(),
            *(slots.data[name].numpy() for name in names),
            pace.sizes.numpy(), pace.roots.numpy(), pace.constants.numpy(),
        )  # fmt: skip

    def survey(self, kind: str, parameters: Tensors, data: Tensors, backend: Backend) -> Survey:
        """Separated when every value lies beyond the middle of the two levels."""
        torch = require_torch()
        shortfall, values = self._shortfall(parameters, data, backend.precision)
        loss = (shortfall.square_() * (data["weights"] * data["signs"])).sum(dim=(1, 2))
        signs = data["signs"]
        true = values.masked_fill(signs <= 0, torch.inf).amin(dim=(1, 2))
        false = values.masked_fill_(signs >= 0, -torch.inf).amax(dim=(1, 2))
        # the level of false values, 1 - gap, stands at every padded place as 0
        gap = 1 + data["levels"].amin(dim=(1, 2))
        return Survey(loss, true - false > gap / 2)

    @staticmethod
    def _shortfall(
        parameters: Tensors, data: Tensors, precision: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows = product(data["decoder"], parameters["matrix"], precision)
        values = product(rows, data["states"], precision)
        return (data["levels"] - values * data["signs"]).clamp_(min=0), values

    def revise(
        self, run: SuperposedRun, parameters: Arrays, data: Arrays, rounds: int
    ) -> Arrays | None:
        """All points are there already."""
        return None

    def model(self, run: SuperposedRun, parameters: Arrays) -> Network:
        """The rounded matrix between its codes, read where the fewest values are wrong."""
        code, decoder = run.fixed()
        hidden, truth = run.states(code)
        left, right = _whitening(decoder, hidden)
        exact = rounded(left @ parameters["matrix"].astype(np.float64) @ right, run.bits)
        values = decoder.astype(np.int64) @ exact @ hidden.astype(np.int64)
        low = int(values[truth].min(initial=np.iinfo(np.int64).max))
        high = int(values[~truth].max(initial=np.iinfo(np.int64).min))
        if low > high and truth.any() and not truth.all():
            level = (low + high) / 2
        else:
            level = _fairest_level(values, truth)
        return Network.from_arrays(
            [code.astype(np.float64), exact.astype(np.float64), decoder.astype(np.float64)],
            [
                np.full(run.neurons, -float(run.threshold)),
                np.zeros(run.neurons),
                np.full(len(decoder), -level),
            ],
            ["relu", "identity", "identity"],
        )

    def verdict(self, run: Any, model: Network) -> Verdict:
        """Decided on the whole domain of the task, violating inputs counted."""
        return check(
            model, run.task.specification, count=True, timeout=self.timeout, threads=1, dtypes=()
        )

    def score(self, run: Any, model: Network, verdict: Verdict) -> Score:
        """Wrong inputs of the domain."""
        return Score(verdict.violations, run.task.specification.domain.candidates)


@lru_cache(maxsize=256)
def _codes(
    neurons: int, inputs: int, outputs: int, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Drawing a code can take as long as training; a run needs it three times."""
    code = balanced_code(neurons, inputs, share, seed), sign_decoder(outputs, neurons, seed)
    for array in code:
        array.flags.writeable = False
    return code


def _whitening(decoder: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices with W = left V right, as in the construction with conjugate gradients."""
    d = decoder.astype(np.float64)
    return inverse_root(d.T @ d, DECODER_RIDGE), inverse_root(hidden @ hidden.T, STATE_RIDGE)


def _fairest_level(values: np.ndarray, truth: np.ndarray) -> float:
    """The level at which the fewest points are wrong, for values (outputs, points) that overlap."""
    # a point is right at the levels from its largest false value up to below its least true one
    begin = np.where(truth, values.min() - 1, values).max(axis=0)
    end = np.where(truth, values, values.max() + 1).min(axis=0)
    begin, end = begin[begin < end], end[begin < end]
    if not len(begin):
        return 0.0
    begin.sort()
    right = np.arange(1, len(begin) + 1) - np.searchsorted(np.sort(end), begin, side="right")
    return float(begin[right.argmax()]) + 0.5
