"""A construction: a network with the specification that it provably meets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..verify.errors import InputError
from ..verify.network import Network
from ..verify.problem import Problem
from ..verify.specification import Specification
from ..verify.verdict import package_version

#: The network's file; sparse weights are kept in the second, where ONNX would be huge.
NETWORK_FILE, SPARSE_FILE = "network.onnx", "network.npz"
SPECIFICATION_FILE = "spec.toml"
REPORT_FILE = "report.json"


@dataclass(frozen=True, eq=False)
class Construction:
    """A network, what it computes, what it cost, and why it is right.

    Builders hand one over only after its proof went through.

    Attributes:
        kind: what it computes, e.g. ``pairwise-and``.
        form: how, e.g. ``plain``.
        network, specification: what was built; the specification carries the domain.
        active: the largest number of active inputs, v.
        seed: seed of every random choice.
        weight_bits: bits that one weight takes.
        total_bits: bits of all weights; biases that follow from the weights are free.
        lower_bound: ``bits`` and ``neurons`` (at the same weight bits), and for which networks.
        certified_how: the proof that was checked before delivery.
        parameters: everything else worth recording, JSON values.
    """

    kind: str
    form: str
    network: Network
    specification: Specification
    active: int
    seed: int
    weight_bits: int
    total_bits: int
    lower_bound: Mapping[str, Any]
    certified_how: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def problem(self) -> Problem:
        """Network and specification together, ready for an engine."""
        return Problem(self.network, self.specification)

    @property
    def neurons(self) -> int:
        """Hidden neurons."""
        return self.network.neurons

    def report(self) -> dict[str, Any]:
        """The facts as JSON data; ``report.json`` holds exactly this."""
        return {
            "kind": self.kind,
            "form": self.form,
            "inputs": self.network.input_size,
            "outputs": self.network.output_size,
            "active": self.active,
            "neurons": self.neurons,
            "weight_bits": self.weight_bits,
            "total_bits": self.total_bits,
            "lower_bound": dict(self.lower_bound),
            "certified": True,
            "certified_how": self.certified_how,
            "seed": self.seed,
            "parameters": dict(self.parameters),
            "sha256": self.problem.sha256,
            "version": package_version(),
        }

    def write(self, folder: str | Path) -> Path:
        """Write the network, ``spec.toml`` and ``report.json``; other files stay untouched.

        The network's file is ``network.onnx``, or ``network.npz`` where its weights are sparse.
        Returns the folder, which is made when missing. Raises InputError when it cannot be, and
        when it holds a network in the other format, for nobody could tell which is meant.
        """
        path = Path(folder)
        file, other = NETWORK_FILE, SPARSE_FILE
        if self.network.sparse:
            file, other = other, file
        if (path / other).exists():
            raise InputError(
                f"{path}: holds {other} already, and this network goes into {file}; remove it, or "
                "name another folder"
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise InputError(f"{path}: a file of that name is in the way; name a folder") from None
        except OSError as error:
            raise InputError(f"{path}: cannot make the folder: {error.strerror}") from None
        self.network.save(path / file)
        self.specification.save(path / SPECIFICATION_FILE)
        text = json.dumps(self.report(), indent=2, allow_nan=False)
        (path / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return (
            f"Construction({self.form} {self.kind}, {self.network.input_size} inputs, "
            f"{self.network.output_size} outputs, at most {self.active} active, "
            f"{self.neurons} neurons)"
        )
