"""Telling a person why the first run takes longer: the kernels are being compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MESSAGE = "compiling kernels, once; later runs find them in the cache"


@contextmanager
def announce_compilation(*, unless: bool = False) -> Iterator[None]:
    """Say so once, on stderr, as soon as numba compiles something that was not in its cache.

    Args:
        unless: True where no numba kernel will run; numba is then not imported.
    """
    if unless:
        yield
        return
    from numba.core import event

    from .exit import complain

    class Announcement(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                self.told = True
                complain(MESSAGE)

        def on_end(self, event: Any) -> None:
            pass

    listener = Announcement()
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
