"""The files of a recognition problem: a layer of attention, a graph and a read-out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .problem_files import NETWORK_FILES, SPECIFICATION_FILE

#: As in :mod:`..verify.attention.files`, which this file must not load for other problems.
LAYER_FILE = "layer.safetensors"

if TYPE_CHECKING:
    from ..verify.attention.recognition import RecognitionProblem
    from .question_files import Asked


def asks_recognition(model: Path, specification: Path | None) -> bool:
    """Whether the specification of a model, or of a folder, asks about a graph.

    A folder with a layer and no network asks about one whatever its specification says.
    """
    path = model / SPECIFICATION_FILE if specification is None else specification
    if path.is_file():
        from ..verify.attention.files import is_recognition

        if is_recognition(path):
            return True
    networks = any((model / name).exists() for name in NETWORK_FILES)
    return specification is None and not networks and (model / LAYER_FILE).is_file()


def refuse_softmax(context: int | None, temperature: str | None) -> None:
    """Raises InputError where a softmax is asked of a network."""
    from ..verify.errors import InputError

    for option, given in (("--context", context), ("--temperature", temperature)):
        if given is not None:
            raise InputError(
                f"{option} is for layers of attention, and this specification has no [graph]"
            )


def refuse_questions(asked: Asked) -> None:
    """Raises InputError where a question about networks is asked of a layer."""
    from ..verify.errors import InputError

    if not asked.plain:
        raise InputError(
            "--against, --flip and --monotone are for networks, and this specification asks about "
            "a graph"
        )


def read_files(model: Path, specification: Path | None) -> list[Path]:
    """The files that :func:`read_problem` reads."""
    from ..verify.attention.files import edges_file

    given = model / SPECIFICATION_FILE if specification is None else specification
    return [model / LAYER_FILE if model.is_dir() else model, given, edges_file(given)]


def read_problem(
    model: Path,
    specification: Path | None,
    context: int | None = None,
    temperature: str | None = None,
) -> RecognitionProblem:
    """Read a layer and what is asked of it; ``context`` and ``temperature`` replace the file's.

    Raises InputError that names the file, or the option.
    """
    from ..verify.attention.files import read_recognition
    from ..verify.domain_notation import rational
    from ..verify.formats.toml_table import exact_number

    exact = None
    if temperature is not None:
        exact = rational(exact_number(temperature, "--temperature"), "--temperature")
    layer = model / LAYER_FILE if model.is_dir() else model
    if specification is None:
        specification = model / SPECIFICATION_FILE
    return read_recognition(layer, specification, context=context, temperature=exact)
