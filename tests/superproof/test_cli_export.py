"""``superproof export`` in other formats than JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import z3

from superproof import Network, Problem, Specification

from .conftest import Run


def problem_of(folder: Path) -> Problem:
    spec = Specification.load(folder / "spec.toml")
    return Problem(Network.load(folder / "network.npz"), spec)


def test_all_forms_at_once(superproof: Run, folder: Path) -> None:
    paths = {name: folder / f"q.{name}" for name in ("json", "smt2", "vnnlib")}
    answer = superproof(
        *("export", folder, "--out", paths["json"]),
        *("--smtlib", paths["smt2"], "--vnnlib", paths["vnnlib"]),
    )
    assert answer.code == 0
    network = folder / "q.onnx"
    assert answer.out == f"{paths['vnnlib']}: for solvers, with --network N={network}\n"
    problem = problem_of(folder)
    assert json.loads(paths["json"].read_text(encoding="utf-8")) == problem.canonical()
    solver = z3.Solver()
    solver.from_file(str(paths["smt2"]))
    assert solver.check() == z3.unsat
    for name in ("smt2", "vnnlib"):
        text = paths[name].read_text(encoding="utf-8")
        assert all(digest in text for digest in problem.sha256.values())
    assert Problem(Network.load(network), problem.specification).sha256 == problem.sha256


def test_a_violated_problem_is_satisfiable(superproof: Run, folder: Path) -> None:
    spec = folder / "spec.toml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("a & b", "a | b"), encoding="utf-8")
    script = folder / "q.smt2"
    answer = superproof("export", folder, "--smtlib", script)
    assert (answer.code, answer.out) == (0, "")
    solver = z3.Solver()
    solver.from_file(str(script))
    assert solver.check() == z3.sat
    model = {str(d).strip("|"): z3.is_true(solver.model()[d]) for d in solver.model().decls()}
    point = np.array([[model.get(f"input {name}", False) for name in "abcd"]], dtype=np.uint8)
    assert problem_of(folder).margins(point)[1].any()


def test_a_proved_float_type(superproof: Run, folder: Path) -> None:
    query = folder / "q.vnnlib"
    answer = superproof("export", folder, "--vnnlib", query, "--vnnlib-type", "float32")
    assert answer.code == 0
    assert "(declare-input X float32 [1,4])" in query.read_text(encoding="utf-8")


def test_an_onnx_model_is_named_and_kept(superproof: Run, folder: Path) -> None:
    model = problem_of(folder).network.save(folder / "mine.onnx")
    before = model.read_bytes()
    query = folder / "mine.vnnlib"
    answer = superproof("export", model, folder / "spec.toml", "--vnnlib", query)
    assert answer.out == f"{query}: for solvers, with --network N={model}\n"
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--smtlib", "{0}/no/q.smt2"), "{0}/no/q.smt2: cannot be written: No such file"),
        (("--smtlib", "{0}"), "{0}: cannot be written: Is a directory"),
        (("--vnnlib", "{0}/no/q.vnnlib"), "q.onnx beside it cannot be written: No such file"),
        (("--vnnlib", "/"), "/: cannot be written: Is a directory"),
        (("--out", "{0}/no/q.json"), "{0}/no/q.json: No such file or directory"),
        (("--smtlib", "{0}/spec.toml"), "{0}/spec.toml: is also the file that is read"),
        (("--out", "{0}/network.npz"), "{0}/network.npz: is also the file that is read"),
        (("--out", "{0}/q", "--smtlib", "{0}/q"), "--smtlib {0}/q: is also the file of --out"),
        (
            ("--out", "{0}/q.onnx", "--vnnlib", "{0}/q.vnnlib"),
            "--out {0}/q.onnx: is also the file for the network of --vnnlib; name another",
        ),
        (("--vnnlib", "{0}/q.onnx"), "is also the file for the network of --vnnlib"),
        (("--vnnlib-type", "float32"), "--vnnlib-type says what --vnnlib FILE declares"),
        (
            ("--vnnlib", "{0}/q.vnnlib", "--vnnlib-type", "half"),
            "unknown element type 'half'; use one of real, float32, float64",
        ),
        (
            ("--vnnlib", "{0}/q.vnnlib", "--vnnlib-type", "float64"),
            "float64: the network's file holds float32; use the element type real",
        ),
    ],
)
def test_bad_input(superproof: Run, folder: Path, words: tuple[str, ...], told: str) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    answer = superproof("export", folder, *(word.format(folder) for word in words))
    assert answer.code == 2
    assert told.format(folder) in answer.complaint
    assert answer.out == ""
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_script_imports_no_solver(folder: Path) -> None:
    code = (
        "import sys; from superproof.cli import main; "
        f"main(['export', {str(folder)!r}, '--smtlib', {str(folder / 'q.smt2')!r}]); "
        "sys.exit(bool({'z3', 'torch', 'sympy', 'onnx'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
