"""``superproof experiment boolean-capacity``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...empirics.capacity.experiment import CapacityResult
    from ...empirics.capacity.laws import LawFit
    from . import Request

#: Of the number of ANDs up to which bounds are inverted, rounded down.
MOST_DIGITS = 6


def run(request: Request) -> None:
    """Search capacities, decide every network exactly, and print what was measured."""
    from ...empirics.capacity import plan
    from ...empirics.capacity.experiment import boolean_capacity
    from ..progress import ProgressBar

    with ProgressBar("examples") as bar:
        result = boolean_capacity(
            request.folder,
            plan.QUICK if request.quick else plan.FULL,
            seed=request.seed,
            device=request.device,
            resume=request.resume,
            threads=os.cpu_count() or 1,
            progress=bar,
        )
    _print(result)


def _print(result: CapacityResult) -> None:
    """Capacities and laws as tables, and where the files are."""
    from ...empirics.capacity.capacity_files import capacity_rows
    from ...empirics.capacity.families import FAMILIES
    from ..terminal import console, print_text, sign, table

    out, dash = console(), sign("–", "-")
    tolerance = f"{float(result.plan.tolerance):.0%}"
    for name in result.plan.widths:
        title = FAMILIES[name].title
        out.print(f"Pairwise ANDs computed without any error, {title}:")
        headings = ("n", "m*", "95 %", "every, some", f"at {tolerance}")
        costs = ("P", "bits", "/ bound", "allowed")
        rows = table(*((heading, "right") for heading in (*headings, *costs)))
        for row in capacity_rows(result, name):
            width, half, low, high, every, some, other, parameters, bits, ratio, bound = row
            rows.add_row(
                str(width),
                _number(half),
                "-" if half is None else f"{_number(low)}{dash}{_number(high)}",
                f"{_number(every)}, {_number(some)}",
                _number(other),
                _number(parameters),
                _number(bits),
                "-" if ratio is None else f"{ratio:.1f}",
                f"> 10^{MOST_DIGITS}" if isinstance(bound, str) else _number(bound),
            )
        out.print(rows)
        fits = [fit for fit in result.fits if fit.family == name]
        if fits:
            out.print(f"Laws, {title}, natural logarithms:")
            of_law = ("a", "b", "off by", "AIC", "best")
            rows = table(
                *((heading, "whole") for heading in ("at", "m* =")),
                *((heading, "right") for heading in of_law),
            )
            for fit in fits:
                rows.add_row(
                    f"{fit.tolerance:.0%}",
                    fit.law,
                    f"{fit.scale:.3g} [{fit.scale_low:.3g}{dash}{fit.scale_high:.3g}]",
                    "-" if fit.exponent is None else _exponent(fit, dash),
                    f"x {fit.spread:.2f}",
                    f"{fit.aic:.1f}",
                    f"{fit.best:.0%}",
                )
            out.print(rows)
    half = sign("½", "1/2")
    print_text(
        f"n: neurons; m*: ANDs at which the chance that one training is exact is {half}, with "
        "95 % intervals by profile likelihood; every: up to so many ANDs all trials were exact; "
        f"some: the most at which one was; at {tolerance}: m* with up to so many inputs wrong; P: "
        "parameters; / bound: bits over the counting bound at m*; allowed: the most ANDs that the "
        "counting bound of this form allows; off by: typical factor between law and m*; best: "
        "share of draws in which a law has the least AIC. Intervals of the laws: trials drawn "
        "again with replacement."
    )
    for reason in result.missing:
        out.print(f"not found: {reason}", soft_wrap=True)
    out.print(
        f"{result.runs:,} networks decided exactly, {result.trained:,} of them trained now, "
        f"{len(result.built)} constructions certified, seed {result.seed}, {result.device}, "
        f"{result.seconds:.0f} s"
    )
    for kind in ("svg", "png", "csv", "json", "finding", "runs"):
        out.print(f"{kind:>8}  {result.files[kind]}", soft_wrap=True)


def _exponent(fit: LawFit, dash: str) -> str:
    return f"{fit.exponent:.2f} [{fit.exponent_low:.2f}{dash}{fit.exponent_high:.2f}]"


def _number(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
