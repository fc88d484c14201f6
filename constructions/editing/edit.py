"""An edited network, its proof, and the files that carry both."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...verify.certificate import check_destination, write_certificate
from ...verify.comparison.compare import compare
from ...verify.comparison.comparison import Comparison, ForgottenClaim
from ...verify.engines.engine import Progress
from ...verify.errors import InputError
from ...verify.network import Network
from ...verify.problem import Problem
from ...verify.verdict import CertificateFile, Verdict, package_version
from ...verify.verdict_text import amount
from ..construction import CERTIFICATE_FILE, REPORT_FILE, SPECIFICATION_FILE
from .target import Target

#: Evidence for the whole claim: target gone, everything else as before.
CLAIM_FILE = "claim-certificate"
#: The network's file, by the suffix of the one that was edited.
NETWORK_FILES = {suffix: f"network{suffix}" for suffix in (".onnx", ".safetensors", ".npz")}


@dataclass(frozen=True, eq=False)
class Edit:
    """A network from which a clause was removed, not yet proved.

    Attributes:
        method: how.
        target: the clause.
        before, network: before and after.
        facts: what was done, JSON values.
        seed: of every random choice; None where there was none.
    """

    method: str
    target: Target
    before: Network
    network: Network
    facts: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    @property
    def added(self) -> int:
        """Neurons added."""
        return self.network.neurons - self.before.neurons

    def prove(
        self,
        *,
        engine: str = "auto",
        timeout: float | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Judged:
        """Decide on every input of the domain whether the clause is gone and nothing else changed.

        Arguments and errors as for :func:`superproof.verify.comparison.compare.compare`.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / CLAIM_FILE
            found = compare(
                self.before,
                self.network,
                self.target.specification,
                forgotten=[self.target.name],
                engine=engine,
                timeout=timeout,
                threads=threads,
                progress=progress,
                certificate=path,
            )
            evidence = path.read_bytes() if path.exists() else b""
        return Judged(self, found, evidence)


