"""Read-outs: readings, margins and violations, against the oracle and by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superproof.verify.readout import Argmax, Levels, Readout, Threshold

from ..oracles import fraction_oracle as oracle

#: Few distinct values, so that ties are frequent.
values = st.sampled_from([Fraction(n, 3) for n in range(-4, 5)])
thresholds = values.map(Threshold)
levels = st.sets(values, min_size=2, max_size=2).map(lambda two: Levels(max(two), min(two)))


@given(st.data())
def test_margins_and_readings_agree_with_the_oracle(data: st.DataObject) -> None:
    outputs = data.draw(st.integers(1, 4))
    kinds = [thresholds, levels] + [st.just(Argmax())] * (outputs > 1)
    readout: Readout = data.draw(st.one_of(kinds))
    rows = data.draw(
        st.lists(st.lists(values, min_size=outputs, max_size=outputs), min_size=1, max_size=4)
    )
    expected = np.array([[data.draw(st.booleans()) for _ in row] for row in rows])
    matrix = np.empty(expected.shape, dtype=object)
    matrix[:] = rows
    margins = readout.margins(matrix, expected)
    violated = readout.violated(margins, expected)
    for row, line in enumerate(rows):
        reads = [oracle.reading(readout, line, j) for j in range(outputs)]
        assert readout.reads(matrix[row]) == reads
        for j, required in enumerate(expected[row]):
            assert margins[row, j] == oracle.distance(readout, line, j, bool(required))
            assert violated[row, j] == (reads[j] is not bool(required))


@pytest.mark.parametrize(
    ("readout", "value", "expected", "margin", "wrong"),
    [
        (Threshold(Fraction(1)), 1, True, 0, True),
        (Threshold(Fraction(1)), 1, False, 0, False),
        (Threshold(Fraction(1)), Fraction(3, 2), True, Fraction(1, 2), False),
        (Threshold(Fraction(1)), Fraction(3, 2), False, -Fraction(1, 2), True),
        (Levels(Fraction(1), Fraction(0)), 1, True, 0, False),
        (Levels(Fraction(1), Fraction(0)), 0, False, 0, False),
        (Levels(Fraction(1), Fraction(0)), Fraction(1, 2), True, -Fraction(1, 2), True),
        (Levels(Fraction(1), Fraction(0)), Fraction(1, 2), False, -Fraction(1, 2), True),
        (Levels(Fraction(1), Fraction(0)), 2, False, -2, True),
        (Levels(Fraction(1), Fraction(0)), -1, True, -2, True),
    ],
)
def test_one_output(
    readout: Readout, value: Fraction, expected: bool, margin: Fraction, wrong: bool
) -> None:
    margins = readout.margins(np.array([[Fraction(value)]], dtype=object), np.array([[expected]]))
    assert margins[0, 0] == margin
    assert readout.violated(margins, np.array([[expected]]))[0, 0] == wrong


@pytest.mark.parametrize(
    ("line", "reads", "margins_if_true"),
    [
        ((3, 1, 2), [True, False, False], (1, -2, -1)),
        ((2, 2, 1), [None, None, False], (0, 0, -1)),
        ((1, 1, 1), [None, None, None], (0, 0, 0)),
        ((0, 5), [False, True], (-5, 5)),
    ],
)
def test_argmax(
    line: tuple[int, ...], reads: list[bool | None], margins_if_true: tuple[int, ...]
) -> None:
    row = np.array([[Fraction(v) for v in line]], dtype=object)
    readout = Argmax()
    assert readout.reads(row[0]) == reads
    for required, sign in ((True, 1), (False, -1)):
        expected = np.full(row.shape, required)
        margins = readout.margins(row, expected)
        assert list(margins[0]) == [sign * m for m in margins_if_true]
        wrong = [read is not required for read in reads]
        assert list(readout.violated(margins, expected)[0]) == wrong


def test_canonical_and_printed_forms() -> None:
    third = Fraction(1, 3)
    assert Threshold(third).canonical() == {"kind": "threshold", "threshold": "1/3"}
    assert Levels(Fraction(1), third).canonical() == {
        "kind": "levels",
        "true_at_least": "1",
        "false_at_most": "1/3",
    }
    assert Argmax().canonical() == {"kind": "argmax"}
    assert [str(r) for r in (Threshold(third), Levels(Fraction(1), third), Argmax())] == [
        "true above 1/3",
        "true from 1, false to 1/3",
        "argmax",
    ]
