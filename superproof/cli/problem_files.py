"""The files of a problem: ``MODEL SPEC.toml``, or a folder that holds both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..verify.network import Network
    from ..verify.problem import Problem
    from ..verify.specification import Specification

#: Names of the network's file in a problem folder.
NETWORK_FILES = ("network.onnx", "network.safetensors", "network.npz")
SPECIFICATION_FILE = "spec.toml"


def read_problem(model: Path, specification: Path | None) -> Problem:
    """Read network and specification and see that they fit together.

    Args:
        model: a model file, or a folder with ``network.onnx`` (``.safetensors``, ``.npz``).
        specification: the TOML file; may be left out when ``model`` is a folder that holds
            ``spec.toml``.

    Raises:
        InputError: a missing or damaged file, or sizes that do not fit, with the file's name.
    """
    from ..verify.errors import InputError
    from ..verify.problem import Problem

    network, spec, path = read_files(model, specification)
    try:
        spec.require_formulas()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Problem(network, spec)


def read_files(model: Path, specification: Path | None) -> tuple[Network, Specification, Path]:
    """Read network and specification, formulas or not, and say which file the latter is.

    Arguments and errors as for :func:`read_problem`.
    """
    from ..verify.errors import InputError
    from ..verify.problem import require_fit
    from ..verify.specification import Specification

    if specification is None:
        if not model.is_dir():
            _require(model, "model")
            raise InputError(
                f"{model}: a model file needs a specification beside it; write "
                f"MODEL SPEC.toml, or name a folder that holds {NETWORK_FILES[0]} and "
                f"{SPECIFICATION_FILE}"
            )
        specification = model / SPECIFICATION_FILE
    network = read_network(model)
    _require(specification, "specification")
    spec = Specification.load(specification)
    try:
        require_fit(network, spec)
    except InputError as error:
        names = f"{network_file(model)} and {specification}"
        raise InputError(f"{names} do not fit: {error}") from None
    return network, spec, specification


def read_network(model: Path) -> Network:
    """Read a model file, or the one in a problem folder.

    Raises InputError for a missing, damaged or unsupported file, with its name.
    """
    from ..verify.network import Network

    return Network.load(network_file(model))


def network_file(model: Path) -> Path:
    """The model file itself: ``model``, or the only network in that folder."""
    from ..verify.errors import InputError

    if not model.is_dir():
        _require(model, "model")
        return model
    found = [model / name for name in NETWORK_FILES if (model / name).is_file()]
    if not found:
        raise InputError(f"{model}: the folder holds no {', '.join(NETWORK_FILES)}")
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise InputError(f"{model}: the folder holds {names}; name the one that you mean")
    return found[0]


def _require(path: Path, what: str) -> None:
    from ..verify.errors import InputError

    if path.is_dir():
        raise InputError(f"{path}: the {what} is a folder, not a file")
    if not path.exists():
        raise InputError(f"{path}: no such {what} file")
