"""From a task to the files of a proved network: what all families have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .task import DRAWS, Task

if TYPE_CHECKING:
    from ...constructions.construction import Construction

PICTURE, SEARCH = "picture.png", "search.json"


@dataclass(frozen=True)
class Delivery:
    """Where the files go and how a width is found; the options that every family has.

    Attributes:
        out: the folder.
        seed: of every random choice.
        picture: draw one.
        json: print the report as JSON, not as a table.
        smallest: search for the least width.
        seeds: of the search, None for the default.
        resume: keep the attempts of an earlier search.
    """

    out: Path
    seed: int
    picture: bool
    json: bool
    smallest: bool
    seeds: int | None
    resume: bool

    def require_room(self, read: Path | None = None) -> None:
        """Raise InputError where the folder's files are others' or options do not fit.

        Args:
            read: a file that the task was read from, and that must not be replaced.
        """
        from ...constructions.construction import (
            CERTIFICATE_FILE,
            REPORT_FILE,
            SPECIFICATION_FILE,
        )
        from ...verify.certificate import check_destination
        from ...verify.errors import InputError
        from ..problem_files import NETWORK_FILES
        from .task import require_only

        if not self.smallest:
            given = {"--seeds": self.seeds, "--resume": self.resume}
            require_only(given, "goes with --smallest, which searches for the least width")
        if self.seeds is not None and self.seeds < 1:
            raise InputError(f"--seeds must be 1 or more, not {self.seeds}")
        if not self.out.exists():
            return
        if not self.out.is_dir():
            raise InputError(f"{self.out}: a file of that name is in the way; name a folder")
        spec = self.out / SPECIFICATION_FILE
        if read is not None and spec.exists() and spec.samefile(read):
            raise InputError(f"{read}: would be written over; name another folder with --out")
        if not (self.out / REPORT_FILE).exists():
            for name in (*NETWORK_FILES, SPECIFICATION_FILE):
                if (self.out / name).exists():
                    raise InputError(
                        f"{self.out}: holds {name} but no {REPORT_FILE}, so it is not a "
                        "construction to be replaced; name another folder"
                    )
        check_destination(self.out / CERTIFICATE_FILE)
        if self.smallest and not self.resume and (self.out / SEARCH).exists():
            raise InputError(
                f"{self.out / SEARCH}: holds the attempts of an earlier search; add --resume to "
                "go on with it, or name another folder"
            )


def deliver(task: Task, delivery: Delivery) -> int:
    """Build the task, write its files, and say what was built; the exit code.

    :meth:`Delivery.require_room` has been called.
    """
    from ...verify.errors import ProofError
    from ..exit import ExitCode, complain
    from ..terminal import print_json, print_text
    from .report_table import print_curve, print_report
    from .search import search

    found = None
    try:
        if delivery.smallest:
            built, found, width = search(task, delivery, delivery.out / SEARCH)
        else:
            built, width = _built(task, delivery)
    except ProofError as error:
        complain(f"error: {error}")
        return ExitCode.UNKNOWN
    except KeyboardInterrupt:
        if not (delivery.smallest and (delivery.out / SEARCH).exists()):
            raise
        complain(f"interrupted; attempts are in {delivery.out / SEARCH}, go on with --resume")
        return ExitCode.INTERRUPTED
    folder = built.write(delivery.out)
    drawn = _draw(built, task, folder) if delivery.picture else "none (--no-picture)"
    written: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    certificate = written["certificate"]
    if delivery.json:
        print_json({**written, "folder": str(folder)})
        return ExitCode.DONE
    if found is not None:
        print_curve(found)
    print_report(built, task, width, certificate, drawn)
    print_text(f"written to {folder}; next: superproof check {folder}")
    if certificate["file"]:
        print_text(f"and: superproof recheck {folder} {folder / certificate['file']}")
    return ExitCode.DONE


def ticking(bar: Callable[[int, int], None]) -> Callable[[], None]:
    """A tick that shows how often it was called."""
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        bar(done, 0)

    return tick


def _built(task: Task, delivery: Delivery) -> tuple[Construction, str]:
    """The network, and where its width comes from."""
    from ...constructions.sizing import enlarging, require_width
    from ...verify.errors import ProofError
    from ..exit import complain
    from ..progress import ProgressBar

    draws = DRAWS if task.draws is None else task.draws
    with ProgressBar(task.unit) as bar:
        tick = ticking(bar)
        if task.neurons is not None:
            if task.first is not None:
                require_width(task.neurons)
            return task.build(task.neurons, delivery.seed, draws, tick), "as asked for"
        if task.first is None:
            return task.build(None, delivery.seed, draws, tick), ""

        def failed(neurons: int, error: ProofError) -> None:
            if bar.shown:
                complain(f"{neurons} neurons do not suffice here; trying more")

        built, width = enlarging(
            lambda neurons: task.build(neurons, delivery.seed, draws, tick), task.first(), failed
        )
        return built, str(width)


def _draw(built: Construction, task: Task, folder: Path) -> str:
    """Draw the picture; its name, or why there is none."""
    from ...empirics.construction_picture import draw_construction
    from ...verify.errors import MissingExtraError

    try:
        return draw_construction(built, task.pairs, folder / PICTURE).name
    except MissingExtraError as error:
        return f"none ({error})"
