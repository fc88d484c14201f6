"""The catalogue of bounds: list them, look one up, evaluate a whole task on one instance."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .attention import ATTENTION_BOUNDS
from .bound import Bound, Number, Value
from .capacity import CAPACITY_BOUNDS
from .channel import CHANNEL_BOUNDS
from .conjunctions import CONJUNCTION_BOUNDS
from .enclosure import Enclosure
from .errors import RegimeError
from .expansion import EXPANSION_BOUNDS
from .families import FAMILY_BOUNDS
from .free_reads import FREE_READ_BOUNDS
from .orders import ORDERS
from .permutation import PERMUTATION_BOUNDS
from .permutation_graphs import PERMUTATION_GRAPH_BOUNDS
from .plain_codes import PLAIN_CODE_BOUNDS
from .representation import REPRESENTATION_BOUNDS
from .signatures import SIGNATURE_BOUNDS
from .softmax import SOFTMAX_BOUNDS
from .tails import TAIL_BOUNDS
from .toy_models import TOY_MODEL_BOUNDS

_ALL = (
    *CONJUNCTION_BOUNDS,
    *PLAIN_CODE_BOUNDS,
    *FREE_READ_BOUNDS,
    *CHANNEL_BOUNDS,
    *PERMUTATION_BOUNDS,
    *FAMILY_BOUNDS,
    *REPRESENTATION_BOUNDS,
    *ATTENTION_BOUNDS,
    *PERMUTATION_GRAPH_BOUNDS,
    *SIGNATURE_BOUNDS,
    *SOFTMAX_BOUNDS,
    *EXPANSION_BOUNDS,
    *TAIL_BOUNDS,
    *TOY_MODEL_BOUNDS,
    *CAPACITY_BOUNDS,
    *ORDERS,
)
_SUBJECTS = tuple(dict.fromkeys(bound.subject for bound in _ALL))
_TASKS = tuple(dict.fromkeys(bound.task for bound in _ALL))

#: Every bound, ordered by subject, and within it by task.
BOUNDS: tuple[Bound, ...] = tuple(
    sorted(_ALL, key=lambda b: (_SUBJECTS.index(b.subject), _TASKS.index(b.task)))
)


def subjects() -> tuple[str, ...]:
    """The chapters of the catalogue."""
    return _SUBJECTS


def tasks() -> tuple[str, ...]:
    """What the catalogue has bounds for."""
    return _TASKS


def lookup(name: str) -> tuple[Bound, ...]:
    """The bound of that name, else all bounds of that task, else of that subject.

    Raises RegimeError that lists the known tasks when there is none.
    """
    found: tuple[Bound, ...] = ()
    for kind in ("name", "task", "subject"):
        found = found or tuple(b for b in BOUNDS if getattr(b, kind) == name)
    if not found:
        known = [*_TASKS, *_SUBJECTS, *(bound.name for bound in BOUNDS)]
        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise RegimeError(f"unknown bound '{name}'{hint}; the tasks are {', '.join(_TASKS)}")
    return found


@dataclass(frozen=True)
class Row:
    """One bound on one instance: its exact value, or why it says nothing there.

    Attributes:
        bound: the bound.
        instance: the parameters that it was evaluated on; empty without a value.
        value: exact; None for an order of growth and outside the regime.
        reason: why there is no value; empty when there is one.
        weight_bits: bits of a weight of a construction; None for real weights, or not a
            construction.
        against: value of the largest lower bound that also binds it; None without one.
        ratio: value over ``against``, for reading; None without one.
    """

    bound: Bound
    instance: dict[str, Number]
    value: Value | None
    reason: str = ""
    weight_bits: int | None = None
    against: Value | None = None
    ratio: float | None = None


def table(name: str, **values: Number | None) -> list[Row]:
    """Every bound called ``name``, or of that task, on the instance ``values``.

    Rows out of their regime carry the reason instead of a value; orders of growth carry neither.
    Each construction, estimate and fit is compared with the lower bounds on the same quantity
    and form of network, at its own bits a weight. Raises RegimeError for an unknown name, and
    when no exact bound says anything (with the first reason).
    """
    chosen = lookup(name)
    rows = [_row(bound, values) for bound in chosen]
    # estimates and fits alone do not answer for an impossible instance
    leading = [row for row in rows if row.bound.exactness == "exact"] or rows
    if all(row.value is None for row in leading):
        reasons = [row.reason for row in leading if row.reason]
        raise RegimeError(reasons[0] if reasons else f"{name}: orders of growth have no value")
    return [_compared(row, chosen, values) for row in rows]


def _row(bound: Bound, values: dict[str, Number | None]) -> Row:
    if not bound.has_value:
        return Row(bound, {}, None)
    try:
        instance = bound.instance(**values)
        return Row(bound, instance, bound.on(instance), weight_bits=bound.bits_on(instance))
    except RegimeError as error:
        return Row(bound, {}, None, str(error))


def _compared(row: Row, chosen: Sequence[Bound], values: dict[str, Number | None]) -> Row:
    if row.value is None or row.bound.direction == "lower":
        return row
    best: Value | None = None
    for bound in chosen:
        if (bound.direction, bound.quantity, bound.form) != (
            "lower",
            row.bound.quantity,
            row.bound.form,
        ) or bound.exactness != "exact":
            continue
        counted = {p.name for p in bound.parameters} & {"bits", "active_bits"}
        if counted and row.weight_bits is None:
            continue  # real weights are not bound by a count of bits
        own = {**values, **dict.fromkeys(counted, row.weight_bits)}
        heads = row.bound.heads_on(row.instance)
        own |= {} if heads is None else {"heads": heads}
        other = _row(bound, own).value
        if other is not None and (best is None or middle(other) > middle(best)):
            best = other
    if best is None:
        return row
    ratio = float(middle(row.value) / middle(best)) if middle(best) else None
    return Row(row.bound, row.instance, row.value, row.reason, row.weight_bits, best, ratio)


def middle(value: Value) -> Fraction:
    """A value as one rational, for ordering and drawing: the midpoint of an enclosure."""
    return value.middle if isinstance(value, Enclosure) else Fraction(value)
