"""Pairs of inputs that differ in one place: an input flipped, or members of a group exchanged."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from ..domain import Ball, Domain
from ..errors import InputError
from ..formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor

#: What is claimed of a pair: every output reads the same, or no output falls.
Kind = Literal["flip", "monotone"]


@dataclass(frozen=True)
class Exchange:
    """Two settings of the same few inputs; all other inputs stay as they are.

    Attributes:
        kind: ``flip`` or ``monotone``.
        before, after: the few inputs by name, with their truth on either side.
        words: what changes, as ``red for green``, or ``a from false to true``.
    """

    kind: Kind
    before: Mapping[str, bool]
    after: Mapping[str, bool]
    words: str

    @property
    def verb(self) -> str:
        """``setting`` an input, or ``exchanging`` members of a group."""
        return "setting" if len(self.before) == 1 else "exchanging"

    @property
    def changed(self) -> tuple[str, ...]:
        """The inputs whose truth differs, in order of the names."""
        return tuple(name for name in self.before if self.before[name] != self.after[name])

    def pair(self, rest: Mapping[str, bool], names: Iterable[str]) -> tuple[list[bool], list[bool]]:
        """Both whole inputs, in the order of ``names``, given the truth of the other inputs."""
        before, after = {**rest, **self.before}, {**rest, **self.after}
        order = list(names)
        return [before[name] for name in order], [after[name] for name in order]


def read_exchanges(domain: Domain, kind: Kind, text: str) -> list[Exchange]:
    """The pairs that one option speaks of.

    Args:
        domain: its input names and one-hot groups.
        kind: ``flip``: an input by itself is flipped; a member of a one-hot group is exchanged
            for each other member; listed members (``red,green,blue``) are exchanged for each
            other, every two of them. ``monotone``: an input goes from false to true (``~name``:
            from true to false); a member takes the place of each other member (``~name``: gives
            it up); of listed members each earlier one gives way to each later one.
        text: a name, or names separated by commas; an input may itself be named with commas.

    Raises:
        InputError: unknown or repeated names, or names that are not in one group.
    """
    name, backwards = text.strip(), False
    if kind == "monotone" and name not in domain.index and name.startswith("~"):
        name, backwards = name[1:].strip(), True
    names = [name] if name in domain.index else [part.strip() for part in name.split(",")]
    for one in names:
        _require_input(domain, kind, one)
        if names.count(one) > 1:
            raise InputError(f"{kind}: '{one}' is listed twice in '{text}'")
    group = next((g for g in domain.one_hot if domain.index[names[0]] in g), None)
    if len(names) > 1:
        return _listed(domain, kind, names, group, backwards)
    if group is None:
        false, true = {name: False}, {name: True}
        if backwards:
            return [Exchange(kind, true, false, f"{name} from true to false")]
        return [Exchange(kind, false, true, f"{name} from false to true")]
    others = [domain.names[i] for i in group if i != domain.index[name]]
    if not others:
        raise InputError(
            f"{kind}: '{name}' is the only member of its one-hot group, so that it is always true"
        )
    leaves = kind == "flip" or backwards
    pairs = ((name, other) if leaves else (other, name) for other in others)
    return [_exchange(domain, kind, group, *pair) for pair in pairs]


def _require_input(domain: Domain, kind: Kind, name: str) -> None:
    if name not in domain.index:
        close = difflib.get_close_matches(name, domain.names, 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise InputError(f"{kind}: unknown input '{name}'{hint}")


def _listed(
    domain: Domain, kind: Kind, names: list[str], group: tuple[int, ...] | None, backwards: bool
) -> list[Exchange]:
    if backwards:
        raise InputError(f"{kind}: '~' goes before a single name; write the list in reverse order")
    for name in names:
        if group is None or domain.index[name] not in group:
            alone = name if group is not None else names[0]
            raise InputError(
                f"{kind}: listed inputs must be members of one one-hot group, and '{alone}' is "
                f"not in one with the others; repeat --{kind} for inputs on their own"
            )
    assert group is not None
    return [_exchange(domain, kind, group, *pair) for pair in combinations(names, 2)]


def _exchange(
    domain: Domain, kind: Kind, group: tuple[int, ...], before: str, after: str
) -> Exchange:
    members = [domain.names[i] for i in group]
    one, other = ({name: name == true for name in members} for true in (before, after))
    return Exchange(kind, one, other, f"{before} for {after}")


def remaining(domain: Domain, exchange: Exchange) -> Domain | None:
    """The other inputs' domain: where both sides of the exchange belong to ``domain``.

    Its size is the number of pairs, and its names are those of the other inputs. If there are
    none, it has one input that is always true. None when no pair is known to belong.
    """
    before, after = exchange.before, exchange.after
    rest = [i for i, name in enumerate(domain.names) if name not in before]
    if not rest:
        return _nothing_left(domain, exchange)
    ones = [sum(side.values()) for side in (before, after)]
    least = max(domain.at_least - min(ones), 0)
    most = min(domain.at_most - max(ones), len(rest))
    if least > most:
        return None
    balls = []
    for ball in domain.balls:
        far = max(
            sum(ball.centre[domain.index[name]] != bit for name, bit in side.items())
            for side in (before, after)
        )
        if ball.radius < far:
            return None
        centre = tuple(ball.centre[i] for i in rest)
        balls.append(Ball(centre, min(ball.radius - far, len(rest))))
    place = {i: k for k, i in enumerate(rest)}
    groups = (g for g in domain.one_hot if g[0] in place)
    where = None
    if domain.where is not None:
        sides = (substituted(domain.where, side) for side in (before, after))
        where = conjunction(dict.fromkeys(sides))
        if where == Constant(False):
            return None
    points = _pairs_of_points(domain, exchange, rest)
    if points is not None and not len(points):
        return None
    kept = Domain(
        tuple(domain.names[i] for i in rest),
        domain.values,
        least,
        most,
        tuple(balls),
        tuple(tuple(place[i] for i in group) for group in groups),
        None if where == Constant(True) else where,
        points,
    )
    return None if kept.is_empty() else kept


def _nothing_left(domain: Domain, exchange: Exchange) -> Domain | None:
    pair = np.array(exchange.pair({}, domain.names), dtype=np.uint8)
    if not domain.contains(pair).all():
        return None
    return Domain(domain.names[:1], domain.values, one_hot=((0,),))


def _pairs_of_points(domain: Domain, exchange: Exchange, rest: list[int]) -> np.ndarray | None:
    """The other inputs' bits for which the list holds both sides."""
    if domain.points is None:
        return None
    kept = []
    for side in (exchange.before, exchange.after):
        columns = [domain.index[name] for name in side]
        chosen = (domain.points[:, columns] == list(side.values())).all(axis=1)
        kept.append(domain.points[chosen][:, rest])
    known = {row.tobytes() for row in kept[1]}
    both = np.array([row.tobytes() in known for row in kept[0]], dtype=bool)
    return np.asarray(kept[0][both])


