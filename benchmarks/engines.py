"""The engines compared: time from the in-memory Problem to the verdict, over a seeded problem set.

    python benchmarks/engines.py --out FOLDER [--quick] [--family NAME ...] [--engine NAME ...]
                                 [--only TEXT ...] [--timeout 10] [--stretch 1] [--threads 1]
                                 [--seed 0] [--resume] [--report] [--figures FOLDER]

Every engine gets the same problems and limit; encoding and scaling are timed, start-up and
compilation are not (each engine runs in a process of its own, which first decides a few small
problems). What takes less than a second is run again, and the best time counts. Times are
processor seconds with one thread, wall seconds with more; the limit is wall time, which --stretch
lengthens by as much as other work slows the machine down. Answers are
compared: a disagreement of exact engines ends the run with an error. docs/engines.md explains the
set and shows a measured table. Solvers that are not installed are skipped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

if not __package__:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import engine_tables
from benchmarks.peers import PEERS
from benchmarks.problem_set import FAMILIES, Instance, instances, key
from benchmarks.records import DisagreementError, Record, Results
from benchmarks.worker import Worker

#: With --quick: problems up to so many inputs, seconds, engines.
QUICK_INPUTS, QUICK_TIMEOUT = 20, 2.0
QUICK_ENGINES = ("auto", "tree", "enumerate", "z3", "z3-split", "cp-sat")
#: Runs of a decision that takes less than a second.
REPEATS = 3


def main() -> int:
    """Measure what is missing, then print the tables and draw the figures."""
    options = _options()
    # tables keep their columns in a file, too
    console = Console() if sys.stdout.isatty() else Console(width=200)
    chosen = _chosen(options)
    engines = _engines(options, console)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "results.jsonl"
    if path.exists() and not (options.resume or options.report):
        console.print(f"{path} exists; add --resume to continue it, --report to show it")
        return 2
    results = Results(path)
    keys = {instance.name: key(instance, instance.build()) for instance in chosen}
    if not options.report:
        try:
            measure(chosen, keys, engines, results, options, console)
        except DisagreementError as error:
            console.print(f"[bold red]{error}")
            return 1
    names = {keys[instance.name]: instance for instance in chosen}
    records = [r for r in results.records(names) if r.engine in engines]
    engine_tables.show(records, engines, options.timeout, console)
    engine_tables.write_markdown(records, engines, options.timeout, options.out / "tables.md")
    if options.figures:
        from benchmarks import engine_figures

        engine_figures.draw(records, engines, options.timeout, options.figures)
    return 0


def measure(
    chosen: list[Instance],
    keys: dict[str, str],
    engines: list[str],
    results: Results,
    options: argparse.Namespace,
    console: Console,
) -> None:
    """Run every engine on every problem, problem by problem so that load is shared fairly."""
    workers = {engine: Worker(engine, options.seed) for engine in engines}
    try:
        for instance in chosen:
            for engine, worker in workers.items():
                if results.has(keys[instance.name], engine, options.timeout):
                    continue
                if instance.count and not PEERS[engine].counts:
                    continue
                reply = worker.ask(
                    instance.name, options.timeout, options.stretch, options.threads, REPEATS
                )
                if "error" in reply:
                    if PEERS[engine].exact:
                        raise RuntimeError(f"{engine} on {instance.name}: {reply['error']}")
                    reply = failed(reply["error"], options.timeout)
                record = Record(
                    key=keys[instance.name],
                    name=instance.name,
                    family=instance.family,
                    shape=instance.shape,
                    inputs=instance.inputs,
                    seed=instance.seed,
                    count=instance.count,
                    engine=engine,
                    timeout=options.timeout,
                    threads=options.threads,
                    **{**reply, "runs": tuple(reply["runs"])},
                )
                results.add(record)
                console.print(
                    f"{record.name:28} {engine:10} {record.status:9} "
                    f"{record.seconds:9.4f} s  {record.detail}",
                    highlight=False,
                    soft_wrap=True,
                )
    finally:
        for worker in workers.values():
            worker.close()


def failed(why: str, seconds: float) -> dict[str, Any]:
    """The reply of an inexact solver that broke down."""
    return {
        "status": "unknown",
        "detail": why[:200],
        "violations": None,
        "nodes": None,
        "seconds": seconds,
        "runs": (),
        "cpu_seconds": None,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/engines"))
    parser.add_argument("--quick", action="store_true", help="a few minutes, small problems")
    parser.add_argument("--family", action="append", choices=list(FAMILIES))
    parser.add_argument("--engine", action="append", choices=list(PEERS))
    parser.add_argument("--only", action="append", help="names that contain this text")
    parser.add_argument("--timeout", type=float, help="seconds a decision (default 10)")
    parser.add_argument(
        "--stretch",
        type=float,
        default=1.0,
        help="on a busy machine, up to this many times the limit in wall time (default 1)",
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the draws that are not trained")
    parser.add_argument("--resume", action="store_true", help="keep what --out holds already")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--figures", type=Path, help="folder for engines-*.svg and .png")
    options = parser.parse_args()
    options.timeout = options.timeout or (QUICK_TIMEOUT if options.quick else 10.0)
    return options


def _chosen(options: argparse.Namespace) -> list[Instance]:
    chosen = [
        instance
        for instance in instances(options.seed)
        if (not options.family or instance.family in options.family)
        and (not options.only or any(text in instance.name for text in options.only))
        and (not options.quick or (instance.inputs <= QUICK_INPUTS and instance.seed == 0))
    ]
    return sorted(chosen, key=lambda i: (list(FAMILIES).index(i.family), i.inputs))


def _engines(options: argparse.Namespace, console: Console) -> list[str]:
    wanted = options.engine or (QUICK_ENGINES if options.quick else PEERS)
    engines = []
    for name in PEERS:
        if name not in wanted:
            continue
        missing = None if options.report else PEERS[name].missing()
        if missing:
            console.print(missing, highlight=False)
        else:
            engines.append(name)
    return engines


if __name__ == "__main__":
    sys.exit(main())
