"""What the keys of a specification file mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..domain_notation import rational
from ..errors import InputError
from ..family import Family
from ..readout import Levels, Readout
from ..specification import Specification
from .toml_table import exact_number, parse_table, require_known

_KEYS = ("inputs", "domain", "values", "outputs", "family", "readout")
_READOUT_KEYS = ("threshold", "kind", "true_at_least", "false_at_most")
_OUTPUTS_FORM = 'write a table: [outputs] with lines such as y0 = "a & b"'
#: Longest list of numbered inputs: beyond it a typing error would exhaust the memory before
#: anyone could say so.
MAX_INPUTS = 1_000_000


def parse_specification(text: str, folder: Path, family: Family | None = None) -> Specification:
    """Read the text of a specification file that lies in ``folder``.

    ``family`` stands in for the one that the text names, if its file need not be read.

    The format is described in :func:`.toml.read_specification`. Raises InputError that names
    the key or the line, without the file.
    """
    data = parse_table(text)
    require_known(data, _KEYS, "")
    outputs = _outputs(data)
    if "family" in data and family is None:
        from .family_file import read_family

        family = read_family(data["family"], folder)
    try:
        return Specification(
            _inputs(data),
            outputs,
            family=family,
            domain=_domain(data.get("domain"), folder),
            readout=_readout(data.get("readout", {})),
            values=_values(data["values"], "values") if "values" in data else None,
        )
    except InputError as error:
        raise InputError(f"{error}{_misplaced(data, outputs)}") from None


def _inputs(data: Mapping[str, Any]) -> Any:
    if "inputs" not in data:
        raise InputError('missing key \'inputs\'; write inputs = ["a", "b"] or inputs = 20')
    inputs = data["inputs"]
    if isinstance(inputs, int) and inputs > MAX_INPUTS:
        raise InputError(f"inputs: {inputs} is beyond {MAX_INPUTS}")
    return inputs


def _outputs(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The formulas by name; None where a family says what the outputs are."""
    if "family" in data:
        if "outputs" in data:
            raise InputError("give [outputs] or a family, not both")
        return None
    if "outputs" not in data:
        raise InputError(f"missing key 'outputs'; {_OUTPUTS_FORM}")
    outputs = data["outputs"]
    if isinstance(outputs, list):
        return _names(outputs)
    if not isinstance(outputs, dict):
        raise InputError(f"outputs: {_OUTPUTS_FORM}")
    for name, formula in outputs.items():
        if isinstance(formula, dict) and name == "family":
            raise InputError("'family' stands below [outputs]: write it above, and no [outputs]")
        if isinstance(formula, dict):
            raise InputError(
                f'output \'{name}\': found a table; a name with a dot needs quotes: "y.0" = "a & b"'
            )
    return outputs


def _names(outputs: list[Any]) -> Mapping[str, None]:
    """Outputs without formulas."""
    for name in outputs:
        if not isinstance(name, str):
            raise InputError(f"outputs: {name!r} in the list is not a name; {_OUTPUTS_FORM}")
        if outputs.count(name) > 1:
            raise InputError(f"outputs: the name '{name}' is used twice")
    return dict.fromkeys(outputs)


def _misplaced(data: Mapping[str, Any], outputs: Mapping[str, Any] | None) -> str:
    """A hint when a top-level key stands below [outputs], where TOML makes it an output."""
    for key in _KEYS:
        if key in (outputs or ()) and key not in data:
            return f"; '{key}' stands below [outputs]: move it to the top of the file"
    return ""


def _domain(domain: Any, folder: Path) -> Any:
    """The description with points files looked up beside the specification."""
    if isinstance(domain, list):
        return [_domain(item, folder) for item in domain]
    if not isinstance(domain, dict):
        return domain
    domain = dict(domain)
    if isinstance(domain.get("points"), str):
        domain["points"] = str(folder / domain["points"])
    if "values" in domain:
        domain["values"] = _values(domain["values"], "domain: values")
    return domain


def _values(values: Any, what: str) -> Any:
    return [exact_number(v, what) for v in values] if isinstance(values, list) else values


def _readout(readout: Any) -> Any:
    """A Readout, ``"argmax"`` or the threshold, as Specification takes it."""
    if not isinstance(readout, dict):
        raise InputError("readout: write a table, such as [readout] with threshold = 0.5")
    require_known(readout, _READOUT_KEYS, "readout: ")
    levels = {"true_at_least", "false_at_most"} & set(readout)
    if "kind" in readout:
        if readout["kind"] != "argmax":
            raise InputError(
                f'readout: unknown kind {readout["kind"]!r}; write kind = "argmax", or leave '
                "it out for a threshold or two levels"
            )
        if len(readout) > 1:
            raise InputError("readout: argmax takes no threshold and no levels")
        return "argmax"
    if len(levels) == 1:
        given = levels.pop()
        other = "false_at_most" if given == "true_at_least" else "true_at_least"
        raise InputError(f"readout: {given} needs {other} beside it")
    if levels:
        if "threshold" in readout:
            raise InputError("readout: give a threshold or two levels, not both")
        return _levels(readout)
    return exact_number(readout.get("threshold", 0), "readout: threshold")


def _levels(readout: Mapping[str, Any]) -> Readout:
    exact = {}
    for key in ("true_at_least", "false_at_most"):
        exact[key] = rational(exact_number(readout[key], f"readout: {key}"), f"readout: {key}")
    return Levels(**exact)
