"""Passes over the values of a superposed network, on the processor or on a torch device.

F[j, p] is row j of A times the hidden state of training input p, A = D W2 (outputs, neurons). F is
never stored: a scan looks at blocks of it and keeps the places above a level; values and gradients
are then computed at those places alone.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .states import Frame, Places


class ValuePasses(Protocol):
    """The three passes; arrays of places stay where the passes run."""

    def scan(self, rows: np.ndarray, level: float) -> Places:
        """Places that should read false, with values above the level."""
        ...

    def values(self, rows: np.ndarray, places: Places) -> np.ndarray:
        """Values at the places, float32."""
        ...

    def gradient(self, weights: np.ndarray, places: Places) -> np.ndarray:
        """Sum over the places of weight times hidden state, by output: (outputs, neurons)."""
        ...


class HostPasses:
    """Passes through BLAS and compiled loops."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def scan(self, rows: np.ndarray, level: float) -> Places:
        from .kernels.sampled import above

        frame = self.frame
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        levels = np.full(len(rows), level, dtype=np.float32)
        parts = []
        room = 1 << 16
        for part in frame.blocks(len(rows)):
            values = rows @ frame.hidden(part).T
            while True:
                found = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, "f4")
                count = above(values, levels, part.start, *found)
                if count <= room:
                    break
                room = 2 * count
            outputs, states, kept = (array[:count] for array in found)
            false = ~frame.is_true(outputs, states)
            parts.append((outputs[false], states[false], kept[false]))
        return Places(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def values(self, rows: np.ndarray, places: Places) -> np.ndarray:
        from .kernels.sampled import sampled_values

        result = np.empty(len(places.outputs), dtype=np.float32)
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        frame = self.frame
        sampled_values(rows, frame.columns, frame.supports, places.outputs, places.states, result)
        return result

    def gradient(self, weights: np.ndarray, places: Places) -> np.ndarray:
        from .kernels.sampled import sampled_gradient

        frame = self.frame
        result = np.zeros((frame.outputs, frame.neurons), dtype=np.float32)
        weights = np.ascontiguousarray(weights, dtype=np.float32)
        sampled_gradient(
            weights, frame.columns, frame.supports, places.outputs, places.states, result
        )
        return result


class DevicePasses:
    """The same passes in torch.

    Args:
        frame: what is trained.
        device: for example ``"cuda"`` or ``"cpu"``.

    Raises InputError when torch is not installed.
    """

    #: Numbers of a block of gathered hidden states.
    GATHERED = 1 << 25

    def __init__(self, frame: Frame, device: str) -> None:
        from ..verify.errors import InputError

        try:
            import torch
        except ImportError:
            raise InputError("a device needs torch; install superproof[experiments]") from None
        self.torch, self.frame, self.device = torch, frame, device
        try:
            self.columns = torch.from_numpy(frame.columns).to(device)
        # a torch that was built without the device asserts
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"device {device}: {str(error).splitlines()[0]}") from None
        self.supports = torch.from_numpy(frame.supports.astype(np.int64)).to(device)
        self.pairs = torch.from_numpy(frame.pairs).to(device)

    def _on_device(self, array: Any) -> Any:
        return self.torch.as_tensor(np.asarray(array, dtype=np.float32), device=self.device)

    def _hidden(self, sets: Any) -> Any:
        fed = self.columns[sets[:, 0]] + self.columns[sets[:, 1]]
        for k in range(2, sets.shape[1]):
            fed = fed + self.columns[sets[:, k]]
        return (fed - 1).clamp_(min=0)

    def scan(self, rows: np.ndarray, level: float) -> Places:
        torch = self.torch
        matrix = self._on_device(rows)
        parts = []
        for part in self.frame.blocks(len(rows)):
            values = matrix @ self._hidden(self.supports[part]).T
            outputs, states = torch.nonzero(values > level, as_tuple=True)
            kept = values[outputs, states]
            states = states + part.start
            members = self.supports[states]
            own = self.pairs[outputs]
            true = (members == own[:, :1]).any(1) & (members == own[:, 1:]).any(1)
            parts.append((outputs[~true], states[~true], kept[~true]))
        arrays = [torch.cat(arrays) for arrays in zip(*parts, strict=True)]
        return Places(arrays[0].cpu().numpy().astype(np.int32),
                      arrays[1].cpu().numpy().astype(np.int32),
                      arrays[2].cpu().numpy())  # fmt: skip

    def values(self, rows: np.ndarray, places: Places) -> np.ndarray:
        matrix = self._on_device(rows)
        result = []
        for outputs, states in self._pieces(places):
            hidden = self._hidden(self.supports[states])
            result.append((matrix[outputs] * hidden).sum(1))
        return np.asarray(self.torch.cat(result).cpu().numpy())

    def gradient(self, weights: np.ndarray, places: Places) -> np.ndarray:
        frame, torch = self.frame, self.torch
        total = torch.zeros((frame.outputs, frame.neurons), device=self.device)
        weight = self._on_device(weights)
        done = 0
        for outputs, states in self._pieces(places):
            part = weight[done : done + len(outputs), None]
            total.index_add_(0, outputs, part * self._hidden(self.supports[states]))
            done += len(outputs)
        return np.asarray(total.cpu().numpy())

    def _pieces(self, places: Places) -> Any:
        size = max(self.GATHERED // self.frame.neurons, 1)
        for start in range(0, max(len(places.outputs), 1), size):
            both = places.outputs[start : start + size], places.states[start : start + size]
            yield tuple(
                self.torch.as_tensor(np.asarray(array, dtype=np.int64), device=self.device)
                for array in both
            )
