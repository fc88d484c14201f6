"""The tensors of a batch: a slot a run, filled, descended and emptied independently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .device import Backend, require_torch
from .program import Arrays, Layout, Start, Tensors
from .schedule import Schedule

if TYPE_CHECKING:
    from torch import Tensor

#: Keeps Adam from dividing by zero.
EPSILON = 1e-8


@dataclass
class Tenant:
    """A run in its slot.

    Attributes:
        run: its configuration.
        start: shapes of its own arrays.
        age: steps taken since the last revision of its data.
        before: steps taken before that.
        rounds: revisions so far.
        seconds: its share of the time.
        curve: (step, loss) at every look.
    """

    run: Any
    start: Start
    age: int = 0
    before: int = 0
    rounds: int = 0
    seconds: float = 0.0
    curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def schedule(self) -> Schedule:
        """The run's; the repair schedule, if it has one, after the first revision."""
        schedule: Schedule = self.run.schedule
        if self.rounds:
            schedule = getattr(self.run, "repair", None) or schedule
        return schedule


class Slots:
    """Parameters, moments and data of a batch; rows of one matrix hold all parameters of a run.

    Args:
        layout: of the tensors.
        count: number of slots.
        backend: where they lie.
    """

    def __init__(self, layout: Layout, count: int, backend: Backend) -> None:
        torch = require_torch()
        self.layout, self.backend = layout, backend
        total = sum(int(np.prod(shape)) for shape in layout.parameters.values())

        def zeros(*shape: int, dtype: str = "float32") -> Tensor:
            tensor: Tensor = torch.zeros(shape, dtype=getattr(torch, dtype), device=backend.device)
            return tensor

        self.flat, self.mean, self.square = (zeros(count, total) for _ in range(3))
        self.gradient, self.scratch = zeros(count, total), zeros(count, total)
        self.data: Tensors = {
            name: zeros(count, *shape, dtype=dtype) for name, (shape, dtype) in layout.data.items()
        }
        self.tenants: list[Tenant | None] = [None] * count
        self._name_parameters()

    def _name_parameters(self) -> None:
        self.parameters: Tensors = {}
        start = 0
        for name, shape in self.layout.parameters.items():
            size = int(np.prod(shape))
            self.parameters[name] = self.flat[:, start : start + size].view(-1, *shape)
            start += size

    @property
    def occupied(self) -> list[int]:
        """Numbers of the slots that hold a run."""
        return [number for number, tenant in enumerate(self.tenants) if tenant is not None]

    def load(self, slot: int, run: Any, start: Start) -> None:
        """Put a run into a slot: its start, zeros around it, and no memory of the last tenant."""
        for moments in (self.flat, self.mean, self.square):
            moments[slot].zero_()
        for name, array in start.parameters.items():
            self._fill(self.parameters[name][slot], array)
        self.give(slot, start.data)
        self.tenants[slot] = Tenant(run, start)

    def give(self, slot: int, data: Arrays) -> None:
        """Replace the data of a slot."""
        for name, tensor in self.data.items():
            tensor[slot].zero_()
            self._fill(tensor[slot], data[name])

    def renew(self, slot: int, data: Arrays) -> None:
        """Begin another round on new data: the weights stay, steps and moments begin again."""
        tenant = self.tenants[slot]
        assert tenant is not None
        self.give(slot, data)
        self.mean[slot].zero_()
        self.square[slot].zero_()
        tenant.start = Start(tenant.start.parameters, data)
        tenant.before, tenant.age, tenant.rounds = (
            tenant.before + tenant.age,
            0,
            tenant.rounds + 1,
        )

    @staticmethod
    def _fill(target: Tensor, array: np.ndarray) -> None:
        corner = target[tuple(slice(0, size) for size in array.shape)]
        corner.copy_(require_torch().from_numpy(np.ascontiguousarray(array)))

    def arrays(self, slot: int) -> Arrays:
        """The weights of a slot without padding, on the host."""
        tenant = self.tenants[slot]
        assert tenant is not None
        return {
            name: self.parameters[name][slot][tuple(slice(0, size) for size in own.shape)]
            .detach()
            .cpu()
            .numpy()
            .copy()
            for name, own in tenant.start.parameters.items()
        }

    def keep(self, slots: Sequence[int]) -> None:
        """Drop all slots but these."""
        torch = require_torch()
        index = torch.as_tensor(list(slots), device=self.backend.device)
        self.gradient = self.scratch = self.flat[:0]  # room for the copies
        self.flat, self.mean, self.square = (
            tensor.index_select(0, index) for tensor in (self.flat, self.mean, self.square)
        )
        for name in self.data:
            self.data[name] = self.data[name].index_select(0, index)
        self.gradient, self.scratch = torch.empty_like(self.flat), torch.empty_like(self.flat)
        self.tenants = [self.tenants[slot] for slot in slots]
        self._name_parameters()

    def pace(self, steps: int) -> Pace:
        """Rates and corrections of the next steps, from every tenant's own age."""
        torch = require_torch()
        count = len(self.tenants)
        sizes, roots = np.zeros((steps, count)), np.ones((steps, count))
        constants = np.zeros((3, count))
        ages = np.zeros((steps, count), dtype=np.int64)
        alike: dict[tuple[Schedule, int], list[int]] = {}
        for slot, tenant in enumerate(self.tenants):
            if tenant is not None:
                alike.setdefault((tenant.schedule, tenant.age), []).append(slot)
        for (schedule, begun), slots in alike.items():
            age = begun + np.arange(steps)
            slow, fast = schedule.momenta
            sizes[:, slots] = (schedule.rates(age) / (1 - slow ** (age + 1)))[:, None]
            roots[:, slots] = (1 / np.sqrt(1 - fast ** (age + 1)))[:, None]
            constants[:, slots] = np.array([[1 - slow], [fast], [schedule.l1]])
            ages[:, slots] = age[:, None]

        def there(array: np.ndarray, dtype: Any) -> Tensor:
            tensor: Tensor = torch.as_tensor(array, dtype=dtype, device=self.backend.device)
            return tensor

        return Pace(
            there(sizes[..., None], torch.float32),
            there(roots[..., None], torch.float32),
            there(constants[..., None], torch.float32),
            there(ages, torch.int64),
            bool(constants[2].any()),
        )

    def descend(self, gradients: Tensors, pace: Pace, step: int) -> None:
        """One step of Adam; works entry by entry, and not at all where the rate is zero."""
        torch = require_torch()
        count = len(self.tenants)
        parts = [gradients[name].reshape(count, -1) for name in self.layout.parameters]
        torch.cat(parts, dim=1, out=self.gradient)
        slow, fast, l1 = pace.constants
        if pace.any_l1:
            self.gradient.add_(self.flat.sign().mul_(l1))
        self.mean.lerp_(self.gradient, slow)
        self.square.mul_(fast)
        # (1 - fast) g^2
        self.gradient.square_().mul_(1 - fast)
        self.square.add_(self.gradient)
        torch.sqrt(self.square, out=self.scratch)
        self.scratch.mul_(pace.roots[step]).add_(EPSILON)
        torch.div(self.mean, self.scratch, out=self.scratch)
        self.flat.sub_(self.scratch.mul_(pace.sizes[step]))


@dataclass(frozen=True)
class Pace:
    """What Adam needs for a few steps.

    Attributes:
        sizes: (steps, slots, 1) rate over the correction of the first moment.
        roots: (steps, slots, 1) one over the root of the correction of the second.
        constants: (3, slots, 1): shares of the two moments, weight of the absolute values.
        ages: (steps, slots).
        any_l1: whether any tenant has such a weight.
    """

    sizes: Tensor
    roots: Tensor
    constants: Tensor
    ages: Tensor
    any_l1: bool
