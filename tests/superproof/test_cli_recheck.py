"""``superproof check --certificate`` and ``superproof recheck``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from superproof.verify import recheck

from .conftest import BIASES, Run, write_network


def test_a_right_network_is_certified(superproof: Run, folder: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    answer = superproof("check", folder, "--certificate", proof)
    assert answer.code == 0
    size = proof.stat().st_size
    assert f"certificate: {proof}, {size} bytes, all inputs evaluated\n" in answer.out
    answer = superproof("recheck", folder, proof)
    assert (answer.code, answer.out) == (0, "accepted: holds (all inputs evaluated)\n")
    answer = superproof("recheck", folder / "network.npz", folder / "spec.toml", proof)
    assert answer.code == 0


def test_a_wrong_network_is_certified(superproof: Run, damaged: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    answer = superproof("check", damaged, "--certificate", proof, "--json")
    assert answer.code == 1
    verdict = json.loads(answer.out)
    assert verdict["certificate"] == {
        "file": str(proof),
        "bytes": proof.stat().st_size,
        "evidence": "1 input",
    }
    answer = superproof("recheck", damaged, proof)
    assert (answer.code, answer.out) == (0, "accepted: violated (1 input evaluated)\n")
    counted = superproof("check", damaged, "--certificate", proof, "--json", "--count")
    number = json.loads(counted.out)["violations"]
    answer = superproof("recheck", damaged, proof)
    assert answer.out == (f"accepted: violated on exactly {number} inputs (all inputs evaluated)\n")


def test_another_network_is_named(superproof: Run, folder: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    superproof("check", folder, "--certificate", proof)
    # the same function, but not the same numbers
    write_network(folder / "network.npz", (BIASES[0], np.array([0, 2], dtype=np.float32)))
    answer = superproof("recheck", folder, proof)
    assert answer.code == 1
    assert answer.out == "rejected: it is about another network (the hashes differ)\n"
    assert answer.err == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", recheck.MAGIC, recheck.MAGIC + b"x" * 99])
def test_malformed_certificates_are_rejected(
    superproof: Run, folder: Path, tmp_path: Path, content: bytes
) -> None:
    proof = tmp_path / "proof"
    proof.write_bytes(content)
    answer = superproof("recheck", folder, proof)
    assert answer.code == 1
    assert answer.out.startswith("rejected: it ")
    assert len(answer.out.splitlines()) == 1


def test_bad_input_is_one_line(superproof: Run, folder: Path, tmp_path: Path) -> None:
    assert superproof("recheck", folder, tmp_path / "none").code == 2
    assert str(tmp_path / "none") in superproof("recheck", folder, tmp_path / "none").complaint
    assert superproof("recheck", folder).code == 2
    assert superproof("recheck", tmp_path / "none", tmp_path / "none").code == 2
    four = (folder, folder / "spec.toml", folder / "spec.toml", folder / "spec.toml")
    assert superproof("recheck", *four).code == 2
    answer = superproof("check", folder, "--certificate", tmp_path / "no" / "proof")
    assert answer.code == 2
    assert "there is no folder" in answer.complaint
    answer = superproof("check", folder, "--certificate", tmp_path)
    assert answer.code == 2
    assert answer.complaint


def test_the_exported_problem_and_the_file_alone(
    superproof: Run, folder: Path, tmp_path: Path
) -> None:
    """What the documentation says to do on a machine with nothing installed."""
    proof, problem = tmp_path / "proof", tmp_path / "problem.json"
    superproof("check", folder, "--certificate", proof)
    superproof("export", folder, "--out", problem)
    command = [sys.executable, "-I", recheck.__file__, str(problem), str(proof)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stdout) == (0, "accepted: holds (all inputs evaluated)\n")
    assert done.stderr == ""
