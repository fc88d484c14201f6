"""Enumeration on a torch device, for domains of 2^28 inputs and more.

The same filter as the batches on the processor: float64 products with a rigorous bound, valid
for any order of summation and for fused multiply-add; what the filter leaves open is decided on
the processor in exact arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..bitprogram import AND, AND_NOT, NOT, ONES, OR, XOR, BitProgram
from ..errors import InputError, MissingExtraError
from ..problem import Problem
from ..readout import Argmax
from .batch_scan import Scan
from .engine import Outcome, Request
from .grid import FEWEST_ROWS, WORD, Rows, make_grid

if TYPE_CHECKING:
    import torch

#: Numbers in the largest intermediate array of a step.
ELEMENTS = 1 << 27


class DeviceScan(Scan):
    """Rows of a grid against all its lanes, a few thousand rows a step."""

    def __init__(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        super().__init__(problem, request, outcome)
        try:
            import torch
        except ImportError:
            raise MissingExtraError("torch", "experiments", "enumeration on a device") from None
        self.torch = torch
        spec = problem.specification
        if isinstance(spec.readout, Argmax):
            raise InputError("--device: argmax read-outs are enumerated on the processor only")
        if spec.domain.points is not None:
            raise InputError("--device: a listed domain is enumerated on the processor only")
        try:
            self.device = torch.device(str(request.device))
            torch.zeros(1, device=self.device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"--device {request.device}: not usable here ({reason})") from None
        self._require_float64()
        program = BitProgram.compile(spec.formulas, spec.domain.index)
        # numbers of eight bytes a point: layers, formulas as bits and as numbers, margins
        registers = (problem.network.input_size + len(program.operation)) // 64
        numbers = max(problem.network.widths[1:]) + 2 * len(spec.outputs) + registers
        most = ELEMENTS // (8 if self.device.type == "cpu" else 1)
        run = max(most // numbers, 1 << 10)
        self.grid = make_grid(spec.domain, int(np.clip(run // FEWEST_ROWS, WORD, 4096)), run)
        if self.grid.remaining is not None:
            formulas = [*spec.formulas, self.grid.remaining]
            program = BitProgram.compile(formulas, spec.domain.index)
        self.program = program
        self._place()

    def _require_float64(self) -> None:
        """Refuse a device whose matrix products are not those of IEEE float64.

        A probe, not a proof: products of large integers, whose sums stay below 2^53 and are
        exact in every order; and numbers of very different size, one at a time, which products
        emulated in fixed point lose.
        """
        random = np.random.default_rng(0)
        left, right = random.integers(-(1 << 21), 1 << 21, (2, 256, 256))
        spread = np.ldexp(1 + random.random((256, 256)), random.integers(-400, 400, (256, 256)))
        wanted = ((left @ right).astype(np.float64), spread)
        try:
            products = (
                self._tensor(left.astype(np.float64)) @ self._tensor(right.astype(np.float64)),
                self._tensor(spread) @ self._tensor(np.eye(256)),
            )
        except (RuntimeError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"--device {self.device}: no float64 products ({reason})") from None
        if not all(map(np.array_equal, wanted, (p.cpu().numpy() for p in products))):
            raise InputError(
                f"--device {self.device}: its float64 matrix products are not exact on integers "
                "below 2^53, so no verdict could be trusted; enumerate on the processor"
            )

    def _place(self) -> None:
        """Copy weights, lane tables and lane words to the device."""
        first, *later = self.evaluator.layers
        flip = self.grid.flip.astype(np.float64)
        bits = self.grid.lane_bits
        # flipped coordinates: x = flip + (1 - 2 flip) * y
        signs = 1.0 - 2.0 * flip
        self.first = self._tensor(first.weight * signs)
        self.offset = self._tensor(first.bias + first.weight @ flip)
        self.lanes = self._tensor(bits.astype(np.float64)) @ self.first.T
        self.later = [(self._tensor(layer.weight), self._tensor(layer.bias)) for layer in later]
        # the flipped bias is one more rounded sum of the same weights: magnitudes at most double
        # and so does the number of terms, and later layers pass errors on linearly
        slack = 5.0 if flip.any() else 1.0
        self.errors = [self._tensor(layer.error * slack) for layer in self.evaluator.layers]
        self.evaluator.error = self.evaluator.error * slack
        self.final_error = self._tensor(self.evaluator.error)
        self.lane_words = self._tensor(self.grid.lane_words.view(np.int64))
        self.positions = self.torch.arange(64, device=self.device)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return self.torch.as_tensor(np.ascontiguousarray(array), device=self.device)

    def _visit(self) -> None:
        nothing = np.zeros((self.problem.network.input_size, 0), dtype=np.int64)
        done = 0
        for rows in self.grid.rows(nothing):
            self.request.require_time()
            self._scan(rows)
            done += int((rows.stop - rows.start).sum())
            self.request.progress(done, self.grid.candidates)
            if self.decided():
                return
        self.finish()

    def _scan(self, rows: Rows) -> None:
        torch = self.torch
        values, lost = self._values(rows)
        expected, inside = self._expected(rows)
        if self.evaluator.exact:
            above, below = self.evaluator.integer_cuts()
            wrong = ~torch.where(expected, values > above, values <= below)
            unsure = torch.zeros_like(wrong)
        else:
            true, false = self.evaluator.levels()
            margins = torch.where(expected, values - true, false - values)
            certain = ~lost[..., None]
            # written so that a NaN counts as undecided
            right = (margins > self.final_error) & certain
            wrong = (margins < -self.final_error) & certain
            unsure = ~(right | wrong)
        unsure = unsure.any(dim=-1) & inside
        wrong = wrong & (inside & ~unsure)[..., None]
        bad = wrong.any(dim=-1)
        self.count(int(bad.sum()), wrong.sum(dim=(0, 1)).cpu().numpy())
        missing = self.missing()
        if missing:
            self.outcome.points += list(self._points(rows, bad, missing))
        if bool(unsure.any()):
            self.settle(self._points(rows, unsure))
        if self.margin is not None:
            self._add_margins(rows, values, lost, expected, inside)
        self.pass_on(int(inside.sum()))

    def _values(self, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs (rows, lanes, outputs) and the points lost to an undecided step neuron."""
        torch = self.torch
        high = self._tensor(rows.bits.astype(np.float64)) @ self.first.T + self.offset
        z = high[:, None, :] + self.lanes[None, :, :]
        lost = torch.zeros(z.shape[:2], dtype=torch.bool, device=self.device)
        for index, layer in enumerate(self.evaluator.layers):
            if index:
                weight, bias = self.later[index - 1]
                z = z @ weight.T + bias
            if layer.activation == "relu":
                z = torch.relu_(z)
            elif layer.activation == "step":
                error = self.errors[index]
                # a sum that overflowed has an infinite error, and may have any true sign
                sure = ((z > error) | (z <= -error)) & torch.isfinite(error)
                lost |= ~sure.all(dim=-1)
                z = (z > 0).to(torch.float64)
        return z, lost

    def _expected(self, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        """The formulas (rows, lanes, outputs) and which points belong to the domain."""
        torch = self.torch
        high = -self._tensor(rows.bits.astype(np.int64))
        registers: list[Any] = []
        for i in range(high.shape[1]):
            word = high[:, i, None] | self.lane_words[i]
            registers.append(~word if self.grid.flip[i] else word)
        program = self.program
        for operation, left, right in zip(
            program.operation, program.left, program.right, strict=True
        ):
            if operation == AND:
                value = registers[left] & registers[right]
            elif operation == OR:
                value = registers[left] | registers[right]
            elif operation == XOR:
                value = registers[left] ^ registers[right]
            elif operation == AND_NOT:
                value = registers[left] & ~registers[right]
            elif operation == NOT:
                value = ~registers[left]
            else:
                value = torch.full_like(registers[0], -1 if operation == ONES else 0)
            registers.append(value)
        words = torch.stack([registers[r] for r in program.results], dim=-1)
        bits = (words[:, :, None, :] >> self.positions[None, None, :, None]) & 1
        truth = bits.reshape(len(rows.bits), -1, words.shape[-1]).to(torch.bool)
        lane = torch.arange(truth.shape[1], device=self.device)
        inside = (lane >= self._tensor(rows.start)[:, None]) & (
            lane < self._tensor(rows.stop)[:, None]
        )
        if self.grid.remaining is not None:
            inside &= truth[..., -1]
            truth = truth[..., :-1]
        return truth, inside

    def _points(self, rows: Rows, mask: torch.Tensor, limit: int | None = None) -> np.ndarray:
        """Inputs (points, inputs) at which the mask (rows, lanes) is set."""
        row, lane = (index[:limit].cpu().numpy() for index in mask.nonzero(as_tuple=True))
        return self.grid.points(rows.bits[row], lane)

    def _add_margins(
        self,
        rows: Rows,
        values: torch.Tensor,
        lost: torch.Tensor,
        expected: torch.Tensor,
        inside: torch.Tensor,
    ) -> None:
        """Hand the points whose margin may be least to the exact search."""
        assert self.margin is not None
        torch = self.torch
        true, false = (0.0, 0.0) if self.evaluator.exact else self.evaluator.levels()
        margins = torch.where(expected, values - true, false - values)
        margins[lost] = -torch.inf
        margins[~inside] = torch.inf
        if self.evaluator.exact:
            keep = torch.zeros_like(inside)
            for side in (expected, ~expected):
                least = torch.where(side, margins, torch.inf).amin(dim=-1)
                keep.view(-1)[least.argmin()] = True
        else:
            least = (margins - self.final_error).amin(dim=-1)
            # a lost point has no upper bound: it is a candidate, and excludes no other
            upper = (margins + self.final_error).masked_fill(lost[..., None], torch.inf)
            cutoff = min(upper.min().item(), self.margin.cutoff)
            keep = ~(least > cutoff)
        keep &= inside
        points = self._points(rows, keep)
        if len(points):
            self.margin.add(points, margins[keep].cpu().numpy(), expected[keep].cpu().numpy())
