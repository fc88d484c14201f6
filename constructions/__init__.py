"""Networks that provably meet the bounds, each handed over with its proof."""

from ..verify.engines.criterion import slacks, violated_outputs
from .channel import channel_code
from .circuit import Circuit, read_circuit, triangle_circuit
from .codes import Code, repaired_code
from .conjunction import and_specification, plain_network, plain_pairwise_and
from .construction import Construction, Matrix
from .gates import random_gates, superposed_formulas, superposed_gates
from .patterns import PATTERNS, as_pairs, pattern, read_pairs
from .permutation import random_order, read_order, superposed_permutation
from .plain_proof import certify_plain
from .polynomial_code import deterministic_pairwise_and
from .representation import represented
from .smallest import Smallest, smallest
from .stack import superposed_circuit
from .superposed import superposed_pairwise_and

__all__ = [
    "PATTERNS",
    "Circuit",
    "Code",
    "Construction",
    "Matrix",
    "Smallest",
    "and_specification",
    "as_pairs",
    "certify_plain",
    "channel_code",
    "deterministic_pairwise_and",
    "pattern",
    "plain_network",
    "plain_pairwise_and",
    "random_gates",
    "random_order",
    "read_circuit",
    "read_order",
    "read_pairs",
    "repaired_code",
    "represented",
    "slacks",
    "smallest",
    "superposed_circuit",
    "superposed_formulas",
    "superposed_gates",
    "superposed_pairwise_and",
    "superposed_permutation",
    "triangle_circuit",
    "violated_outputs",
]
