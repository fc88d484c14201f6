"""``superproof info``: what a model file holds, exactly, and what the engines make of it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..verify.dyadic import Dyadic
    from ..verify.network import Layer, Network
    from ..verify.problem import Problem


def info(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Model (.onnx, .safetensors, .npz), or a folder with one."
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the description as JSON.")] = False,
) -> None:
    """Show a model's layers, exact bit widths, and what the engines will make of it.

    A weight array is exactly mantissas times one power of two; the bits are those of the
    largest mantissa. In a folder with spec.toml the engines are those for its domain.
    """
    from ..verify.errors import InputError
    from .problem_files import SPECIFICATION_FILE, network_file, read_network, read_problem
    from .recognition_files import asks_recognition
    from .terminal import print_json

    if asks_recognition(model, None):
        raise InputError(
            f"{model}: holds a layer of attention, and info is for networks; "
            "superproof check says what it recognises"
        )
    if (model / SPECIFICATION_FILE).is_file():
        problem = read_problem(model, None)
    else:
        problem = _on_all_inputs(read_network(model))
    description = {"file": str(network_file(model)), **describe(problem)}
    if json:
        print_json(description)
    else:
        _print(description)


def _on_all_inputs(network: Network) -> Problem:
    """A problem about the network whose domain is every input."""
    from ..verify.formula import FALSE
    from ..verify.problem import Problem
    from ..verify.specification import Specification

    nothing = Specification(network.input_size, [FALSE] * network.output_size)
    return Problem(network, nothing)


def describe(problem: Problem) -> dict[str, Any]:
    """The network as JSON data: sizes, stored types, exact bit widths and the engines."""
    network = problem.network
    layers = [_describe_layer(layer) for layer in network.layers]
    weights = sum(layer["weights"] for layer in layers)
    zeros = sum(layer["zero_weights"] for layer in layers)
    return {
        "inputs": network.input_size,
        "outputs": network.output_size,
        "hidden_neurons": network.neurons,
        "parameters": network.parameters,
        "weights": weights,
        "zero_weights": zeros,
        "dtype": network.dtype,
        "layers": layers,
        "engines": _engines(problem),
    }


def _describe_layer(layer: Layer) -> dict[str, Any]:
    import numpy as np

    weights = layer.width * layer.fan_in
    return {
        "inputs": layer.fan_in,
        "neurons": layer.width,
        "activation": layer.activation,
        "dtype": str(layer.weight.dtype),
        "sparse": layer.sparse,
        "weights": weights,
        "zero_weights": weights - int(np.count_nonzero(layer.exact_entries.mantissa)),
        "weight": _describe_array(layer.exact_entries),
        "bias": _describe_array(layer.exact_bias),
    }


def _describe_array(array: Dyadic) -> dict[str, int]:
    from ..verify.dyadic import bit_width

    return {"mantissa_bits": bit_width(array.mantissa), "exponent": array.exponent}


def _engines(problem: Problem) -> dict[str, Any]:
    """What ``auto`` does on the problem's domain."""
    from ..verify.engines.enumeration import predicted_seconds
    from ..verify.engines.portfolio import Portfolio

    domain, threads = problem.specification.domain, os.cpu_count() or 1
    price = predicted_seconds(problem, threads)
    return {
        "domain": str(domain),
        "domain_size": domain.size,
        "candidates": domain.candidates,
        "enumerable": price < math.inf,
        "enumeration_seconds": float(f"{price:.2g}") if price < math.inf else None,
        "auto": list(Portfolio().plan(problem, threads)),
    }


def _print(description: dict[str, Any]) -> None:
    from rich.text import Text

    from ..verify.verdict_text import amount
    from .terminal import print_parts, table

    titles = ("size", "activation", "stored as", "weight", "bias")
    sparse = any(layer["sparse"] for layer in description["layers"])
    rows = table(
        ("layer", "right"),
        *((title, "whole") for title in titles),
        ("zeros", "right"),
        *([("nonzeros", "right")] if sparse else []),
    )
    for number, layer in enumerate(description["layers"]):
        rows.add_row(
            str(number),
            f"{layer['inputs']} to {layer['neurons']}",
            layer["activation"],
            layer["dtype"],
            _bits(layer["weight"]),
            _bits(layer["bias"]),
            _share(layer["zero_weights"], layer["weights"]),
            *([_nonzeros(layer)] if sparse else []),
        )
    zeros = _share(description["zero_weights"], description["weights"])
    summary = (
        f"{description['file']}: {amount(description['inputs'], 'input')}, "
        f"{amount(description['hidden_neurons'], 'hidden neuron')}, "
        f"{amount(description['outputs'], 'output')}, "
        f"{amount(description['parameters'], 'parameter')}, {zeros} of the weights are zero"
    )
    print_parts([Text(summary), rows, Text(_engine_sentence(description["engines"]))])


def _nonzeros(layer: dict[str, Any]) -> str:
    """How many weights a sparse layer stores; nothing for a dense one."""
    return f"{layer['weights'] - layer['zero_weights']:,}" if layer["sparse"] else ""


def _bits(array: dict[str, int]) -> str:
    from ..verify.verdict_text import amount

    if not array["mantissa_bits"]:
        return "all zero"
    return f"{amount(array['mantissa_bits'], 'bit')} x 2^{array['exponent']}"


def _share(part: int, whole: int) -> str:
    if not whole:
        return "none"
    # 100% is said of all of them only
    digits = 3 if part == whole or part / whole < 0.9995 else 7
    return f"{100 * part / whole:.{digits}g}%"


def _engine_sentence(engines: dict[str, Any]) -> str:
    from ..verify.verdict_text import amount, seconds, shorten

    domain, size, candidates = (engines[key] for key in ("domain", "domain_size", "candidates"))
    if domain == "all":
        text = f"all {amount(size, 'input')}"
    else:
        known = "of unknown size" if size is None else amount(size, "input")
        text = f"domain '{shorten(domain, 60)}', {known}"
    if size != candidates:
        text += f" among {amount(candidates, 'candidate')}"
    text += f": 'auto' tries {' and then '.join(engines['auto'])}; "
    if engines["enumerable"]:
        return text + f"to enumerate them takes about {seconds(engines['enumeration_seconds'])}"
    return text + "too many to enumerate; a smaller domain may be enumerable"
