"""``superproof info`` and ``superproof export``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from superproof import Network, Problem, Specification

from .conftest import BIASES, WEIGHTS, Run


def test_info_describes_every_layer(superproof: Run, folder: Path) -> None:
    answer = superproof("info", folder / "network.npz")
    assert answer.code == 0
    rows = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "0 4 to 2 relu float32 1 bit x 2^0 1 bit x 2^0 62.5%" in rows
    assert "1 2 to 2 identity float32 1 bit x 2^0 1 bit x 2^0 50%" in rows
    assert "all 16 inputs: 'auto' tries enumerate; to enumerate them takes" in answer.out


def test_info_as_json(superproof: Run, folder: Path) -> None:
    data = json.loads(superproof("info", folder, "--json").out)
    assert data["file"] == str(folder / "network.npz")
    assert (data["inputs"], data["hidden_neurons"], data["outputs"]) == (4, 2, 2)
    assert data["parameters"] == 16
    assert (data["weights"], data["zero_weights"]) == (12, 7)
    assert data["layers"][0]["weight"] == {"mantissa_bits": 1, "exponent": 0}
    assert 0 < data["engines"].pop("enumeration_seconds") < 1
    assert data["engines"] == {
        "domain": "all",
        "domain_size": 16,
        "candidates": 16,
        "enumerable": True,
        "auto": ["enumerate"],
    }


def test_info_on_a_folder_is_about_its_domain(superproof: Run, folder: Path) -> None:
    spec = folder / "spec.toml"
    text = spec.read_text(encoding="utf-8")
    for domain, told in (
        ("exactly 2", "domain 'exactly 2', 6 inputs: "),
        ("where a & b & c & d", "domain 'where a & b & c & d', 1 input among 16 candidates: "),
    ):
        spec.write_text(f'domain = "{domain}"\n{text}', encoding="utf-8")
        assert superproof("info", folder).out.splitlines()[-1].startswith(told)
    assert "all 16 inputs: " in superproof("info", folder / "network.npz").out
    spec.write_text(text.replace("y1", "y2 ="), encoding="utf-8")
    assert "spec.toml" in superproof("info", folder).complaint


def test_one_of_a_thing_is_singular(superproof: Run, tmp_path: Path) -> None:
    model = tmp_path / "one.npz"
    np.savez(model, **{"0.weight": np.ones((1, 1)), "0.bias": np.zeros(1)})
    answer = superproof("info", model)
    assert ": 1 input, 0 hidden neurons, 1 output, 2 parameters, " in answer.out


def test_exact_widths_of_awkward_weights(superproof: Run, tmp_path: Path) -> None:
    model = tmp_path / "wide.npz"
    weight = np.array([[1.0, 2.0**-1000, 0.75]], dtype=np.float64)
    np.savez(model, **{"0.weight": weight, "0.bias": np.zeros(1)})
    layer = json.loads(superproof("info", model, "--json").out)["layers"][0]
    assert layer["weight"] == {"mantissa_bits": 1001, "exponent": -1000}
    assert layer["bias"] == {"mantissa_bits": 0, "exponent": 0}
    assert "1,001 bits x 2^-1000" in superproof("info", model).out


def test_info_on_networks_too_large_to_enumerate(superproof: Run, tmp_path: Path) -> None:
    told = []
    for inputs in (36, 41):
        model = tmp_path / f"{inputs}.npz"
        np.savez(model, **{"0.weight": np.ones((1, inputs)), "0.bias": np.zeros(1)})
        told.append(superproof("info", model).out.splitlines()[-1])
    assert told[0].startswith("all 68,719,476,736 inputs: ")
    assert "'auto' tries tree and then enumerate; to enumerate them takes about" in told[0]
    assert "'auto' tries tree and then z3; too many to enumerate" in told[1]


def test_export_is_the_canonical_problem(superproof: Run, folder: Path) -> None:
    answer = superproof("export", folder)
    assert answer.code == 0
    problem = Problem(
        Network.load(folder / "network.npz"), Specification.load(folder / "spec.toml")
    )
    data = json.loads(answer.out)
    assert data == problem.canonical()
    assert list(data) == sorted(data)
    layer = data["network"]["layers"][0]
    mantissas = np.array(layer["weight"]["mantissas"]).reshape(layer["shape"])
    assert (mantissas * 2.0 ** layer["weight"]["exponent"] == WEIGHTS[0]).all()
    assert layer["bias"]["mantissas"] == [int(b) for b in BIASES[0]]


def test_export_to_a_file(superproof: Run, folder: Path) -> None:
    out = folder / "problem.json"
    answer = superproof("export", folder / "network.npz", folder / "spec.toml", "--out", out)
    assert (answer.code, answer.out) == (0, "")
    assert out.read_text(encoding="utf-8") == superproof("export", folder).out


def test_export_writes_numbers_of_any_length(superproof: Run, folder: Path) -> None:
    weight = WEIGHTS[0].astype(np.float64)
    weight[0, 0], weight[0, 1] = 2.0**1000, 2.0**-1074
    arrays = {"0.weight": weight, "0.bias": BIASES[0].astype(np.float64)}
    arrays |= {"1.weight": WEIGHTS[1].astype(np.float64), "1.bias": BIASES[1].astype(np.float64)}
    np.savez(folder / "network.npz", **arrays)
    layer = json.loads(superproof("export", folder).out)["network"]["layers"][0]
    assert layer["weight"] == {
        "exponent": -1074,
        "mantissas": [2**2074, 1, 0, 0, 0, 0, 2**1074, 0],
    }
