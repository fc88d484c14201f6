"""Networks from torch modules, and from files that torch exports."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof import InputError, Network

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

POINTS = np.array(list(itertools.product((0, 1), repeat=3)))


def halves(module: Any) -> Any:
    """Weights that are small multiples of one half, so that torch computes without rounding."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            numbers = torch.randint(-4, 5, parameter.shape, generator=generator)
            parameter.copy_(numbers / 2)
    return module.eval()


def agrees(network: Network, module: Any) -> None:
    """Exact values are the module's own."""
    with torch.no_grad():
        expected = module(torch.tensor(POINTS, dtype=torch.float64).to(_type(module)))
    values = [[Fraction(v) for v in row] for row in expected.double().tolist()]
    assert network.evaluate(POINTS).tolist() == values


def _type(module: Any) -> Any:
    return next(module.parameters()).dtype


def deep() -> Any:
    """A chain with everything that is supported."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(3, 5),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Sequential(nn.Linear(5, 4, bias=False), nn.ReLU(), nn.ReLU()),
        nn.Identity(),
        nn.Linear(4, 3),
        nn.Linear(3, 2),
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_chains_in_every_float_type(dtype: Any) -> None:
    module = halves(deep()).to(dtype)
    network = Network.from_torch(module)
    agrees(network, module)
    assert network.dtype == str(dtype).removeprefix("torch.")
    assert [layer.activation for layer in network.layers] == ["relu", "relu"] + ["identity"] * 2


def test_bare_linear_and_leading_or_last_relu() -> None:
    for module in (
        nn.Linear(3, 2),
        nn.Sequential(nn.ReLU(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(3, 2), nn.ReLU()),
        nn.Sequential(nn.ReLU(), nn.Dropout(), nn.ReLU(), nn.Linear(3, 2, bias=False)),
    ):
        agrees(Network.from_torch(halves(module)), module)
    network = Network.from_torch(nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
    assert network.evaluate([-1, -1, -1]).tolist() == network.evaluate([0, 0, 0]).tolist()


def test_one_module_used_twice() -> None:
    relu, linear = nn.ReLU(), nn.Linear(3, 3)
    module = halves(nn.Sequential(linear, relu, linear, relu, nn.Linear(3, 1)))
    network = Network.from_torch(module)
    assert [layer.activation for layer in network.layers] == ["relu", "relu", "identity"]
    agrees(network, module)


def test_dropout_in_training_mode_is_left_out() -> None:
    module = halves(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.9), nn.AlphaDropout(0.9)))
    network = Network.from_torch(module.train())
    agrees(network, module.eval())


def test_the_network_is_a_copy() -> None:
    module = halves(nn.Linear(3, 2))
    network = Network.from_torch(module)
    before = network.layers[0].weight.tolist()
    with torch.no_grad():
        module.weight.add_(1)
    assert network.layers[0].weight.tolist() == before


def test_subclasses_and_parametrisations() -> None:
    class Named(nn.Sequential):
        pass

    module = halves(Named(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)))
    agrees(Network.from_torch(module), module)
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    network = Network.from_torch(nn.Sequential(normed))
    assert network.layers[0].weight.tolist() == normed.weight.tolist()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_modules_on_a_device() -> None:
    module = halves(nn.Linear(3, 2))
    network = Network.from_torch(module.cuda())
    agrees(network, module.cpu())


class Own(nn.Module):
    """A module whose forward may do anything."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 1))

    def forward(self, x: Any) -> Any:
        return -self.net(x)


class Doubled(nn.Linear):
    """A Linear that computes something else."""

    def forward(self, x: Any) -> Any:
        return 2 * super().forward(x)


def patched() -> Any:
    """A Linear whose forward was replaced on the instance."""
    module = nn.Linear(3, 1)
    module.forward = lambda x: x
    return module


def hooked() -> Any:
    """A Linear with a forward hook."""
    module = nn.Linear(3, 1)
    module.register_forward_hook(lambda *_: None)
    return module


