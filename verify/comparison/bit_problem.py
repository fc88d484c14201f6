"""Problems about single output bits: where does a network read true, where do two differ?"""

from __future__ import annotations

from ..formula import Constant, Formula
from ..network import Network
from ..problem import Problem
from ..product import difference, outputs_of, read_bits
from ..readout import Argmax
from ..specification import Specification
from .regions import narrowed


def reads(
    network: Network, specification: Specification, output: int, truth: bool, region: Formula
) -> Problem | None:
    """Does the network read an output as ``truth`` on a part of the domain?

    Returns None where that part is known to be empty.
    """
    domain = narrowed(specification.domain, region)
    if domain.is_empty():
        return None
    formula = {specification.outputs[output]: Constant(truth)}
    readout = specification.readout
    if isinstance(readout, Argmax):
        # the bits are: strictly the largest; the largest, with others perhaps
        network = outputs_of(read_bits(network, readout), [2 * output + (not truth)])
        return Problem(network, Specification(specification.inputs, formula, domain=domain))
    narrow = Specification(specification.inputs, formula, domain=domain, readout=readout)
    return Problem(outputs_of(network, [output]), narrow)


def differ(
    a: Network, b: Network, specification: Specification, outputs: list[int], region: Formula
) -> Problem | None:
    """Do two networks read some outputs alike on a part of the domain?

    Its outputs are those of :func:`superproof.verify.product.difference`. Returns None where that
    part is known to be empty.
    """
    domain = narrowed(specification.domain, region)
    if domain.is_empty():
        return None
    readout = specification.readout
    if isinstance(readout, Argmax):
        every = dict.fromkeys(specification.outputs, Constant(False))
        whole = difference(
            a, b, Specification(specification.inputs, every, domain=domain, readout=readout)
        )
        rows = [4 * j + i for j in outputs for i in range(4)]
        names = [whole.specification.outputs[row] for row in rows]
        nothing = dict.fromkeys(names, Constant(False))
        narrow = Specification(specification.inputs, nothing, domain=domain)
        return Problem(outputs_of(whole.network, rows), narrow)
    some = {specification.outputs[j]: Constant(False) for j in outputs}
    narrow = Specification(specification.inputs, some, domain=domain, readout=readout)
    return difference(outputs_of(a, outputs), outputs_of(b, outputs), narrow)
