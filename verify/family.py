"""Families of outputs: one array of input numbers instead of one formula object an output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from .errors import InputError
from .formula import And, Formula, Or, Variable

#: What an output says about its members: all of them true, or one at least.
KINDS = ("and", "or")


@dataclass(frozen=True, eq=False)
class Family:
    """Output j is the AND (or the OR) of the inputs in row j of an array.

    Attributes:
        kind: ``and`` or ``or``.
        members: (outputs, arity) int64, input numbers from 0, distinct within a row.

    Raises InputError for another kind, another shape, numbers that are no integers or negative,
    and an input that stands twice in a row.
    """

    kind: str
    members: np.ndarray

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"family: unknown kind {self.kind!r}; use one of {', '.join(KINDS)}")
        try:
            members = np.asarray(self.members)
        except ValueError:
            raise InputError("family: the rows of members have different lengths") from None
        if members.ndim != 2 or 0 in members.shape:
            raise InputError(
                f"family: members has shape {members.shape}; it needs one row an output and one "
                "column a member, of each at least one"
            )
        if members.dtype.kind not in "iu":
            raise InputError(f"family: members has type {members.dtype}; it must hold integers")
        negative = (members < 0).any(axis=1)
        if negative.any():
            raise InputError(f"family: row {int(negative.argmax())} has a negative input number")
        if members.max() > np.iinfo(np.int64).max:
            raise InputError(f"family: there is no input {members.max()}")
        ordered = np.sort(members, axis=1)
        repeated = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        if repeated.any():
            raise InputError(
                f"family: row {int(repeated.argmax())} names an input twice: "
                f"{members[repeated.argmax()].tolist()}"
            )
        members = np.array(members, dtype=np.int64, order="C")
        members.flags.writeable = False
        object.__setattr__(self, "members", members)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.members.shape[0])

    @property
    def arity(self) -> int:
        """Number of members of each output."""
        return int(self.members.shape[1])

    def require_inputs(self, count: int) -> None:
        """Raise InputError where a member is not one of ``count`` inputs."""
        outside = ((self.members < 0) | (self.members >= count)).any(axis=1)
        if outside.any():
            row = int(outside.argmax())
            raise InputError(
                f"family: row {row} names input {int(self.members[row].max())}, but there are "
                f"{count:,} inputs, numbered from 0"
            )

    def expected(self, points: np.ndarray) -> np.ndarray:
        """What the outputs should say on a 0/1 matrix (points, inputs): Booleans of shape
        (points, outputs)."""
        true = points.astype(bool)
        result = true[:, self.members[:, 0]]
        for column in self.members.T[1:]:
            if self.kind == "and":
                result &= true[:, column]
            else:
                result |= true[:, column]
        return result

    def canonical(self) -> dict[str, Any]:
        """The family as plain JSON data, members in the order given."""
        return {"kind": self.kind, "members": self.members.tolist()}


class Numbered(Sequence[str]):
    """The names ``y0, y1, ...`` as a sequence that makes them on demand; equal to their tuple."""

    def __init__(self, prefix: str, count: int) -> None:
        self._prefix, self._count = prefix, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(f"{self._prefix}{i}" for i in range(self._count)[place])
        return f"{self._prefix}{range(self._count)[place]}"

    def __iter__(self) -> Iterator[str]:
        return (f"{self._prefix}{i}" for i in range(self._count))

    def __contains__(self, name: object) -> bool:
        return self._number(name) is not None

    def index(self, name: Any, start: int = 0, stop: int | None = None) -> int:
        """The number of a name; raises ValueError where it is none of them."""
        number = self._number(name)
        if number is None or number not in range(self._count)[start:stop]:
            raise ValueError(f"{name!r} is not among them")
        return number

    def _number(self, name: object) -> int | None:
        if not isinstance(name, str) or not name.startswith(self._prefix):
            return None
        digits = name[len(self._prefix) :]
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        number = int(digits)
        return number if str(number) == digits and number < self._count else None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Numbered):
            return (self._prefix, self._count) == (other._prefix, other._count)
        if isinstance(other, tuple):
            return len(other) == len(self) and all(map(str.__eq__, self, map(str, other)))
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        few = self._count <= 3
        return repr(self[:]) if few else f"({self[0]!r}, {self[1]!r}, ..., {self[-1]!r})"


class MemberFormulas(Sequence[Formula]):
    """The formulas of a family over named inputs, each made when it is asked for."""

    def __init__(self, family: Family, inputs: Sequence[str]) -> None:
        self._family, self._inputs = family, inputs

    def __len__(self) -> int:
        return self._family.outputs

    @overload
    def __getitem__(self, place: int) -> Formula: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Formula, ...]: ...
    def __getitem__(self, place: int | slice) -> Formula | tuple[Formula, ...]:
        if isinstance(place, slice):
            return tuple(self[i] for i in range(len(self))[place])
        members = self._family.members[range(len(self))[place]].tolist()
        parts = tuple(Variable(self._inputs[i]) for i in members)
        if len(parts) == 1:
            return parts[0]
        return And(parts) if self._family.kind == "and" else Or(parts)
