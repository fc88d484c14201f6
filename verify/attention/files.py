"""Recognition problems in files: a layer in ``.safetensors``, a graph and a read-out in TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..domain_notation import rational
from ..errors import InputError
from ..formats import located
from ..formats.index_pairs import read_index_pairs
from ..formats.safetensors import read_tensors
from ..formats.toml_table import exact_number, parse_table, read_text, require_known
from .graph import RelationalGraph
from .layer import AGGREGATIONS, AttentionLayer
from .recognition import RecognitionProblem
from .softmax_readout import SoftmaxReadout

LAYER_FILE, SPECIFICATION_FILE, EDGES_FILE = "layer.safetensors", "spec.toml", "edges.txt"
_TENSORS = ("embeddings", "query", "key")
_KEYS = ("graph", "readout")
_GRAPH_KEYS = ("edges",)
_READOUT_KEYS = ("aggregation", "threshold", "temperature", "context", "null", "level")
_FORM = 'write [graph] with edges = "edges.txt"'
_GRAPH_LINE = re.compile(r"^\s*(\[\s*graph\s*\]|graph\s*[.=])", re.MULTILINE)


def is_recognition(path: Path) -> bool:
    """Whether a specification file, which must exist, asks about a graph."""
    try:
        return _GRAPH_LINE.search(read_text(path, "a specification file (.toml)")) is not None
    except InputError:
        return False


def read_recognition(
    layer: Path,
    specification: Path,
    *,
    context: int | None = None,
    temperature: Fraction | None = None,
) -> RecognitionProblem:
    """Read a problem from a layer's file and a specification.

    The layer's file holds the tensors ``embeddings`` (items, embedding_dim), ``query`` and ``key``
    (heads, embedding_dim, key_dim). The specification has ``[graph]`` with ``edges``, the name of
    a file with two items a line (or one array in a .npz) beside it; and ``[readout]`` with
    ``aggregation`` (``max`` or ``sum``) and ``threshold``, or also with ``temperature``,
    ``context``, ``null`` (a score, or false; the threshold by default) and ``level`` for softmax.

    Args:
        context, temperature: in place of those in the file.

    Raises:
        InputError: a missing or damaged file, an unknown key, or what layer, graph and read-out
            refuse; one line that starts with the file's name.
    """
    try:
        data = parse_table(read_text(specification, "a specification file (.toml)"))
        require_known(data, _KEYS, "")
        readout = _table(data, "readout", _READOUT_KEYS)
        threshold = _threshold(readout)
        edges = _edges(data, specification.parent)
        softmax = _softmax(readout, threshold, context, temperature)
        aggregation = readout.get("aggregation", "max")
        if aggregation not in AGGREGATIONS:
            names = " or ".join(AGGREGATIONS)
            raise InputError(f"readout: aggregation = {aggregation!r}: use {names}")
    except InputError as error:
        raise located(specification, error) from None
    try:
        embeddings, query, key = _tensors(layer)
        held = AttentionLayer(embeddings, query, key, aggregation, threshold)
    except InputError as error:
        raise located(layer, error) from None
    try:
        graph = RelationalGraph(held.items, read_index_pairs(edges, held.items, "item"))
    except InputError as error:
        named = str(error).startswith(f"{edges}: ")
        raise error if named else located(edges, error) from None
    try:
        return RecognitionProblem(held, graph, softmax)
    except InputError as error:
        raise located(specification, error) from None


def edges_file(specification: Path) -> Path:
    """The file of edges that a specification names. Raises InputError that names the file."""
    try:
        data = parse_table(read_text(specification, "a specification file (.toml)"))
        return _edges(data, specification.parent)
    except InputError as error:
        raise located(specification, error) from None


def write_recognition(problem: RecognitionProblem, folder: Path) -> None:
    """Write layer, graph and read-out into a folder that exists, for :func:`read_recognition`.

    Raises InputError where a file cannot be written, and for numbers that no type of the format
    holds exactly.
    """
    from safetensors.numpy import save

    layer, softmax = problem.layer, problem.softmax
    tensors = {}
    for name in _TENSORS:
        array = np.ascontiguousarray(getattr(layer, name))
        if array.dtype == object:
            raise InputError(f"{name}: no type of a .safetensors file holds these numbers exactly")
        tensors[name] = array
    lines = ["[graph]", f'edges = "{EDGES_FILE}"', "", "[readout]"]
    lines.append(f'aggregation = "{layer.aggregation}"')
    if layer.threshold is not None:
        lines.append(f"threshold = {_written(layer.threshold)}")
    if softmax is not None:
        lines.append(f"temperature = {_written(softmax.temperature)}")
        lines.append(f"context = {softmax.context}")
        lines.append(f"null = {'false' if softmax.null is None else _written(softmax.null)}")
        lines.append(f"level = {_written(softmax.level)}")
    edges = "".join(f"{i} {j}\n" for i, j in problem.graph.edges.tolist())
    try:
        (folder / LAYER_FILE).write_bytes(save(tensors))
        (folder / EDGES_FILE).write_text(edges, encoding="ascii", newline="\n")
        (folder / SPECIFICATION_FILE).write_text("\n".join(lines) + "\n", newline="\n")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def read_embeddings(path: Path) -> np.ndarray:
    """Embeddings from a ``.npy``, or from a ``.safetensors`` that holds one matrix.

    In a .safetensors with several tensors the one named ``embeddings`` is taken. Raises InputError
    that names the file.
    """
    try:
        if path.suffix.lower() == ".npy":
            try:
                return np.asarray(np.load(path, allow_pickle=False))
            except (ValueError, EOFError):
                raise InputError("not a .npy file of numbers") from None
        if path.suffix.lower() != ".safetensors":
            raise InputError("embeddings are read from .npy or .safetensors")
        tensors = read_tensors(path.read_bytes())
        if "embeddings" in tensors:
            return tensors["embeddings"]
        if len(tensors) != 1:
            names = ", ".join(sorted(tensors)[:4])
            raise InputError(f"holds {len(tensors)} tensors ({names}); name one 'embeddings'")
        return next(iter(tensors.values()))
    except InputError as error:
        raise located(path, error) from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _table(data: Mapping[str, Any], name: str, known: tuple[str, ...]) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise InputError(f"{name}: write a table: [{name}]")
    require_known(table, known, f"{name}: ")
    return table


def _edges(data: Mapping[str, Any], folder: Path) -> Path:
    graph = _table(data, "graph", _GRAPH_KEYS)
    name = graph.get("edges")
    if not isinstance(name, str) or "\0" in name:
        raise InputError(f"graph: names no file of edges; {_FORM}")
    return folder / name


def _number(readout: Mapping[str, Any], key: str) -> Fraction:
    return rational(exact_number(readout[key], f"readout: {key}"), f"readout: {key}")


def _threshold(readout: Mapping[str, Any]) -> Fraction | None:
    return _number(readout, "threshold") if "threshold" in readout else None


def _softmax(
    readout: Mapping[str, Any],
    threshold: Fraction | None,
    context: int | None,
    temperature: Fraction | None,
) -> SoftmaxReadout | None:
    if temperature is None and "temperature" in readout:
        temperature = _number(readout, "temperature")
    if context is None and "context" in readout:
        context = readout["context"]
        if not isinstance(context, int) or isinstance(context, bool):
            raise InputError(f"readout: context = {context}: write a number of items")
    if temperature is None and context is None:
        for key in ("null", "level"):
            if key in readout:
                raise InputError(f"readout: {key} goes with temperature and context")
        return None
    if temperature is None:
        raise InputError("a context needs a temperature: --temperature, or [readout] temperature")
    if context is None:
        raise InputError("a temperature needs a context: --context, or [readout] context")
    null: Fraction | None = threshold
    if "null" in readout:
        null = None if readout["null"] is False else _number(readout, "null")
    elif threshold is None:
        raise InputError("readout: say the score of the null key: null = 0.5, or null = false")
    softmax = SoftmaxReadout(temperature, context, null)
    return replace(softmax, level=_number(readout, "level")) if "level" in readout else softmax


def _tensors(path: Path) -> list[np.ndarray]:
    if path.is_dir():
        raise InputError("is a folder; name a layer's file (.safetensors)")
    try:
        tensors = read_tensors(path.read_bytes())
    except FileNotFoundError:
        raise InputError("no such file") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from None
    missing = [name for name in _TENSORS if name not in tensors]
    if missing:
        held = ", ".join(sorted(tensors)[:6]) or "nothing"
        raise InputError(f"no tensor '{missing[0]}'; it holds {held}")
    return [tensors[name] for name in _TENSORS]


def _written(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f'"{value}"'
