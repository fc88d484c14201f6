"""Bounds as objects, and the counting and concentration arguments behind them."""

from .bound import Bound, Condition, Parameter, RegimeError
from .catalog import BOUNDS, Row, families, lookup, table
from .concentration import plain_code_density, plain_code_neurons
from .counting import (
    Cardinality,
    labelled_distinct_ands,
    neurons_free,
    neurons_square,
    permutations,
    relevant_ands,
)

__all__ = [
    "BOUNDS",
    "Bound",
    "Cardinality",
    "Condition",
    "Parameter",
    "RegimeError",
    "Row",
    "families",
    "labelled_distinct_ands",
    "lookup",
    "neurons_free",
    "neurons_square",
    "permutations",
    "plain_code_density",
    "plain_code_neurons",
    "relevant_ands",
    "table",
]
