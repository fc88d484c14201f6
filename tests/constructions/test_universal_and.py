"""All ANDs of two inputs from compressed inputs, without any array that depends on a function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from superproof.constructions.channels.universal import universal_and, universal_channel
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError
from superproof.verify.problem import Problem

from ..oracles import fraction_oracle


@pytest.mark.parametrize(("inputs", "neurons", "active"), [(14, 480, 2), (8, 900, 3)])
def test_all_pairs_are_right_on_every_input(inputs: int, neurons: int, active: int) -> None:
    built = universal_and(inputs, neurons, active, draws=6)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.holds
    assert verdict.margin is not None
    assert verdict.margin > 0
    assert built.network.output_size == inputs * (inputs - 1) // 2
    assert [matrix.holds for matrix in built.matrices] == ["seed", "seed", "seed", "function"]
    assert built.total_bits == 10


def test_the_oracle_agrees() -> None:
    built = universal_and(5, 160, density=0.4, draws=20)
    answer = fraction_oracle.answer(Problem(built.network, built.specification))
    assert answer.status == "holds"
    verdict = check(built.network, built.specification, margin=True, dtypes=())
    assert verdict.margin == answer.margin


def test_sixty_four_inputs_with_fewer_neurons_than_outputs() -> None:
    built = universal_and(64, 860, density=0.16)
    assert built.neurons < built.network.output_size == 2016
    low, high = built.parameters["reads"]
    assert low > high
    assert built.parameters["neurons_over_order"] == pytest.approx(860 / 16)
    assert built.proved_by == "channel"
    assert built.report()["lower_bound"]["bits"] == 0


def test_a_pair_is_read_from_all_neurons_that_listen_to_both() -> None:
    channel = universal_channel(6, 80, 0.3, 0)
    for j, (a, b) in enumerate(channel.pairs.tolist()):
        both = np.flatnonzero(channel.feeds[:, a] & channel.feeds[:, b])
        assert np.array_equal(channel.sets.row(j), both)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"active": 1}, "active must lie between 2 and the 8 inputs, not 1"),
        ({"neurons": 1}, "neurons must be 2 or more, the seed 0 or more and draws 1 or more"),
        ({"draws": 0}, "not 50, 0 and 0"),
        ({"density": 0.0}, "density must lie between 0 and 1, not 0.0"),
        ({"inputs": 3000}, "all pairs of 3,000 inputs are too many to be proved"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        universal_and(**{"inputs": 8, "neurons": 50, **arguments})


def test_too_few_neurons_are_refused() -> None:
    with pytest.raises(ProofError, match="no exact network of 50 neurons was found for all pairs"):
        universal_and(14, 50)
    # an intersection may be empty
    with pytest.raises(ProofError, match=r"of 12 neurons .* overlap by 100\.0%"):
        universal_and(14, 12, density=0.1)
