"""The search for the least certified width, its rates of success, and where widths come from."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from superproof.constructions.conjunction import plain_pairwise_and
from superproof.constructions.construction import Construction
from superproof.constructions.patterns import pattern
from superproof.constructions.sizing import ATTEMPTS, enlarging, first_width, require_width
from superproof.constructions.smallest import smallest, success_interval
from superproof.constructions.superposed import superposed_pairwise_and
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError

BUILT = plain_pairwise_and(3, [(0, 1)])


class Family:
    """Succeeds from a width on that depends on the seed; counts what it is asked."""

    def __init__(self, *least: int) -> None:
        self.least, self.asked = least, [(0, 0)][:0]

    def __call__(self, neurons: int, seed: int) -> Construction:
        self.asked.append((neurons, seed))
        if neurons < self.least[seed]:
            raise ProofError(f"{neurons} are too few")
        return BUILT


@pytest.mark.parametrize("least", [1, 2, 17, 40, 63, 64, 66])
def test_bisection_finds_the_threshold(least: int) -> None:
    found = smallest(Family(least, least + 5), 0, 64, (0, 1), resolution=0)
    assert (found.neurons, found.seed) == (least, 0)
    assert found.reliable is None or found.reliable >= least + 5
    for rate in found.curve:
        assert rate.tried == 2
        assert rate.exact == (rate.neurons >= least) + (rate.neurons >= least + 5)
        assert rate.low <= rate.exact / 2 <= rate.high
    assert [rate.neurons for rate in found.curve] == sorted({a.neurons for a in found.attempts})
    assert all(a.bits == BUILT.total_bits for a in found.attempts if a.exact)
    assert all("too few" in a.reason for a in found.attempts if not a.exact)


def test_clopper_pearson_intervals_have_their_defining_tails() -> None:
    def at_least(successes: int, tried: int, p: Fraction) -> float:
        return float(
            sum(
                math.comb(tried, k) * p**k * (1 - p) ** (tried - k)
                for k in range(successes, tried + 1)
            )
        )

    for tried in (1, 2, 5, 12):
        for exact in range(tried + 1):
            low, high = success_interval(exact, tried)
            assert low == 0 if exact == 0 else low > 0
            assert high == 1 if exact == tried else high < 1
            if exact:
                assert at_least(exact, tried, Fraction(low)) == pytest.approx(0.025)
            if exact < tried:
                assert 1 - at_least(exact + 1, tried, Fraction(high)) == pytest.approx(0.025)


def test_a_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "search.json"
    options: dict[str, Any] = {"file": file, "instance": {"what": (1, 2)}}

    class StoppedError(Exception):
        pass

    family = Family(23, 30)

    def stopping(neurons: int, seed: int) -> Construction:
        if len(family.asked) == 5:
            raise StoppedError
        return family(neurons, seed)

    with pytest.raises(StoppedError):
        smallest(stopping, 0, 64, (0, 1), **options)
    rest = Family(23, 30)
    found = smallest(rest, 0, 64, (0, 1), **options)
    assert found.neurons == 23
    assert not set(rest.asked) & set(family.asked)
    again = Family()
    assert smallest(again, 0, 64, (0, 1), **options) == found
    assert again.asked == []
    with pytest.raises(InputError, match="is about another search"):
        smallest(family, 0, 64, (0, 1), file=file, instance={"what": 3})
    for text in ("junk", "[]", '{"instance": {}, "attempts": [{}]}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="not the file of a search"):
            smallest(family, 0, 64, (0, 1), **options)


def test_nothing_found_is_an_error() -> None:
    with pytest.raises(
        ProofError, match=r"no exact network of up to \d+ neurons was found: \d+ are"
    ):
        smallest(Family(99_999), 0, 64, (0,))


@pytest.mark.parametrize(
    ("low", "high", "seeds", "resolution", "message"),
    [
        (5, 5, (0,), 0.0, "the widths must rise"),
        (-1, 5, (0,), 0.0, "the widths must rise"),
        (0, 5, (), 0.0, "distinct seeds"),
        (0, 5, (1, 1), 0.0, "distinct seeds"),
        (0, 5, (1,), 1.0, "the resolution must lie"),
    ],
)
def test_bad_searches(low: int, high: int, seeds: Any, resolution: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        smallest(Family(1, 1), low, high, seeds, resolution=resolution)


def test_a_real_family() -> None:
    pairs = pattern("random", 12, 20, 0)

    def build(neurons: int, seed: int) -> Construction:
        return superposed_pairwise_and(12, pairs, neurons, seed=seed, method="least-squares")

    found = smallest(build, 10, 60, (0, 1))
    assert 20 <= found.neurons <= 50
    best = build(found.neurons, found.seed)
    assert check(best.network, best.specification, engine="enumerate", dtypes=()).holds


def test_the_first_width_is_the_estimate_and_a_reserve() -> None:
    width = first_width(46, 1024, 2, "trained")
    assert width.estimate == pytest.approx(93.1, abs=0.1)
    assert 94 <= width.neurons <= 115
    assert "pairwise-and-gardner 93.1 (an estimate) x 1.08" in str(width)
    assert first_width(46, 1024, 3, "trained").neurons > 2 * width.neurons
    order = [first_width(46, 1024, 2, m).neurons for m in ("trained", "ternary", "one-bit")]
    assert order == sorted(order)
    assert first_width(2, 1, 2, "trained").neurons >= 2


def test_widths_grow_until_one_suffices() -> None:
    first = first_width(46, 1024, 2, "trained")
    failed: list[int] = []
    family = Family(first.neurons + 20)
    built, width = enlarging(lambda n: family(n, 0), first, lambda n, error: failed.append(n))
    assert built is BUILT
    assert width.neurons >= first.neurons + 20
    assert len(failed) == width.enlarged > 0
    assert f"enlarged {width.enlarged} times" in str(width)
    hopeless = Family(1 << 20)
    with pytest.raises(ProofError):
        enlarging(lambda n: hopeless(n, 0), first)
    assert len(hopeless.asked) == ATTEMPTS


def test_bad_widths() -> None:
    with pytest.raises(InputError, match="unknown method 'magic'; use one of trained"):
        first_width(46, 1024, 2, "magic")
    with pytest.raises(InputError, match="active must lie between 2 and the 5 inputs, not 6"):
        first_width(5, 4, 6, "key-value")
    with pytest.raises(InputError, match="20,000 neurons is too large; at most 16,384"):
        require_width(20_000)
    with pytest.raises(InputError, match="is too large"):
        first_width(4000, 7_998_000, 2, "one-bit")


def test_what_is_written(tmp_path: Path) -> None:
    pairs = pattern("random", 12, 20, 0)
    built = superposed_pairwise_and(12, pairs, 26, seed=3, draws=5)
    report = built.report()
    by_name = {matrix["name"]: matrix for matrix in report["matrices"]}
    assert by_name["square matrix W"]["bits"] == 14 * 26**2
    assert [m["holds"] for m in report["matrices"]] == ["seed", "function", "seed", "function"]
    assert sum(m["bits"] for m in report["matrices"]) == report["total_bits"]
    assert report["bits_over_bound"] == built.total_bits / built.lower_bound["bits"]
    assert report["neurons"] == 26
    folder = built.write(tmp_path / "out")
    written = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert written.pop("certificate")["file"] == "certificate"
    assert written == json.loads(json.dumps(report))
    # a file of that name that is no certificate stays
    (folder / "certificate").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is no certificate; name another file"):
        built.write(folder)
    assert (folder / "certificate").read_text(encoding="utf-8") == "mine"
