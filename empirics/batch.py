"""Two-layer ReLU networks trained side by side: a leading dimension numbers the networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..verify.errors import InputError, MissingExtraError
from ..verify.network import Network

if TYPE_CHECKING:
    import torch

#: Devices that a person may name.
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Schedule:
    """How to descend.

    Attributes:
        steps: gradient steps at most.
        learning_rate: the peak; it rises over the first tenth and falls along a cosine.
        l1: weight of the sum of absolute weights in the loss.
        patience: steps between two looks at whether all is learned.
    """

    steps: int
    learning_rate: float
    l1: float = 0.0
    patience: int = 20

    def rate(self, step: int) -> float:
        """Learning rate at a step."""
        rise = max(self.steps // 10, 1)
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        phase = (step - rise) / max(self.steps - rise, 1)
        return self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * phase)))


class NetworkBatch:
    """float32 networks ``w2 relu(w1 x + b1) + b2`` of one shape, each from its own seed.

    Args:
        inputs, hidden, outputs: the shape.
        seeds: one a network; a network's start depends on its own seed only.
        device: a torch device name.
        spread: standard deviation of the first weights at the start.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        seeds: Sequence[int],
        device: str = "cpu",
        spread: float = 1.0,
    ) -> None:
        torch = require_torch()
        shapes = ((hidden, inputs), (hidden, 1), (outputs, hidden), (outputs, 1))
        scales = (spread, spread / 2, hidden**-0.5, 0.0)
        drawn: list[list[Any]] = []
        for seed in seeds:
            # on the processor, so that a seed starts the same network on every device
            source = torch.Generator().manual_seed(seed)
            drawn.append(
                [
                    torch.randn(shape, generator=source) * scale
                    for shape, scale in zip(shapes, scales, strict=True)
                ]
            )
        self.size = len(drawn)
        self.device = device
        self.parameters = [
            torch.stack(tensors).to(device).requires_grad_() for tensors in zip(*drawn, strict=True)
        ]

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        """Outputs (networks, outputs, points) on points (networks or 1, inputs, points)."""
        backend = require_torch()
        w1, b1, w2, b2 = self.parameters
        hidden = backend.relu(backend.baddbmm(b1, w1, points.expand(self.size, -1, -1)))
        result: torch.Tensor = backend.baddbmm(b2, w2, hidden)
        return result

    def network(self, index: int) -> Network:
        """The network of that number, as an exact function of its float32 weights."""
        w1, b1, w2, b2 = (p[index].detach().cpu().numpy().copy() for p in self.parameters)
        return Network.from_arrays([w1, w2], [b1[:, 0], b2[:, 0]])

    def gradients(
        self, points: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Signed margins, and the gradients of the weighted squared hinge.

        The loss of a network is the sum over outputs of the mean over points of
        ``weight * max(0, 1 - margin)**2``, margin = target * output. The gradient is written
        out: it takes half the time of automatic differentiation.

        Args:
            points: (networks or 1, inputs, points).
            targets: -1 and 1, broadcastable to (networks, outputs, points).
            weights: broadcastable to the same.

        Returns:
            Margins (networks, outputs, points), and a gradient for each of ``parameters``.
        """
        torch = require_torch()
        w1, b1, w2, b2 = self.parameters
        with torch.no_grad():
            fed = points.expand(self.size, -1, -1)
            hidden = torch.relu(torch.baddbmm(b1, w1, fed))
            margins = torch.baddbmm(b2, w2, hidden).mul_(targets)
            slope = torch.rsub(margins, 1).clamp_(min=0).mul_(targets).mul_(weights)
            slope.mul_(-2 / fed.shape[2])
            back = torch.bmm(w2.transpose(1, 2), slope).mul_(hidden > 0)
            return margins, [
                torch.bmm(back, fed.transpose(1, 2)),
                back.sum(dim=2, keepdim=True),
                torch.bmm(slope, hidden.transpose(1, 2)),
                slope.sum(dim=2, keepdim=True),
            ]

    def descend(
        self,
        batch: Callable[[int], tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
        schedule: Schedule,
        learned: Callable[[torch.Tensor], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Minimise the weighted squared hinge with Adam, all networks at once.

        The networks do not influence each other: Adam works entry by entry.

        Args:
            batch: for a step, the arguments of :meth:`gradients`.
            schedule: steps and rates.
            learned: called every ``patience`` steps with the margins of the present batch; True
                ends the descent.
            progress: called with the number of steps done.

        Returns:
            The number of steps taken.
        """
        torch = require_torch()
        optimizer = torch.optim.Adam(self.parameters, lr=schedule.learning_rate)
        for step in range(schedule.steps):
            margins, gradients = self.gradients(*batch(step))
            if learned is not None and step % schedule.patience == 0 and learned(margins):
                return step
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                if schedule.l1:
                    gradient.add_(parameter.detach().sign(), alpha=schedule.l1)
                parameter.grad = gradient
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            optimizer.step()
            if progress is not None:
                progress(step + 1)
        return schedule.steps


def require_torch() -> Any:
    """The torch module. Raises MissingExtraError when it is not installed."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "experiments", "training") from None
    return torch


def choose_device(name: str) -> str:
    """The torch device for ``auto``, ``cpu`` or ``cuda``.

    Raises InputError for other names, and for cuda where there is none.
    """
    if name not in DEVICES:
        raise InputError(f"unknown device '{name}'; use one of {', '.join(DEVICES)}")
    available = bool(require_torch().cuda.is_available())
    if name == "cuda" and not available:
        raise InputError("device 'cuda': torch sees no CUDA device; use --device cpu")
    return "cuda" if name != "cpu" and available else "cpu"


@contextmanager
def bounded_threads(threads: int) -> Iterator[None]:
    """At most so many processor threads for torch inside the block."""
    torch = require_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
