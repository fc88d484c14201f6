"""A construction: a network with the specification that it provably meets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..verify.certificate import check_destination, write_certificate
from ..verify.check import check
from ..verify.errors import InputError, ProofError
from ..verify.network import Network
from ..verify.problem import Problem
from ..verify.specification import Specification
from ..verify.verdict import CertificateFile, Verdict, package_version

#: The network's file; sparse weights are kept in the second, where ONNX would be huge.
NETWORK_FILE, SPARSE_FILE = "network.onnx", "network.npz"
SPECIFICATION_FILE = "spec.toml"
CERTIFICATE_FILE = "certificate"
REPORT_FILE = "report.json"


@dataclass(frozen=True)
class Matrix:
    """What one array of a network costs, and what it depends on.

    Attributes:
        name: the array, e.g. ``code``.
        shape: its numbers, by axis; () for one number.
        holds: ``function`` where it depends on the function to compute, ``seed`` where it is
            drawn before the function is known and costs nothing.
        entry_bits: of one number, when it holds the function.
        bits: of all numbers; 0 when it does not.
    """

    name: str
    shape: tuple[int, ...]
    holds: str
    entry_bits: float
    bits: int


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
        matrices: which arrays hold the function, and their bits.
        proved_by: the engine of ``check`` whose complete criterion went through before delivery,
            or ``channel``, a search that no independent checker repeats.
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
    matrices: tuple[Matrix, ...] = ()
    proved_by: str = ""

    @cached_property
    def problem(self) -> Problem:
        """Network and specification together, ready for an engine."""
        return Problem(self.network, self.specification)

    @property
    def neurons(self) -> int:
        """Neurons of the hidden layers, without linear ones where others are."""
        layers = self.network.layers[:-1]
        some = sum(layer.width for layer in layers if layer.activation != "identity")
        return some or self.network.neurons

    @property
    def ratio(self) -> float:
        """Total bits over the bits of the counting bound on the same instance."""
        return float(self.total_bits / max(self.lower_bound["bits"], 1))

    def report(self) -> dict[str, Any]:
        """The facts as JSON data; ``report.json`` adds what became of the certificate."""
        return {
            "kind": self.kind,
            "form": self.form,
            "inputs": self.network.input_size,
            "outputs": self.network.output_size,
            "active": self.active,
            "neurons": self.neurons,
            "weight_bits": self.weight_bits,
            "total_bits": self.total_bits,
            "matrices": [asdict(matrix) for matrix in self.matrices],
            "lower_bound": dict(self.lower_bound),
            "bits_over_bound": self.ratio,
            "certified": True,
            "certified_how": self.certified_how,
            "seed": self.seed,
            "parameters": dict(self.parameters),
            "sha256": self.problem.sha256,
            "version": package_version(),
        }

    def write(self, folder: str | Path) -> Path:
        """Write network, ``spec.toml``, ``certificate`` and ``report.json``; no other file changes.

        Where the independent checkers have no way to prove it, there is no certificate, and the
        report says why.

        The network's file is ``network.onnx``, or ``network.npz`` where its weights are sparse.

        Returns the folder, which is made when missing. Raises InputError when it cannot be, and
        when it holds a network in the other format, for nobody could tell which is meant, or a
        file named ``certificate`` that is none.
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
        check_destination(path / CERTIFICATE_FILE)
        self.network.save(path / file)
        self.specification.save(path / SPECIFICATION_FILE)
        report = self.report() | {"certificate": self._certify(path / CERTIFICATE_FILE).to_json()}
        report["certificate"] |= {"file": report["certificate"]["file"] and CERTIFICATE_FILE}
        text = json.dumps(report, indent=2, allow_nan=False)
        (path / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
        return path

    def _certify(self, path: Path) -> CertificateFile:
        """Write the certificate for what was proved before delivery, if there can be one."""
        if self.proved_by == "channel":
            path.unlink(missing_ok=True)
            return CertificateFile(None, 0, "no independent checker evaluates a channel this large")
        if self.proved_by:
            right = dict.fromkeys(self.specification.outputs, 0)
            verdict = Verdict("holds", self.proved_by, None, 0, right)
        else:
            verdict = check(self.network, self.specification, dtypes=())
        if not verdict.holds:
            raise ProofError(f"the network does not compute its specification: {verdict.status}")
        return write_certificate(self.problem, verdict, path)

    def __repr__(self) -> str:
        return (
            f"Construction({self.form} {self.kind}, {self.network.input_size} inputs, "
            f"{self.network.output_size} outputs, at most {self.active} active, "
            f"{self.neurons} neurons)"
        )