@dataclass(frozen=True, eq=False)
class Judged:
    """An edit and the exact verdict on it.

    Attributes:
        edit: the edit.
        comparison: of the networks before and after.
        evidence: the certificate of the comparison, as the file's bytes; empty where there is none.
    """

    edit: Edit
    comparison: Comparison
    evidence: bytes = b""

    @cached_property
    def claim(self) -> ForgottenClaim:
        """Target gone, everything else as before?"""
        assert self.comparison.claim is not None
        return self.comparison.claim

    @property
    def proved(self) -> bool:
        """True only where it is proved."""
        return self.claim.status == "holds"

    @property
    def reason(self) -> str:
        """Why it is not proved, in a sentence; empty where it is."""
        if self.proved:
            return ""
        if self.claim.status == "unknown":
            return "; ".join(self.comparison.notes) or "the engine did not decide it"
        parts = []
        name = self.edit.target.name
        for count, examples, what in (
            (self.claim.residual, self.claim.residual_examples, f"{name} is still computed on"),
            (self.claim.damage, self.claim.damage_examples, "something else changes on"),
        ):
            if count or examples:
                many = amount(count, "input") if count else "some inputs"
                shown = f", such as {examples[0].text}" if examples else ""
                parts.append(f"{what} {many}{shown}")
        text = "after the edit " + " and ".join(parts)
        if self.comparison.a_computes is False:
            text += "; the network before it does not compute its specification"
        return text

    def report(self) -> dict[str, Any]:
        """The facts as JSON data."""
        edit, target = self.edit, self.edit.target
        status = {"holds": "proved", "fails": "refused", "unknown": "unknown"}[self.claim.status]
        return {
            "kind": "unlearn",
            "method": edit.method,
            "clause": target.name,
            "formula": str(target.formula),
            "status": status,
            "reason": self.reason,
            "domain_size": self.comparison.domain_size,
            "target_inputs": self.claim.inputs[target.specification.outputs[target.output]],
            "residual": self.claim.residual,
            "damage": self.claim.damage,
            "computed_before": self.comparison.a_computes,
            "neurons": [edit.before.neurons, edit.network.neurons],
            "facts": dict(edit.facts),
            "decided_by": self.comparison.how,
            "seconds": round(self.comparison.seconds, 6),
            "seed": edit.seed,
            "sha256": self.comparison.sha256,
            "version": package_version(),
        }

    def write(self, folder: Path, suffix: str = ".onnx") -> dict[str, Any]:
        """Write the network, ``spec.toml`` without the clause, certificates and ``report.json``.

        ``certificate`` is evidence that the network computes ``spec.toml``; there is none where
        the network before the edit did not compute its specification. ``claim-certificate`` is
        evidence of the comparison with the network before.

        Args:
            folder: is made when missing.
            suffix: of the network's file.

        Returns:
            what ``report.json`` says.

        Raises:
            ValueError: the edit is not proved.
            InputError: as for :func:`require_room`.
        """
        if not self.proved:
            raise ValueError("an edit that is not proved is not handed over")
        require_room(folder, suffix)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: cannot make the folder: {error.strerror}") from None
        edit = self.edit
        edit.network.save(folder / NETWORK_FILES[suffix])
        edit.target.remaining.save(folder / SPECIFICATION_FILE)
        files = {
            "certificate": self._certify(folder / CERTIFICATE_FILE),
            "claim_certificate": self._certify_claim(folder / CLAIM_FILE),
        }
        report = self.report() | {name: file.to_json() for name, file in files.items()}
        text = json.dumps(report, indent=2, allow_nan=False)
        (folder / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
        return report

    def _certify(self, path: Path) -> CertificateFile:
        if self.comparison.a_computes is not True:
            path.unlink(missing_ok=True)
            why = "the network before the edit is not known to compute its specification"
            return CertificateFile(None, 0, why)
        problem = Problem(self.edit.network, self.edit.target.remaining)
        names = problem.specification.outputs
        size = self.comparison.domain_size
        verdict = Verdict("holds", "tree", size, 0, dict.fromkeys(names, 0), sha256=problem.sha256)
        return _named(write_certificate(problem, verdict, path), path)

    def _certify_claim(self, path: Path) -> CertificateFile:
        written = self.comparison.certificate
        assert written is not None
        if written.path is None:
            path.unlink(missing_ok=True)
            return written
        path.write_bytes(self.evidence)
        return _named(written, path)


def require_room(folder: Path, suffix: str) -> None:
    """Raise InputError where the folder's files are others'.

    Files of an earlier edit (there is a ``report.json`` of one) may be replaced, unless its
    network is of another format.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: a file of that name is in the way; name a folder")
    report = folder / REPORT_FILE
    ours = report.is_file() and _is_edit(report)
    for name in (*NETWORK_FILES.values(), SPECIFICATION_FILE, REPORT_FILE):
        if (folder / name).exists() and not ours:
            raise InputError(
                f"{folder}: holds {name}, which no earlier edit wrote; name another folder with "
                "--out"
            )
    for name in NETWORK_FILES.values():
        if (folder / name).exists() and name != NETWORK_FILES[suffix]:
            raise InputError(
                f"{folder}: holds {name} already, and this network goes into "
                f"{NETWORK_FILES[suffix]}; remove it, or name another folder with --out"
            )
    if folder.exists():
        for name in (CERTIFICATE_FILE, CLAIM_FILE):
            check_destination(folder / name)


def _is_edit(report: Path) -> bool:
    try:
        return bool(json.loads(report.read_text(encoding="utf-8"))["kind"] == "unlearn")
    except (ValueError, KeyError, TypeError):
        return False


def _named(file: CertificateFile, path: Path) -> CertificateFile:
    """The same, with the name in the folder instead of the whole path."""
    return replace(file, path=path.name) if file.path is not None else file
