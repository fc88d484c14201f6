"""How the kernels of the tree search are compiled."""

from __future__ import annotations

from pathlib import Path

from ..kernels.compilation import compiler

_FOLDER = Path(__file__).parent
#: For kernels called from Python.
entry = compiler(_FOLDER)
#: For kernels called from kernels only: no Python wrapper, and no reference counting of the many
#: arrays they are handed, which halves the time to compile. They must not allocate.
inner = compiler(_FOLDER, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
