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


def info(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Model (.onnx, .safetensors, .npz), or a folder with one."
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the description as JSON.")] = False,
) -> None:
    """Show a model's layers, exact bit widths and engines.

    A weight array is exactly mantissas times one power of two; the bits are those of the
    largest mantissa.
    """
    from .problem_files import network_file, read_network
    from .terminal import print_json

    network = read_network(model)
    description = {"file": str(network_file(model)), **describe(network)}
    if json:
        print_json(description)
    else:
        _print(description)


def describe(network: Network) -> dict[str, Any]:
    """The network as JSON data: sizes, stored types, exact bit widths and the engine."""
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
        "engines": _engines(network),
    }


def _describe_layer(layer: Layer) -> dict[str, Any]:
    return {
        "inputs": layer.fan_in,
        "neurons": layer.width,
        "activation": layer.activation,
        "dtype": str(layer.weight.dtype),
        "weights": int(layer.weight.size),
        "zero_weights": int((layer.exact_weight.mantissa == 0).sum()),
        "weight": _describe_array(layer.exact_weight),
        "bias": _describe_array(layer.exact_bias),
    }


def _describe_array(array: Dyadic) -> dict[str, int]:
    from ..verify.dyadic import bit_width

    return {"mantissa_bits": bit_width(array.mantissa), "exponent": array.exponent}


def _engines(network: Network) -> dict[str, Any]:
    """What ``auto`` does on the domain of all inputs."""
    from ..verify.engines.enumeration import predicted_seconds
    from ..verify.engines.portfolio import Portfolio
    from ..verify.problem import Problem
    from ..verify.specification import Specification

    nothing = Specification(network.input_size, ["false"] * network.output_size)
    problem, threads = Problem(network, nothing), os.cpu_count() or 1
    price = predicted_seconds(problem, threads)
    return {
        "all_inputs_log2": network.input_size,
        "enumerable": price < math.inf,
        "enumeration_seconds": float(f"{price:.2g}") if price < math.inf else None,
        "auto": list(Portfolio().plan(problem, threads)),
    }


def _print(description: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ..verify.verdict_text import quantity
    from .terminal import print_parts

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("layer", "size", "activation", "stored as", "weight", "bias", "zeros"):
        table.add_column(title, justify="right" if title in ("layer", "zeros") else "left")
    for number, layer in enumerate(description["layers"]):
        table.add_row(
            str(number),
            f"{layer['inputs']} to {layer['neurons']}",
            layer["activation"],
            layer["dtype"],
            _bits(layer["weight"]),
            _bits(layer["bias"]),
            _share(layer["zero_weights"], layer["weights"]),
        )
    zeros = _share(description["zero_weights"], description["weights"])
    summary = (
        f"{description['file']}: {description['inputs']} inputs, "
        f"{quantity(description['hidden_neurons'])} hidden neurons, "
        f"{description['outputs']} outputs, {quantity(description['parameters'])} parameters, "
        f"{zeros} of the weights are zero"
    )
    print_parts([Text(summary), table, Text(_engine_sentence(description["engines"]))])


def _bits(array: dict[str, int]) -> str:
    if not array["mantissa_bits"]:
        return "all zero"
    return f"{array['mantissa_bits']} bits x 2^{array['exponent']}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g}%" if whole else "none"


def _engine_sentence(engines: dict[str, Any]) -> str:
    from ..verify.verdict_text import quantity, seconds

    inputs = engines["all_inputs_log2"]
    size = f"2^{inputs}" + (f" = {quantity(1 << inputs)}" if inputs < 50 else "")
    text = f"all inputs: {size}; 'auto' tries {' and then '.join(engines['auto'])}; "
    if engines["enumerable"]:
        return text + f"to enumerate them takes about {seconds(engines['enumeration_seconds'])}"
    return text + "too many to enumerate; a smaller domain may be enumerable"
