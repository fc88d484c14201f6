"""Networks that provably meet the bounds, each handed over with its proof."""

from ..verify.engines.criterion import slacks, violated_outputs
from .channel import channel_code
from .codes import Code, repaired_code
from .conjunction import and_specification, plain_network, plain_pairwise_and
from .construction import Construction
from .patterns import PATTERNS, as_pairs, pattern, read_pairs
from .plain_proof import certify_plain

__all__ = [
    "PATTERNS",
    "Code",
    "Construction",
    "and_specification",
    "as_pairs",
    "certify_plain",
    "channel_code",
    "pattern",
    "plain_network",
    "plain_pairwise_and",
    "read_pairs",
    "repaired_code",
    "slacks",
    "violated_outputs",
]
