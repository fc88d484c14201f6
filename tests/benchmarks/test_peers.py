"""The engines that the benchmark compares."""

from __future__ import annotations

import tomllib
from pathlib import Path

from benchmarks.peers import EXTRA, PEERS, Peer

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_a_missing_solver_is_a_sentence_that_names_the_extra() -> None:
    peer = Peer("nobody", "nobody", ("no_such_module", "no-such-package"))
    assert peer.missing() == (
        "nobody is skipped: no_such_module is not installed; "
        'pip install "superproof[solvers]" installs no-such-package'
    )
    assert PEERS["z3"].missing() is None


def test_the_extra_holds_every_solver() -> None:
    data = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    extra = data["project"]["optional-dependencies"][EXTRA]
    for peer in PEERS.values():
        if peer.package is not None:
            assert any(line.startswith(peer.package[1] + ">=") for line in extra), peer.name
