"""Bounds as objects: what is bounded, for which networks, in which regime, and by which number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from .enclosure import Enclosure
from .errors import RegimeError
from .parameters import Parameter

if TYPE_CHECKING:
    from .counting import Cardinality

Direction = Literal["lower", "upper", "equal"]
Exactness = Literal["exact", "asymptotic", "heuristic", "fit"]
Mark = Literal["paper", "derived", "measured"]
Number = int | Fraction
Value = int | Fraction | Enclosure


@dataclass(frozen=True)
class Condition:
    """One condition of a regime, in words and as a predicate on the instance."""

    words: str
    holds: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Monotone:
    """A direction in which a bound moves with one parameter, and why.

    Attributes:
        parameter: which one; the others are held fixed.
        rises: True when the bound never falls as the parameter grows, False when it never rises.
        proof: one sentence.
        only_if: a condition under which it is so; None for the whole regime.
    """

    parameter: str
    rises: bool
    proof: str
    only_if: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A bound with its statement, its regime and its source.

    Attributes:
        name: unique name in the catalogue, e.g. ``pairwise-and-bits``.
        title: a few words, for pictures.
        subject: chapter of the catalogue, e.g. ``superposition``.
        task: what is computed, e.g. ``pairwise-and``.
        statement: one sentence.
        latex: the formula.
        expression: builds the sympy expression of the value from the sympy module and the symbols
            by name; or a relation whose least solution for the symbol ``value`` is the bound.
        direction: ``lower`` (at least this is needed), ``upper`` (this much suffices) or ``equal``.
        quantity: what is bounded, e.g. ``neurons``.
        symbol: how formulas write that quantity.
        networks: the class of networks it speaks about, in words.
        form: key of that class; bounds with the same key, or with ``any``, can be compared.
        weight_bits: for constructions, the bits of a weight on an instance; None for real weights.
        heads: for constructions of attention, how many heads they take on an instance.
        parameters: what an instance must say; a default of None makes it required.
        regime: conditions under which the statement holds.
        monotone: how the value moves, with proofs; this is what :meth:`invert` relies on.
        exactness: ``exact``; ``asymptotic``, an order without constants; ``heuristic``, an
            estimate that is not a theorem; ``fit``, constants from measurements.
        mark: ``paper``, ``derived`` or ``measured``: where the statement comes from.
        source: arXiv number and place, or what was measured.
        section: section of docs/theory.md with the proof or the discussion.
        confirms: names of asymptotic bounds whose order this finite one has.
        function: the value, called with those parameters by keyword that it takes.
        count: instead of a function, for bounds in bits: the number whose whole bits are the value.
            Orders of growth have neither.
    """

    name: str
    title: str
    subject: str
    task: str
    statement: str
    latex: str
    expression: Callable[[Any, Any], Any] = field(repr=False)
    direction: Direction
    quantity: str
    symbol: str = "n"
    networks: str
    form: str = "any"
    weight_bits: Callable[..., int | None] | None = field(default=None, repr=False)
    heads: Callable[..., int] | None = field(default=None, repr=False)
    parameters: tuple[Parameter, ...]
    regime: tuple[Condition, ...] = ()
    monotone: tuple[Monotone, ...] = ()
    exactness: Exactness = "exact"
    mark: Mark = "derived"
    source: str = "own derivation"
    section: str
    confirms: tuple[str, ...] = ()
    function: Callable[..., Value] | None = field(default=None, repr=False)
    count: Callable[..., Cardinality] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        named = {parameter.name for parameter in self.parameters}
        for function in (self.function, self.count, self.weight_bits, self.heads):
            wanted = set(_takes(function)) if function else set()
            if not wanted <= named:
                raise ValueError(
                    f"bound '{self.name}' names {sorted(named)}, but its function takes "
                    f"{sorted(wanted)}"
                )
        values = (self.function is not None) + (self.count is not None)
        if values != (self.exactness != "asymptotic"):
            raise ValueError(f"bound '{self.name}': a value, or an order without constants")
        if not {m.parameter for m in self.monotone} <= named:
            raise ValueError(f"bound '{self.name}': a direction for a parameter that it lacks")

    def instance(self, **values: Number | None) -> dict[str, Number]:
        """The instance that ``values`` describe, with defaults filled in and the regime checked.

        Values that the bound does not use are ignored, None counts as not given.
        Raises RegimeError that names what is missing, of the wrong kind or out of the regime.
        """
        instance: dict[str, Number] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name)
            value = parameter.default if value is None else value
            instance[parameter.name] = self._checked(parameter, value)
        for condition in self.regime:
            if not condition.holds(instance):
                shown = ", ".join(f"{name} = {value}" for name, value in instance.items())
                raise RegimeError(f"{self.name}: holds only for {condition.words}, not {shown}")
        return instance

    def _checked(self, parameter: Parameter, value: Any) -> Number:
        name = parameter.name
        if value is None:
            raise RegimeError(f"{self.name}: needs {name} ({parameter.meaning})")
        if parameter.kind == "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                raise RegimeError(f"{self.name}: {name} must be an integer, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int | Fraction):
            # a float is not the decimal that was meant
            raise RegimeError(f"{self.name}: {name} must be an integer or Fraction, not {value!r}")
        if value < parameter.least:
            raise RegimeError(f"{self.name}: {name} must be {parameter.least} or more, not {value}")
        checked: Number = value
        return checked

    def evaluate(self, **values: Number | None) -> Any:
        """The bound on an instance: an exact integer, a Fraction, or an Enclosure.

        Integers are already rounded to the safe side. Raises RegimeError as :meth:`instance`
        does, and for an order of growth, which has no value.
        """
        if not self.has_value:
            raise RegimeError(f"{self.name}: states an order of growth, so it has no value")
        return self.on(self.instance(**values))

    def on(self, instance: Mapping[str, Number]) -> Value:
        """The value on an instance that :meth:`instance` made."""
        if self.function is None:
            return self.counted_on(instance).bits()
        return self.function(**{name: instance[name] for name in _takes(self.function)})

    @property
    def has_value(self) -> bool:
        """Whether it has a value on an instance: True unless it states an order only."""
        return self.exactness != "asymptotic"

    def counted_on(self, instance: Mapping[str, Number]) -> Cardinality:
        """The number on an instance whose whole bits are the value; only with a ``count``."""
        assert self.count is not None
        return self.count(**{name: instance[name] for name in _takes(self.count)})

    def bits_on(self, instance: Mapping[str, Number]) -> int | None:
        """Bits of a weight of the construction on an instance; None for real weights."""
        if self.weight_bits is None:
            return None
        return self.weight_bits(**{name: instance[name] for name in _takes(self.weight_bits)})

    def heads_on(self, instance: Mapping[str, Number]) -> int | None:
        """Heads of the construction on an instance; None where it does not say."""
        if self.heads is None:
            return None
        return self.heads(**{name: instance[name] for name in _takes(self.heads)})

    def invert(self, target: str, budget: Number, **values: Number | None) -> int:
        """The extreme value of one parameter at which the bound is still at most ``budget``.

        The largest one where the bound rises with it, as in "how many outputs do so many neurons
        allow", and the smallest one where it falls. An exact search that relies on
        :attr:`monotone`. Raises RegimeError when no direction is proved, when nothing fits
        the budget, and when everything does.
        """
        from .inverse import invert

        return invert(self, target, budget, values)

    def symbols(self) -> SimpleNamespace:
        """The sympy symbols by parameter name, and ``value`` for the bounded quantity."""
        import sympy

        own = {p.name: p.sympy_symbol(sympy) for p in self.parameters}
        return SimpleNamespace(**own, value=sympy.Symbol(self.symbol, nonnegative=True))

    def formula(self) -> Any:
        """The sympy expression of the value, or a relation with the value as least solution."""
        import sympy

        return self.expression(sympy, self.symbols())

    def plot(self, file: Path, over: str, span: tuple[int, int], **values: Number | None) -> Path:
        """Draw the bound over a range of one parameter on logarithmic axes.

        Args:
            file: picture to write; its suffix chooses the format.
            over: the parameter that varies.
            span: its first and last value.
            values: the other parameters.

        Raises RegimeError as :meth:`evaluate`, PictureError without matplotlib.
        """
        from .picture import draw

        return draw([self], file, over, span, values)

    def to_json(self) -> dict[str, Any]:
        """Everything but the functions, as JSON data."""
        texts = ("name", "title", "subject", "task", "statement", "latex", "direction", "quantity")
        more = ("symbol", "networks", "form", "exactness", "mark", "source", "section")
        return {name: getattr(self, name) for name in (*texts, *more)} | {
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "regime": [condition.words for condition in self.regime],
            "monotone": [
                {
                    "parameter": m.parameter,
                    "rises": m.rises,
                    "proof": m.proof,
                    "only_if": m.only_if.words if m.only_if else None,
                }
                for m in self.monotone
            ],
            "confirms": list(self.confirms),
        }


def _takes(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments that a function cannot do without."""
    found = inspect.signature(function).parameters.values()
    return [p.name for p in found if p.default is inspect.Parameter.empty]
