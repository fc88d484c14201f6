"""torch and onnxruntime never contradict a guarantee: single rows, batches, permuted neurons."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.domain import Domain
from superproof.verify.network import Network
from superproof.verify.rounding.error_bound import ErrorBound
from superproof.verify.rounding.number_type import NUMBER_TYPES
from superproof.verify.specification import Specification


def networks(count: int, seed: int) -> Iterator[Network]:
    """Random float32 networks: noisy, with whole numbers, averages of copies, many magnitudes."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        inputs = int(rng.integers(1, 7))
        hidden = [int(h) for h in rng.integers(1, 40, rng.integers(0, 3))]
        shapes = list(itertools.pairwise([inputs, *hidden, 1]))
        weights, biases = [], []
        for fan_in, width in shapes:
            if number % 4 == 1:
                weight, bias = rng.integers(-2, 3, (width, fan_in)), rng.integers(-2, 3, width)
            else:
                weight, bias = rng.normal(size=(width, fan_in)), rng.normal(size=width)
            if number % 4 == 2:
                weight = np.broadcast_to(1 / rng.integers(3, 40), (width, fan_in))
            if number % 4 == 3:
                weight = weight * 2.0 ** rng.integers(-12, 12, weight.shape)
            weights.append(np.array(weight, dtype=np.float32))
            biases.append(np.array(bias, dtype=np.float32))
        yield Network.from_arrays(weights, biases)


def near_a_level(network: Network, points: np.ndarray, rng: np.random.Generator) -> Fraction:
    """A threshold about as far from one of the network's values as rounding can move it."""
    value = rng.choice(network.evaluate(points)[:, 0])
    domain = Domain(tuple(f"x{i}" for i in range(network.input_size)))
    error = ErrorBound.of(network, domain, NUMBER_TYPES["float32"]).error[0]
    # a float32, which frameworks compare with as it is
    level = np.float32(float(value) + float(error) * rng.choice([-1.1, -0.2, 0.2, 1.1]))
    return Fraction(float(level))


def permuted(network: Network, rng: np.random.Generator) -> Network:
    """The same function with the neurons of every hidden layer in another order."""
    weights = [layer.weight for layer in network.layers]
    biases = [layer.bias for layer in network.layers]
    for index in range(len(weights) - 1):
        order = rng.permutation(len(biases[index]))
        weights[index], biases[index] = weights[index][order], biases[index][order]
        weights[index + 1] = weights[index + 1][:, order]
    return Network.from_arrays(weights, biases)


def problems(count: int, seed: int) -> Iterator[tuple[Network, np.ndarray, Fraction, np.ndarray]]:
    """Networks, all their inputs, a threshold, and the exact bits, where float32 is guaranteed."""
    rng = np.random.default_rng(seed)
    found = 0
    for network in networks(count, seed):
        size = network.input_size
        points = (np.arange(1 << size)[:, None] >> np.arange(size)) & 1
        level = near_a_level(network, points, rng)
        verdict = check(network, Specification(size, ["true"], readout=level), threads=1)
        if verdict.executions[0].guaranteed:
            found += 1
            yield network, points, level, network.evaluate(points)[:, 0] > level
    # a test in which hardly anything is guaranteed would say little
    assert found > count // 4


@pytest.fixture
def torch() -> Iterator[ModuleType]:
    """torch with one thread: the products are tiny."""
    module: ModuleType = pytest.importorskip("torch")
    threads = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(threads)


def test_torch_never_contradicts_a_guarantee(torch: ModuleType) -> None:
    rng = np.random.default_rng(1)
    for network, points, level, bits in problems(1500, 11):
        for same in (network, permuted(network, rng)):
            x = torch.tensor(points, dtype=torch.float32)
            layers = [tuple(map(torch.tensor, (la.weight, la.bias))) for la in same.layers]
            few = [np.array([row]) for row in rng.permutation(len(x))[:3]]
            for rows in (np.arange(len(x)), *few):
                value = x[torch.from_numpy(rows)]
                for index, (weight, bias) in enumerate(layers):
                    value = torch.nn.functional.linear(value, weight, bias)
                    value = torch.relu(value) if index < len(layers) - 1 else value
                assert ((value[:, 0] > float(level)).numpy() == bits[rows]).all()


def test_onnxruntime_never_contradicts_a_guarantee(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    rng = np.random.default_rng(2)
    path = tmp_path / "network.onnx"
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    for network, points, level, bits in problems(1000, 12):
        for same in (network, permuted(network, rng)):
            same.save(path)
            session = runtime.InferenceSession(path.read_bytes(), options)
            name = session.get_inputs()[0].name
            (values,) = session.run(None, {name: points.astype(np.float32)})
            assert ((values[:, 0] > np.float32(level)) == bits).all()
            for row in rng.permutation(len(points))[:3]:
                (values,) = session.run(None, {name: points[row : row + 1].astype(np.float32)})
                assert (values[0, 0] > np.float32(level)) == bits[row]


def test_frameworks_do_go_wrong_without_one(torch: ModuleType) -> None:
    """The networks of the guide to exactness: averages of copies near their level."""
    wrong = 0
    for copies in range(2, 65):
        weights = [np.ones((copies, 2), np.float32), np.full((1, copies), np.float32(1 / copies))]
        network = Network.from_arrays(weights, [-np.ones(copies, np.float32), None])
        exact = network.evaluate([1, 1])[0]
        hidden = torch.relu(torch.ones(1, 2) @ torch.tensor(weights[0]).T - 1)
        executed = Fraction(float((hidden @ torch.tensor(weights[1]).T)[0, 0]))
        if (executed >= 1) != (exact >= 1) or (executed > 1) != (exact > 1):
            wrong += 1
            verdict = check(network, Specification(2, ["x0 & x1"], readout=1))
            assert not verdict.executions[0].guaranteed
    assert wrong > 0
