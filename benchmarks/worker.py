"""A process of its own for one engine: it decides problems by name and can be killed.

    python -m benchmarks.worker ENGINE SEED

Reads one JSON request a line ({"name", "seconds", "stretch", "threads", "repeats"}) and writes one
JSON reply a line. What solvers print goes nowhere. Solvers are imported here only: ortools and
highspy, for one, carry different versions of one library and cannot share a process.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from select import select
from typing import Any, BinaryIO

from superproof.verify.errors import InputError
from superproof.verify.problem import Problem

from .peers import PEERS
from .peers.answer import Answer, Limit, NotEncodableError
from .problem_set import Instance, instances

ROOT = Path(__file__).parent.parent
#: A decision that takes less than this is repeated.
REPEAT_BELOW = 1.0
#: Seconds of the loop that measures the load.
SPIN = 0.02
#: Seconds beyond the limit after which a worker is killed.
GRACE = 10.0
#: Seconds for start-up and warm-up.
START = 300.0


def serve(engine: str, seed: int, out: BinaryIO) -> None:
    """Answer requests from standard input until it ends."""
    decide = PEERS[engine].load()
    known = {instance.name: instance for instance in instances(seed)}
    warm_up(engine, decide, known)
    _write(out, {"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = answer(decide, known[request["name"]], request)
        except Exception as error:  # reported, and the benchmark stops
            reply = {"error": f"{type(error).__name__}: {error}"}
        _write(out, reply)


def answer(decide: Any, instance: Instance, request: dict[str, Any]) -> dict[str, Any]:
    """Decide, again while it is quick; the times are those of all runs."""
    built = instance.build()
    seconds: list[float] = []
    busy: list[float] = []
    while True:
        # a fresh problem, so that nothing is remembered between runs
        problem = Problem(built.network, built.specification)
        wall = request["seconds"] * min(slowdown(), request.get("stretch", 1.0))
        limit = Limit(wall, request["threads"], instance.count)
        start, cpu = time.perf_counter(), time.process_time()
        try:
            result = decide(problem, limit)
        except (NotEncodableError, InputError) as error:
            result = Answer("refused", str(error))
        except MemoryError:
            result = Answer("unknown", "out of memory")
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - cpu)
        if len(seconds) >= request["repeats"] or seconds[-1] > REPEAT_BELOW:
            break
    return {
        "status": result.status,
        "detail": result.detail,
        "violations": result.violations,
        "nodes": result.nodes,
        "seconds": min(seconds),
        "runs": [round(s, 6) for s in seconds],
        "cpu_seconds": min(busy),
    }


def slowdown() -> float:
    """Wall time over processor time in a short loop, at least 1: what other work costs us."""
    start, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() < start + SPIN:
        pass
    return max((time.perf_counter() - start) / max(time.process_time() - cpu, 1e-6), 1.0)


def warm_up(engine: str, decide: Any, known: dict[str, Instance]) -> None:
    """Small problems of each kind, so that no compilation is timed; one for other people's."""
    kinds = set()
    for instance in sorted(known.values(), key=lambda i: i.inputs):
        # the kernels of enumeration begin at 17 inputs
        kind = (instance.family, len(instance.hidden), instance.inputs > 16)
        if kind in kinds or instance.inputs > 24:
            continue
        kinds.add(kind)
        with contextlib.suppress(NotEncodableError, InputError):
            decide(instance.build(), Limit(2.0, 1, instance.count))
        if PEERS[engine].module != "own" or engine == "z3":
            return


def _write(out: BinaryIO, data: dict[str, Any]) -> None:
    out.write(json.dumps(data).encode() + b"\n")
    out.flush()


@dataclass
class Worker:
    """A running worker, seen from the benchmark; started when it is first asked."""

    engine: str
    seed: int

    @cached_property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, warmed up."""
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", self.engine, str(self.seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        reply = _read(process, START)
        if reply is None:
            process.kill()
            process.wait()
            raise RuntimeError(f"{self.engine}: the worker did not start")
        return process

    def ask(
        self, name: str, seconds: float, stretch: float, threads: int, repeats: int
    ) -> dict[str, Any]:
        """Decide one problem; a worker that hangs or dies answers 'unknown' and is replaced."""
        process = self.process
        request = {"name": name, "seconds": seconds, "stretch": stretch}
        request |= {"threads": threads, "repeats": repeats}
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        # quick runs are repeated within REPEAT_BELOW each
        reply = _read(process, stretch * (seconds + repeats * REPEAT_BELOW) + GRACE)
        if reply is not None:
            return reply
        died = process.poll()
        self.close()
        detail = "killed beyond the limit" if died is None else f"the process died ({died})"
        return {
            "status": "unknown",
            "detail": detail,
            "violations": None,
            "nodes": None,
            "seconds": seconds,
            "runs": [],
            "cpu_seconds": None,
        }

    def close(self) -> None:
        """End the process."""
        process = self.__dict__.pop("process", None)
        if process is not None:
            process.kill()
            process.wait()


def _read(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any] | None:
    assert process.stdout is not None
    if not select([process.stdout], [], [], seconds)[0]:
        return None
    line = process.stdout.readline()
    if not line:
        process.wait()
        return None
    reply: dict[str, Any] = json.loads(line)
    return reply


if __name__ == "__main__":
    # replies keep the real standard output; what solvers print on it is dropped
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    serve(sys.argv[1], int(sys.argv[2]), replies)
