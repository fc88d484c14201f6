"""Networks that provably meet the bounds, each handed over with its proof."""

from .codes import Code, repaired_code
from .conjunction import and_specification, certify_plain, plain_network, plain_pairwise_and
from .construction import Construction
from .criterion import slacks, violated_outputs
from .patterns import PATTERNS, as_pairs, pattern, read_pairs

__all__ = [
    "PATTERNS",
    "Code",
    "Construction",
    "and_specification",
    "as_pairs",
    "certify_plain",
    "pattern",
    "plain_network",
    "plain_pairwise_and",
    "read_pairs",
    "repaired_code",
    "slacks",
    "violated_outputs",
]
