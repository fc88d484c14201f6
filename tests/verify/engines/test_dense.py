"""The float filter where numbers underflow, overflow or are not those of IEEE float64."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.engines import enumeration
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.specification import Specification


def test_a_weight_that_underflows_is_multiplied_by_its_input() -> None:
    """Scaling by 2^-900 loses weights of 2^-180 whose inputs have grown to 6 * 64^4."""
    ones = np.ones((64, 64))
    last = np.zeros((2, 64))
    last[0, 0] = 2.0**900
    last[1] = 2.0**-180
    true = 6.0 * 64**5 * 2.0**-180
    network = Network.from_arrays(
        [np.ones((64, 6)), ones, ones, ones, ones, last, [[0.0, 1.0]]],
        [np.zeros(64)] * 5 + [np.array([0.0, -true / 4]), np.zeros(1)],
    )
    spec = Specification(6, {"y": "false"}, domain="exactly 6")
    assert check(network, spec, engine="enumerate", margin=True).status == "violated"
    assert check(network, Specification(6, {"y": "true"}, domain="exactly 6")).status == "holds"


@pytest.mark.parametrize("device", [None, "cpu"])
def test_a_step_neuron_whose_sum_overflows_is_undecided(device: str | None) -> None:
    """Scaled activations grow by 12 a layer; -0.375 of them, 128 times, is -inf in float64."""
    if device is not None:
        pytest.importorskip("torch")
    last = np.full((1, 256), -3.0)
    last[0, 128:] = 4.0
    network = Network.from_arrays(
        [np.ones((16, 2)), *[np.full((16, 16), 3.0)] * 284, np.full((256, 16), 3.0), last, [[1.0]]],
        activations=["relu"] * 286 + ["step", "identity"],
    )
    for formula, status in (("false", "violated"), ("x0 | x1", "holds")):
        spec = Specification(2, {"y": formula}, readout=Fraction(1, 2))
        verdict = check(network, spec, engine="enumerate", margin=True, device=device)
        assert (verdict.status, abs(verdict.margin or 0)) == (status, Fraction(1, 2))


def test_a_device_without_float64_products_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    network = Network.from_arrays([[[1, 1]]])
    spec = Specification(2, {"y": "x0 | x1"})
    assert check(network, spec, device="cpu").status == "holds"
    product = torch.Tensor.__matmul__
    exponents: list[int] = []

    def rounded(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return product(left.float(), right.float()).double()

    def sliced(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Fixed point: 70 bits below the largest number of a row."""
        unit = torch.ldexp(left.abs().amax(dim=1, keepdim=True), torch.tensor(-70))
        exponents.append(len(left))
        return product((left / unit).round() * unit, right)

    for emulation in (rounded, sliced):
        monkeypatch.setattr(torch.Tensor, "__matmul__", emulation)
        with pytest.raises(InputError, match="not exact on integers"):
            check(network, spec, device="cpu")
    assert exponents


def test_a_filter_that_never_holds_does_not_hide_the_deadline() -> None:
    everything = " & ".join(f"x{i}" for i in range(24))
    network = Network.from_arrays([np.ones((3, 24)), np.ones((3, 3)), np.ones((1, 3))])
    spec = Specification(24, {"y": "x0"}, domain=f"where {everything}")
    verdict = check(network, spec, engine="enumerate", timeout=0.01)
    assert verdict.status == "unknown"
    assert "time limit" in verdict.tried[0].result


def test_more_counterexamples_wanted_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "SMALL", 0)
    network = Network.from_arrays([[[1, 1]]])
    verdict = check(
        network, Specification(2, {"y": "false"}), engine="enumerate", counterexamples=10**13
    )
    assert len(verdict.counterexamples) == 3
