"""The least value where outputs are true and the largest elsewhere, over all outputs at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..engine import Request
from .exact_product import reach
from .form import TOO_LARGE, SuperposedForm
from .pairs import PairScan
from .record import Record, Scan


def gain_form(code: np.ndarray, gain: np.ndarray, pairs: np.ndarray, active: int) -> SuperposedForm:
    """The form of a network that is given by its integers, to be read at 0.

    Args:
        code: 0/1 (neurons, inputs).
        gain: decoder times square matrix, int64 (outputs, neurons).
        pairs: (outputs, 2) distinct inputs.
        active: v.

    Raises ValueError for gains that 64 bits do not bear.
    """
    bound = reach(gain) * max(min(active, code.shape[1]) - 1, 1)
    if gain.dtype == object or bound >= TOO_LARGE:
        raise ValueError("the gains have too many digits")
    outputs = len(gain)
    return SuperposedForm(
        code=np.asarray(code, dtype=np.uint8),
        gain=np.asarray(gain, dtype=np.int64),
        pairs=np.sort(np.asarray(pairs, dtype=np.int64), axis=1),
        active=active,
        bound=bound,
        unit=Fraction(1),
        offsets=np.full(outputs, Fraction(0), dtype=object),
        true_from=Fraction(0),
        false_to=Fraction(0),
        least_true=np.ones(outputs, dtype=np.int64),
        most_false=np.zeros(outputs, dtype=np.int64),
    )


def extremes(form: SuperposedForm, threads: int = 1) -> tuple[int, int]:
    """Least value on all inputs where the output is true, largest on all others, exactly.

    Some threshold makes the network right if and only if the first exceeds the second. Offsets
    and read-out of the form are left out. The first needs two active inputs.
    """
    far = 2 * form.bound + 2
    request = Request(margin=True, threads=threads)
    plain = replace(form, unit=Fraction(1), offsets=np.full_like(form.offsets, Fraction(0)))

    def seen(true_from: int, false_to: int) -> Record:
        # with one side out of reach, the margin is that of the other
        asked = replace(plain, true_from=Fraction(true_from), false_to=Fraction(false_to))
        record = Record(asked, False, 0)
        record.add_below_two()
        scan_of(asked)(asked, record, request).run()
        return record

    false = seen(-far, 0)
    true = false if form.active <= 3 else seen(0, far)
    return int(true.low.min()), int(false.high.max())


def scan_of(form: SuperposedForm) -> Callable[[SuperposedForm, Record, Request], Scan]:
    """The scan that is complete for the form's number of active inputs, two or more."""
    if min(form.active, form.inputs) <= 2:
        return PairScan
    # importing these loads (or compiles, at first use) their kernels
    from .search import SetSearch
    from .triples import TripleScan

    return TripleScan if form.active == 3 else SetSearch
