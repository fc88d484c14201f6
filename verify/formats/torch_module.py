"""Networks from ``torch`` modules: Sequentials of Linear, ReLU, Identity, Flatten, Dropout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, MissingExtraError
from ..network import Network
from .storage import BFLOAT16

if TYPE_CHECKING:
    import torch

_SUPPORTED = "Sequential, Linear, ReLU, Identity, Flatten, Dropout"
#: Monotone or order-preserving heads: dropping them changes the threshold, not the decision.
_SQUASHING = ("Sigmoid", "LogSigmoid", "Softmax", "LogSoftmax")


def read_module(module: torch.nn.Module) -> Network:
    """The exact function of a ``Linear`` or a (nested) ``Sequential``, as in ``eval()`` mode.

    Dropout is left out whatever mode the module is in: a verdict is about inference.
    Tensors are copied, from any device; half precision and bfloat16 keep their type, and
    parametrised weights enter with their present value.

    Raises:
        InputError: not a module, or one that is not such a chain; the message names the
            first submodule that has no place in it.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "experiments", "reading a torch module") from None
    if not isinstance(module, torch.nn.Module):
        raise InputError(
            f"expected a torch.nn.Module (a Sequential of {_SUPPORTED}), "
            f"found {type(module).__name__}; files are read with Network.load"
        )
    weights: list[np.ndarray] = []
    biases: list[np.ndarray | None] = []
    activations: list[str] = []
    leading_relu = False
    leaves = list(_leaves(module, ""))
    for number, (path, leaf) in enumerate(leaves):
        if _runs_as(leaf, torch.nn.Linear):
            weight, bias = _parameters(path, leaf)
            if leading_relu and not weights:
                weights.append(np.eye(weight.shape[1], dtype=weight.dtype))
                biases.append(None)
                activations.append("relu")
            weights.append(weight)
            biases.append(bias)
            activations.append("identity")
        elif _runs_as(leaf, torch.nn.ReLU):
            # a second relu changes nothing; one before all layers gets an identity weight
            leading_relu = leading_relu or not weights
            if weights:
                activations[-1] = "relu"
        elif not _passes(leaf):
            _refuse(path, leaf, last=number == len(leaves) - 1)
    if not weights:
        raise InputError(f"{type(module).__name__}: holds no Linear layer")
    return Network.from_arrays(weights, biases, activations)


def _leaves(module: torch.nn.Module, path: str) -> Iterator[tuple[str, torch.nn.Module]]:
    """The chain of modules that a nested Sequential runs, with their dotted paths."""
    import torch

    if any(torch.nn.parameter.is_lazy(p) for p in module.parameters(recurse=False)):
        raise InputError(
            f"module {_place(path, module)} is not initialised; run the model once on an example"
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise InputError(
            f"module {_place(path, module)} has forward hooks, which may change what it "
            "computes; make pruning or weight norm permanent, or remove the hooks"
        )
    if not _runs_as(module, torch.nn.Sequential):
        yield path, module
        return
    # not named_children(), which skips a module that is used twice (one ReLU for all layers)
    for name, child in module._modules.items():
        if child is not None:
            yield from _leaves(child, f"{path}.{name}" if path else name)


def _runs_as(module: torch.nn.Module, kind: type[torch.nn.Module]) -> bool:
    """True when the module computes what ``kind`` does: a subclass may override forward."""
    own = type(module).forward is kind.forward and "forward" not in module.__dict__
    return isinstance(module, kind) and own


def _passes(module: torch.nn.Module) -> bool:
    """True for modules that hand on a vector unchanged in eval mode."""
    import torch

    if _runs_as(module, torch.nn.Flatten):
        return bool(module.end_dim == -1 and module.start_dim in (1, -1))
    return any(
        _runs_as(module, kind)
        for kind in (torch.nn.Identity, torch.nn.Dropout, torch.nn.AlphaDropout)
    )


def _parameters(path: str, layer: Any) -> tuple[np.ndarray, np.ndarray | None]:
    place = _place(path, layer)
    weight = _array(layer.weight, f"module {place}: weight")
    if layer.bias is None:
        return weight, None
    return weight, _array(layer.bias, f"module {place}: bias")


def _array(tensor: torch.Tensor, what: str) -> np.ndarray:
    """A copy of the numbers in their own type; numpy has no bfloat16, so its bits are carried."""
    import torch

    if tensor.device.type == "meta":
        raise InputError(f"{what} is on the meta device and holds no numbers")
    plain = tensor.detach().cpu().contiguous()
    if plain.dtype == torch.bfloat16:
        return plain.view(torch.int16).numpy().copy().view(BFLOAT16)
    if plain.dtype not in (torch.float64, torch.float32, torch.float16):
        raise InputError(f"{what} has type {plain.dtype}; convert the module to a float type")
    return plain.numpy().copy()


def _place(path: str, module: torch.nn.Module) -> str:
    name = type(module).__name__
    return f"'{path}' ({name})" if path else name


def _refuse(path: str, module: torch.nn.Module, *, last: bool) -> None:
    name = type(module).__name__
    if last and name in _SQUASHING:
        raise InputError(
            f"module {_place(path, module)}: drop it and set the threshold instead: "
            'sigmoid(z) > 0.5 is z > 0; softmax is readout kind = "argmax"'
        )
    hint = ""
    if name == "Flatten":
        hint = " except Flatten with its default dimensions"
    elif any(True for _ in module.children()):
        hint = "; its forward is free Python: pass the Sequential inside it, or export it to ONNX"
    raise InputError(
        f"module {_place(path, module)} is not supported; supported are {_SUPPORTED}{hint}"
    )
