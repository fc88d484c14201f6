"""Attention layers that recognise relational graphs, each handed over with its proof."""

from .construct import METHODS, construct_attention, softened
from .construction import AttentionConstruction
from .embeddings import EMBEDDINGS, as_embeddings, embeddings, incoherence, read_embeddings
from .graphs import GRAPHS, NUMBERED, graph, read_graph
from .smallest import smallest_attention

__all__ = [
    "EMBEDDINGS",
    "GRAPHS",
    "METHODS",
    "NUMBERED",
    "AttentionConstruction",
    "as_embeddings",
    "construct_attention",
    "embeddings",
    "graph",
    "incoherence",
    "read_embeddings",
    "read_graph",
    "smallest_attention",
    "softened",
]
