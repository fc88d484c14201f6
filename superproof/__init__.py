"""Provable computation in superposition: bounds, constructions, exact verification, experiments.

The public names are loaded on first use, so that ``superproof --help`` needs no numpy.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from pathlib import Path as _Path
from typing import TYPE_CHECKING
from typing import Any as _Any

# In a checkout the rooms (theory/, verify/, ...) lie beside this folder, not inside it.
_checkout = _Path(__file__).resolve().parent.parent
if (_checkout / "pyproject.toml").is_file():
    __path__.append(str(_checkout))

if TYPE_CHECKING:
    from .verify.attention.check import RecognitionVerdict, check_recognition
    from .verify.attention.graph import RelationalGraph
    from .verify.attention.layer import AttentionLayer
    from .verify.attention.recognition import RecognitionProblem
    from .verify.attention.softmax_readout import SoftmaxReadout
    from .verify.check import check
    from .verify.comparison.compare import compare
    from .verify.comparison.comparison import Comparison
    from .verify.errors import InputError, MissingExtraError, SuperproofError
    from .verify.network import Layer, Network
    from .verify.problem import Problem
    from .verify.specification import Specification
    from .verify.verdict import Counterexample, Verdict

__all__ = [
    "AttentionLayer",
    "Comparison",
    "Counterexample",
    "InputError",
    "Layer",
    "MissingExtraError",
    "Network",
    "Problem",
    "RecognitionProblem",
    "RecognitionVerdict",
    "RelationalGraph",
    "SoftmaxReadout",
    "Specification",
    "SuperproofError",
    "Verdict",
    "check",
    "check_recognition",
    "compare",
]

#: Where each public name lives.
_HOMES = {
    "AttentionLayer": "verify.attention.layer",
    "Comparison": "verify.comparison.comparison",
    "Counterexample": "verify.verdict",
    "InputError": "verify.errors",
    "Layer": "verify.network",
    "MissingExtraError": "verify.errors",
    "Network": "verify.network",
    "Problem": "verify.problem",
    "RecognitionProblem": "verify.attention.recognition",
    "RecognitionVerdict": "verify.attention.check",
    "RelationalGraph": "verify.attention.graph",
    "SoftmaxReadout": "verify.attention.softmax_readout",
    "Specification": "verify.specification",
    "SuperproofError": "verify.errors",
    "Verdict": "verify.verdict",
    "check": "verify.check",
    "check_recognition": "verify.attention.check",
    "compare": "verify.comparison.compare",
}


def __getattr__(name: str) -> _Any:
    if name == "__version__":
        value: _Any = _import_module(".verify.verdict", __name__).package_version()
    elif name in _HOMES:
        value = getattr(_import_module(f".{_HOMES[name]}", __name__), name)
    else:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
