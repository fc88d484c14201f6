"""Provable computation in superposition: bounds, constructions, exact verification, experiments."""

from pathlib import Path as _Path

# In a checkout the rooms (theory/, verify/, ...) lie beside this folder, not inside it.
_checkout = _Path(__file__).resolve().parent.parent
if (_checkout / "pyproject.toml").is_file():
    __path__.append(str(_checkout))

from .verify.check import check  # noqa: E402
from .verify.errors import InputError, MissingExtraError, SuperproofError  # noqa: E402
from .verify.network import Layer, Network  # noqa: E402
from .verify.problem import Problem  # noqa: E402
from .verify.specification import Specification  # noqa: E402
from .verify.verdict import Counterexample, Verdict  # noqa: E402

__all__ = [
    "Counterexample",
    "InputError",
    "Layer",
    "MissingExtraError",
    "Network",
    "Problem",
    "Specification",
    "SuperproofError",
    "Verdict",
    "check",
]