REFUSED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "tanh": (
        lambda: nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1)),
        ("module '1' (Tanh) is not supported; supported are Sequential, Linear",),
    ),
    "nested": (
        lambda: nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU(), nn.GELU())),
        ("module '1.1' (GELU)",),
    ),
    "batch norm": (lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), ("BatchNorm1d",)),
    "sigmoid last": (
        lambda: nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()),
        ("module '1' (Sigmoid): drop it", "z > 0"),
    ),
    "softmax last": (
        lambda: nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.Softmax(-1))),
        ("module '1.0' (Softmax): drop it", 'kind = "argmax"'),
    ),
    "sigmoid inside": (
        lambda: nn.Sequential(nn.Linear(3, 1), nn.Sigmoid(), nn.Linear(1, 1)),
        ("module '1' (Sigmoid) is not supported",),
    ),
    "own forward": (Own, ("module Own is not supported", "pass the Sequential inside")),
    "overridden": (lambda: nn.Sequential(Doubled(3, 1)), ("module '0' (Doubled)",)),
    "patched": (lambda: nn.Sequential(patched()), ("module '0' (Linear) is not supported",)),
    "hooked": (lambda: nn.Sequential(hooked()), ("module '0' (Linear) has forward hooks",)),
    "pruned": (
        lambda: nn.Sequential(prune.random_unstructured(nn.Linear(3, 1), "weight", 1)),
        ("forward hooks", "pruning"),
    ),
    "flatten of the batch": (
        lambda: nn.Sequential(nn.Flatten(0), nn.Linear(3, 1)),
        ("module '0' (Flatten)", "default dimensions"),
    ),
    "empty": (nn.Sequential, ("Sequential: holds no Linear layer",)),
    "relu alone": (nn.ReLU, ("ReLU: holds no Linear layer",)),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(3)), ("'0' (LazyLinear)", "not initialised")),
    "meta": (lambda: nn.Linear(3, 1, device="meta"), ("Linear: weight", "meta device")),
    "complex": (lambda: nn.Linear(3, 1, dtype=torch.complex64), ("complex64", "float type")),
    "sizes": (lambda: nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 1)), ("layer 1", "3 columns")),
    "nan": (
        lambda: nn.utils.skip_init(nn.Linear, 3, 1).requires_grad_(False).apply(_poison),
        ("layer 0 weight: entry [0, 0] is nan",),
    ),
}


def _poison(module: Any) -> None:
    module.weight.fill_(float("nan"))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_modules(name: str) -> None:
    make, words = REFUSED[name]
    with pytest.raises(InputError) as error:
        Network.from_torch(make())
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("thing", [None, "model.onnx", {}, lambda x: x, nn.Linear])
def test_things_that_are_no_modules(thing: Any) -> None:
    with pytest.raises(InputError, match=r"expected a torch\.nn\.Module .* Network\.load"):
        Network.from_torch(thing)


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from superproof import MissingExtraError

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"superproof\[experiments\]"):
        Network.from_torch(None)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore")
def test_files_that_torch_exports(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    module = halves(deep())
    path = tmp_path / "model.onnx"
    example = torch.zeros(1, 3)
    torch.onnx.export(module, (example,), str(path), dynamo=False)
    agrees(Network.load(path), module)


def test_state_dicts_that_safetensors_saves(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    for dtype in (torch.float32, torch.bfloat16):
        module = halves(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))).to(dtype)
        save_file(module.state_dict(), str(tmp_path / "model.safetensors"))
        agrees(Network.load(tmp_path / "model.safetensors"), module)


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors", ".npz"])
def test_from_module_to_file_and_back(tmp_path: Path, suffix: str) -> None:
    module = halves(deep())
    path = Network.from_torch(module).save(tmp_path / f"model{suffix}")
    agrees(Network.load(path), module)