def substituted(formula: Formula, truth: Mapping[str, bool]) -> Formula:
    """The formula with some inputs replaced by their truth, and what follows from it."""
    if isinstance(formula, Variable):
        return Constant(truth[formula.name]) if formula.name in truth else formula
    if isinstance(formula, Constant):
        return formula
    operands = tuple(substituted(operand, truth) for operand in formula.operands)
    if operands == formula.operands:
        return formula
    value = formula.value(tuple(o.truth if isinstance(o, Constant) else None for o in operands))
    if value is not None:
        return Constant(value)
    if isinstance(formula, Not):
        return Not(operands[0])
    if isinstance(formula, Implies):
        # the value is open, so neither is the conclusion true nor the premise false
        if operands[0] == Constant(True):
            return operands[1]
        return Not(operands[0]) if operands[1] == Constant(False) else Implies(*operands)
    open_parts = tuple(o for o in operands if not isinstance(o, Constant))
    true = sum(o == Constant(True) for o in operands)
    if isinstance(formula, AtLeast | AtMost):
        return replace(formula, count=formula.count - true, parts=open_parts)
    if isinstance(formula, Xor):
        odd = open_parts[0] if len(open_parts) == 1 else Xor(open_parts)
        return Not(odd) if true % 2 else odd
    assert isinstance(formula, And | Or)
    return open_parts[0] if len(open_parts) == 1 else replace(formula, parts=open_parts)


def conjunction(parts: Iterable[Formula]) -> Formula:
    """All parts as one formula."""
    listed = [part for part in parts if part != Constant(True)]
    if any(part == Constant(False) for part in listed):
        return Constant(False)
    if not listed:
        return Constant(True)
    return listed[0] if len(listed) == 1 else And(tuple(listed))
