"""Bad input through the command line: exit code 2 and one line that says where and what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from .conftest import BIASES, SPECIFICATION, WEIGHTS, Run

OUTPUTS = '[outputs]\ny0 = "a & b"\ny1 = "~c"\n'
INPUTS = 'inputs = ["a", "b", "c", "d"]\n'


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        pytest.param(
            'inputs = ["a", "b", "c"]\n' + OUTPUTS,
            ["network has 4 inputs", "names 3", "network.npz"],
            id="wrong number of inputs",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "a & b"\n',
            ["network has 2 outputs", "names 1", "network.npz"],
            id="wrong number of outputs",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "a & e"\ny1 = "~c"\n',
            ["output 'y0'", "unknown input 'e'"],
            id="unknown name",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "a & & b"\ny1 = "~c"\n',
            ["output 'y0'", "column 5"],
            id="syntax error in a formula",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "a  &  zz"\ny1 = "~c"\n',
            ["output 'y0': formula 'a  &  zz', column 7: unknown input 'zz'"],
            id="unknown name after several spaces",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "a and b"\ny1 = "~c"\n',
            ["column 3", "write & for and"],
            id="another notation",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "a & b"\n"y\\n1" = "~c"\n',
            ["outputs: 'y\\n1' is not a usable name"],
            id="output name of two lines",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "(a & b"\ny1 = "~c"\n',
            ["output 'y0'", "column 7", "')'"],
            id="open parenthesis",
        ),
        pytest.param(
            INPUTS + 'domian = "all"\n' + OUTPUTS,
            ["domian", "domain"],
            id="unknown key",
        ),
        pytest.param(
            INPUTS + OUTPUTS + "[readout]\ntreshold = 1\n",
            ["treshold", "threshold"],
            id="unknown read-out key",
        ),
        pytest.param(
            INPUTS + "domain = { at_mots = 1 }\n" + OUTPUTS,
            ["at_mots", "at_most"],
            id="unknown domain key",
        ),
        pytest.param(
            INPUTS + 'domain = { where = "a & ~a" }\n' + OUTPUTS,
            ["domain: empty"],
            id="empty domain",
        ),
        pytest.param(
            INPUTS + "domain = { at_least = 3, at_most = 2 }\n" + OUTPUTS,
            ["domain: empty"],
            id="contradicting counts",
        ),
        pytest.param(
            INPUTS + OUTPUTS + "[readout]\ntrue_at_least = 0.25\nfalse_at_most = 0.75\n",
            ["false_at_most", "below", "true_at_least"],
            id="levels in the wrong order",
        ),
        pytest.param(
            INPUTS + OUTPUTS + "[readout]\ntrue_at_least = 0.5\nfalse_at_most = 0.5\n",
            ["false_at_most", "below", "true_at_least"],
            id="levels that touch",
        ),
        pytest.param(
            INPUTS + OUTPUTS + "[readout]\ntrue_at_least = 0.5\n",
            ["false_at_most"],
            id="one level only",
        ),
        pytest.param(
            INPUTS + OUTPUTS + "[readout]\nthreshold = nan\n",
            ["nan", "finite"],
            id="threshold that is no number",
        ),
        pytest.param(
            INPUTS + 'domain = "at most 5"\n' + OUTPUTS,
            ["at most 5", "out of range", "4 inputs"],
            id="k out of range in the domain",
        ),
        pytest.param(
            INPUTS + 'domain = "exactly -1"\n' + OUTPUTS,
            ["exactly -1", "out of range"],
            id="negative k",
        ),
        pytest.param(
            INPUTS + '[outputs]\ny0 = "atleast(3, a, b)"\ny1 = "~c"\n',
            ["output 'y0'", "column 9", "only 2 operands"],
            id="k out of range in a formula",
        ),
        pytest.param(INPUTS + "[outputs]\n", ["output"], id="zero outputs"),
        pytest.param(INPUTS, ["output"], id="no outputs table"),
        pytest.param(OUTPUTS, ["inputs"], id="no inputs"),
        pytest.param('inputs = ["a", "a", "c", "d"]\n' + OUTPUTS, ["'a'", "twice"], id="repeated"),
        pytest.param("inputs = 0\n" + OUTPUTS, ["inputs"], id="no inputs at all"),
        pytest.param('inputs = ["a", \n[outputs', ["line"], id="no TOML"),
        pytest.param("", ["missing key"], id="empty file"),
    ],
)
def test_bad_specifications(
    superproof: Run, folder: Path, specification: str, words: list[str]
) -> None:
    (folder / "spec.toml").write_text(specification, encoding="utf-8")
    for command in ("check", "export"):
        answer = superproof(command, folder)
        assert answer.code == 2, answer.err
        assert answer.out == ""
        for word in ["spec.toml", *words]:
            assert word in answer.complaint


def _npz(path: Path, **changes: np.ndarray) -> None:
    arrays = {
        "0.weight": WEIGHTS[0],
        "0.bias": BIASES[0],
        "1.weight": WEIGHTS[1],
        "1.bias": BIASES[1],
    }
    np.savez(path, **{**arrays, **changes})


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("array", ["0.weight", "1.bias"])
def test_weights_that_are_not_finite(
    superproof: Run, folder: Path, array: str, number: float
) -> None:
    layer, kind = array.split(".")
    damaged = (WEIGHTS if kind == "weight" else BIASES)[int(layer)].copy()
    damaged.flat[1] = number
    _npz(folder / "network.npz", **{array: damaged})
    for command in ("check", "info"):
        answer = superproof(command, folder)
        assert answer.code == 2
        for word in ("network.npz", f"layer {layer} {kind}", str(number), "finite"):
            assert word in answer.complaint


def test_layers_that_do_not_fit(superproof: Run, folder: Path) -> None:
    _npz(folder / "network.npz", **{"1.weight": np.ones((2, 3), dtype=np.float32)})
    answer = superproof("check", folder)
    assert answer.code == 2
    assert "3 columns" in answer.complaint


def _onnx(path: Path, middle: str, **attributes: object) -> Path:
    """The small network with another node in the place of its ReLU."""
    nodes = [
        helper.make_node("Gemm", ["x", "w0", "b0"], ["z"], name="first", transB=1),
        helper.make_node(middle, ["z"], ["h"], name="the_node", **attributes),
        helper.make_node("Gemm", ["h", "w1", "b1"], ["y"], name="last", transB=1),
    ]
    values = {"w0": WEIGHTS[0], "b0": BIASES[0], "w1": WEIGHTS[1], "b1": BIASES[1]}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        [onnx.numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.mark.parametrize("node", ["Tanh", "Softplus", "Erf", "LeakyRelu"])
def test_unsupported_onnx_nodes_are_named(superproof: Run, folder: Path, node: str) -> None:
    model = _onnx(folder / "model.onnx", node)
    for words in (["check", model, folder / "spec.toml"], ["info", model]):
        answer = superproof(*words)
        assert answer.code == 2
        for word in ("model.onnx", node, "the_node"):
            assert word in answer.complaint


def test_the_onnx_network_itself_is_fine(superproof: Run, folder: Path) -> None:
    model = _onnx(folder / "model.onnx", "Relu")
    assert superproof("check", model, folder / "spec.toml").code == 0


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".onnx"])
def test_truncated_files(superproof: Run, folder: Path, suffix: str) -> None:
    from superproof import Network

    whole = Network.load(folder / "network.npz").save(folder / f"whole{suffix}").read_bytes()
    assert superproof("check", folder / f"whole{suffix}", folder / "spec.toml").code == 0
    broken = folder / f"broken{suffix}"
    for length in sorted({0, 1, 7, 9, len(whole) // 2, len(whole) - 1}):
        broken.write_bytes(whole[:length])
        answer = superproof("info", broken)
        assert answer.code == 2, f"{length} of {len(whole)} bytes: {answer.out}"
        assert broken.name in answer.complaint


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".onnx"])
def test_files_of_another_kind(superproof: Run, folder: Path, suffix: str) -> None:
    other = folder / f"other{suffix}"
    other.write_bytes(b"<!DOCTYPE html><p>404 not found</p>" * 40)
    answer = superproof("info", other)
    assert answer.code == 2
    assert other.name in answer.complaint


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.bin", "model.pkl"])
def test_pickled_checkpoints_are_refused(superproof: Run, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x80\x04N.")
    answer = superproof("check", folder / name, folder / "spec.toml")
    assert answer.code == 2
    assert "safetensors" in answer.complaint


def test_missing_files_and_folders(superproof: Run, folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    two = tmp_path / "two"
    two.mkdir()
    for name in ("network.npz", "network.onnx"):
        (two / name).write_bytes((folder / "network.npz").read_bytes())
    model, spec = folder / "network.npz", folder / "spec.toml"
    cases = [
        ([folder / "nothing.npz", spec], "nothing.npz: no such model file"),
        ([model, folder / "nothing.toml"], "nothing.toml: no such specification file"),
        ([model], "a model file needs a specification"),
        ([empty], "the folder holds no network.onnx"),
        ([two, spec], "network.onnx and network.npz"),
        ([model, empty], "is a folder"),
    ]
    for words, told in cases:
        answer = superproof("check", *words)
        assert answer.code == 2
        assert told in answer.complaint
    spec.unlink()
    assert "spec.toml: no such specification file" in superproof("check", folder).complaint


def test_model_and_specification_in_the_wrong_order(superproof: Run, folder: Path) -> None:
    answer = superproof("check", folder / "spec.toml", folder / "network.npz")
    assert answer.code == 2
    assert "spec.toml" in answer.complaint


def test_a_specification_that_is_no_text(superproof: Run, folder: Path) -> None:
    (folder / "spec.toml").write_bytes(b"\xff\xfe\x00" + SPECIFICATION.encode("utf-16"))
    answer = superproof("check", folder)
    assert answer.code == 2
    assert "spec.toml" in answer.complaint


def test_enumeration_beyond_forty_inputs(superproof: Run, tmp_path: Path) -> None:
    arrays = {"0.weight": np.ones((1, 41), dtype=np.float32), "0.bias": np.zeros(1, np.float32)}
    np.savez(tmp_path / "network.npz", **arrays)
    (tmp_path / "spec.toml").write_text(
        'inputs = 41\n[outputs]\ny0 = "atleast(1, x0, x1)"\n', encoding="utf-8"
    )
    answer = superproof("check", tmp_path, "--engine", "enumerate")
    assert answer.code == 2
    for word in ("--engine enumerate", "41 inputs", "--engine auto"):
        assert word in answer.complaint


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "magic"], "unknown engine 'magic'"),
        (["--timeout", "0"], "timeout must be positive"),
        (["--timeout", "-3"], "timeout must be positive"),
        (["--timeout", "nan"], "timeout must be positive"),
        (["--counterexamples", "1000001"], "--counterexamples"),
        (["--device", "cpu", "--engine", "z3"], "engine 'z3' runs on the processor only"),
        (["--device", "cuda", "--engine", "tree"], "engine 'tree' runs on the processor only"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options(superproof: Run, folder: Path, words: list[str], told: str) -> None:
    answer = superproof("check", folder, *words)
    assert answer.code == 2
    assert told in answer.complaint


def test_output_that_cannot_be_written(superproof: Run, folder: Path) -> None:
    answer = superproof("export", folder, "--out", folder / "no" / "such" / "folder.json")
    assert answer.code == 2
    assert "folder.json" in answer.complaint
