"""Reading a network: every output decoded, repaired and proved, with one certificate for all."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...verify.certificate import SECONDS, checker_of, no_certificate, write_certificate
from ...verify.check import check
from ...verify.errors import InputError
from ...verify.network import Network
from ...verify.problem import Problem, require_fit
from ...verify.readout import Argmax
from ...verify.specification import Specification
from ...verify.verdict import CertificateFile, Verdict
from .hidden_layer import HiddenLayer, hidden_layer
from .interpretation import Interpretation, OutputInterpretation
from .layers import composed, read_stages
from .output import Reader, read_output
from .target import Target
from .threshold import neuron_formulas

#: Outputs that are read one after the other at most.
OUTPUTS = 256
#: Why there is no certificate of a formula that only the pieces of a network prove.
LAYERED = "proved layer by layer; the network as a whole was not decided in time"

Progress = Callable[[int, int], None]


def read_network(
    network: Network,
    specification: Specification | None = None,
    *,
    reader: Reader | None = None,
    certificate: str | Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Interpretation:
    """Read every output of a network as a formula, with a certificate that it is complete.

    Args:
        network: weights that the exact engines can take.
        specification: names of inputs and outputs, domain and read-out; default all inputs
            x0, x1, ..., true above 0. Its formulas, if any, take no part in decoding; they are
            compared with what was read, and are the intended ones where a network has errors.
        reader: settings.
        certificate: file for the certificate; without it, it is made, checked and dropped.
        progress: called with (outputs read, outputs).

    Raises:
        InputError: sizes that do not fit, or more outputs than can be read.
    """
    reader = reader or Reader()
    start = time.monotonic()
    if network.output_size > OUTPUTS:
        raise InputError(
            f"the network has {network.output_size:,} outputs; up to {OUTPUTS} are read one by one"
        )
    if specification is None:
        names = [f"y{j}" for j in range(network.output_size)]
        specification = Specification(network.input_size, dict.fromkeys(names))
    require_fit(network, specification)
    seconds = reader.limits.timeout
    deadline = None if seconds is None else start + seconds
    stages = read_stages(network, specification, reader)
    neurons = neuron_formulas(network, specification.domain) if len(network.layers) == 2 else []
    found: list[OutputInterpretation] = []
    verdict: Verdict | None = None
    for output in range(network.output_size):
        progress(output, network.output_size)
        left = network.output_size - output
        own = reader.within(deadline, left)
        target = Target.of(network, specification, output, reader.threads)
        proposed = (
            composed(network, specification, output, stages, own, target.usage) if stages else None
        )
        one, verdict = read_output(
            target,
            _layer(network, specification, output),
            reader.within(deadline, left),
            given=specification.formulas[output] if specification.formulas else None,
            proposed=proposed,
            neurons=tuple(neurons),
        )
        found.append(one)
    formulas = {one.name: one.formula for one in found if one.formula is not None}
    whole: Specification | None = None
    written: CertificateFile | None = None
    accepted, before = "", time.monotonic()
    if len(formulas) == len(found):
        whole = Specification(
            specification.inputs,
            formulas,
            domain=specification.domain,
            readout=specification.readout,
        )
        problem = Problem(network, whole)
        if reader.certificates:
            plain = len(found) == 1 and not isinstance(specification.readout, Argmax)
            if plain and verdict is None:
                written = CertificateFile(None, 0, LAYERED)
                if certificate is not None:
                    written = no_certificate(certificate, LAYERED)
            else:
                asked = verdict if plain else None
                written, accepted = _certified(problem, asked, reader, certificate)
    elif certificate is not None:
        written = no_certificate(certificate, "some output has no proved formula")
    return Interpretation(
        network,
        whole,
        specification.inputs,
        tuple(found),
        written,
        accepted,
        reader.seed,
        time.monotonic() - start,
        stages,
        time.monotonic() - before,
    )


def _certified(
    problem: Problem, verdict: Verdict | None, reader: Reader, path: str | Path | None
) -> tuple[CertificateFile, str]:
    """Write the certificate and hand it to the independent checker."""
    if verdict is None:
        verdict = check(
            problem.network,
            problem.specification,
            threads=reader.threads,
            timeout=reader.limits.timeout,
            dtypes=(),
        )
        if verdict.interrupted:
            raise KeyboardInterrupt
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "certificate" if path is None else Path(path)
        if not verdict.holds:
            why = "the outputs together are not the formulas: some input reads as neither"
            if verdict.status == "unknown":
                why = "the outputs together were not decided in time"
            return no_certificate(place, why), ""
        seconds = SECONDS if reader.limits.timeout is None else reader.limits.timeout
        written = write_certificate(problem, verdict, place, seconds=seconds)
        if written.path is None:
            return written, ""
        data = place.read_bytes()
        accepted = str(checker_of(data).recheck(problem.canonical(), data))
    return replace(written, path=None if path is None else str(path)), accepted


def _layer(network: Network, specification: Specification, output: int) -> HiddenLayer | None:
    """The hidden layer; with argmax, the output is read against the mean of the others."""
    values = specification.domain.values
    fed = float(values[0]), float(values[1])
    layer = hidden_layer(network, output, fed)
    if layer is None or not isinstance(specification.readout, Argmax):
        return layer
    others = [hidden_layer(network, j, fed) for j in range(network.output_size) if j != output]
    mean = np.mean([other.second for other in others if other is not None], axis=0)
    return layer._replace(second=layer.second - mean)
