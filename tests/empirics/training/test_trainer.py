"""Slots, stops, memory, seeds and threads of the batched trainer."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from superproof.empirics.training import trainer
from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.boolean_task import BooleanTask, Sampling
from superproof.empirics.training.device import Backend
from superproof.empirics.training.program import Program, run_json
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.slots import Slots
from superproof.empirics.training.superposed_networks import SuperposedNetworks, SuperposedRun
from superproof.empirics.training.trainer import groups, train_runs
from superproof.verify.errors import InputError

from .plain import families, needs_cuda, slow, trained

ANDS = BooleanTask("and", 6, 4, active=2)


def _runs(count: int, **options: Any) -> list[NetworkRun]:
    return [NetworkRun(ANDS, (10,), seed, **options) for seed in range(count)]


def test_a_run_that_has_learned_frees_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs at a time; the queue fills what is freed before the next step."""
    loads: list[tuple[int, int]] = []
    taken: list[tuple[int, int]] = []
    load, descend = Slots.load, trainer._Batch._descend

    def counted(self: Slots, slot: int, run: NetworkRun, start: Any) -> None:
        load(self, slot, run, start)
        loads.append((slot, run.seed))

    def watched(self: trainer._Batch) -> None:
        taken.append((len(self.slots.occupied), len(self.queue)))
        descend(self)

    monkeypatch.setattr(Slots, "load", counted)
    monkeypatch.setattr(trainer._Batch, "_descend", watched)
    program = ReluNetworks()
    runs = _runs(12)
    floats = program.layout(1, program.sizes(runs[0]), Backend()).floats
    done = trained(program, runs, memory=3 * 4 * floats)
    assert sorted(seed for _, seed in loads) == list(range(12))
    assert {slot for slot, _ in loads} == {0, 1, 2}
    assert all(occupied == 3 for occupied, waiting in taken if waiting)
    assert len(taken) < sum(run.steps for run in done.values()) // 20
    assert len({run.steps for run in done.values()}) > 1
    assert {run.stop for run in done.values()} == {"learned"}
    for run in done.values():
        assert run.steps % run.run.schedule.patience == 0
        assert run.exact
        assert run.curve[-1] == (run.steps, run.loss)
        assert run.seconds > 0


def test_the_last_runs_share_a_smaller_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    keep = Slots.keep

    def counted(self: Slots, slots: Any) -> None:
        keep(self, slots)
        kept.append(len(self.tenants))

    monkeypatch.setattr(Slots, "keep", counted)
    long, short = slow(400, 1e-4), slow(20, 1e-4)
    runs = [replace(run, schedule=long if run.seed < 2 else short) for run in _runs(8)]
    done = trained(ReluNetworks(), runs)
    assert kept == [2]
    assert [done[run].steps for run in runs] == [400, 400] + [20] * 6
    (alone,) = trained(ReluNetworks(), runs[1:2]).values()
    assert np.array_equal(alone.parameters["0.weight"], done[runs[1]].parameters["0.weight"])


@pytest.mark.parametrize("compiled", [False, True], ids=["loops", "tensors"])
@pytest.mark.parametrize("hidden", [(10,), (6, 6, 6)])
def test_runs_that_diverge_are_recorded_and_harm_nobody(
    hidden: tuple[int, ...], compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    wild = [
        NetworkRun(ANDS, hidden, seed, Schedule(200, 1e6, patience=20, decay="none"), spread=1e9)
        for seed in range(3)
    ]
    tame = [NetworkRun(ANDS, hidden, seed, slow(60)) for seed in range(3)]
    mixed = [run for pair in zip(wild, tame, strict=True) for run in pair]
    done = trained(ReluNetworks(), mixed, compiled=compiled)
    for run in wild:
        found = done[run]
        assert found.stop == "diverged"
        assert (found.loss, found.model, found.verdict, found.score) == (None, None, None, None)
        assert not found.exact
    for run in tame:
        (alone,) = trained(ReluNetworks(), [run], compiled=compiled).values()
        for name, array in alone.parameters.items():
            np.testing.assert_allclose(done[run].parameters[name], array, rtol=1e-4, atol=1e-5)


def test_a_learning_rate_of_a_million_diverges() -> None:
    schedule = Schedule(200, 1e6, patience=20, decay="none")
    for program, run in (
        (ReluNetworks(), NetworkRun(ANDS, (8, 8), 0, schedule)),
        (SuperposedNetworks(), SuperposedRun(ANDS, 5, 0, schedule)),
        (AttentionLayers(), AttentionRun(12, 6, 2, 3, schedule=schedule)),
        (AttentionLayers(), AttentionRun(12, 6, 2, 3, loss="softmax", schedule=schedule)),
    ):
        (done,) = train_runs(program, [run], device="cpu")  # type: ignore[arg-type]
        assert (done.stop, done.loss, done.exact) == ("diverged", None, False)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory."), MemoryError(),
     RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")],
    ids=["cuda", "host", "allocator"],
)  # fmt: skip
def test_a_batch_that_is_too_large_is_halved(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = _runs(10)
    calm = trained(ReluNetworks(), runs)
    sizes: list[int] = []
    survey = ReluNetworks.survey

    def tight(self: ReluNetworks, kind: int, parameters: Any, *rest: Any) -> Any:
        sizes.append(len(parameters["0.weight"]))
        if sizes[-1] > 3:
            raise error
        return survey(self, kind, parameters, *rest)

    monkeypatch.setattr(ReluNetworks, "survey", tight)
    done = trained(ReluNetworks(), runs)
    assert sizes[:2] == [10, 5]
    assert max(sizes[2:]) == 2
    assert set(done) == set(calm)
    for run in runs:
        assert (done[run].stop, done[run].steps) == (calm[run].stop, calm[run].steps)
        np.testing.assert_allclose(done[run].curve, calm[run].curve, rtol=1e-4)
        for name, array in calm[run].parameters.items():
            assert np.array_equal(done[run].parameters[name], array)


def test_memory_that_runs_out_between_results_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that were finished in the same look as the failure are handed over, and once."""
    arrays = Slots.arrays
    calls = [0]

    def failing(self: Slots, slot: int) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise MemoryError
        return arrays(self, slot)

    monkeypatch.setattr(Slots, "arrays", failing)
    runs = _runs(8, schedule=slow(20))
    found = [done.run for done in train_runs(ReluNetworks(), runs, device="cpu")]
    assert sorted(run.seed for run in found) == list(range(8))


def test_allocation_of_the_slots_is_halved_too(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    begin = Slots.__init__

    def tight(self: Slots, layout: Any, count: int, backend: Any) -> None:
        tried.append(count)
        if count > 2:
            raise MemoryError
        begin(self, layout, count, backend)

    monkeypatch.setattr(Slots, "__init__", tight)
    assert len(trained(ReluNetworks(), _runs(9))) == 9
    assert tried[:3] == [9, 4, 2]


def test_one_run_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(ReluNetworks, "survey", full)
    with pytest.raises(InputError, match=r"one run of networks .* does not fit .* train smaller"):
        trained(ReluNetworks(), _runs(3))


def test_a_run_beyond_all_memory_is_refused_before_it_is_tried() -> None:
    run = AttentionRun(1 << 17, 1 << 12, 1, 4)
    monster = AttentionLayers()
    layout = monster.layout(("softmax", 64), (1 << 17, 8, 4, 1), Backend(compiled=True))
    assert 4 * layout.floats > Backend().room > 1 << 28
    with pytest.raises(InputError, match=r"working set of about [0-9,]+ MiB does not fit"):
        trainer._Batch(monster, ("softmax", 64), layout, [run], Backend(compiled=True))


def test_other_errors_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> Any:
        raise RuntimeError("something else")

    monkeypatch.setattr(ReluNetworks, "survey", broken)
    with pytest.raises(RuntimeError, match="something else"):
        trained(ReluNetworks(), _runs(2))


@pytest.mark.parametrize(("program", "runs"), families())
def test_a_seed_decides_everything(program: Program, runs: list[Any]) -> None:
    run = runs[0]
    one, again = (trained(program, [run])[run] for _ in range(2))
    other = trained(program, [replace(run, seed=run.seed + 1)])
    for name, array in one.parameters.items():
        assert np.array_equal(array, again.parameters[name])
    (changed,) = other.values()
    assert any(not np.array_equal(changed.parameters[name], one.parameters[name])
               for name in one.parameters)  # fmt: skip


@pytest.mark.parametrize(("program", "runs"), families())
def test_bfloat16_trains(program: Program, runs: list[Any]) -> None:
    run = replace(runs[0], schedule=replace(runs[0].schedule, steps=200, patience=10))
    done = trained(program, [run], precision="bfloat16")[run]
    assert done.precision == "bfloat16"
    assert all(array.dtype == np.float32 for array in done.parameters.values())
    assert done.stop != "diverged"
    assert len(done.curve) == 1 or done.curve[-1][1] < 0.8 * done.curve[0][1]
    assert done.score is not None


@pytest.mark.slow
@pytest.mark.parametrize(("program", "runs"), families())
def test_torch_compile(program: Program, runs: list[Any]) -> None:
    some = [runs[0], runs[-1]]
    plain, compiled = (trained(program, some, compiled=flag) for flag in (False, True))
    for run in some:
        for name, array in plain[run].parameters.items():
            np.testing.assert_allclose(
                compiled[run].parameters[name], array, rtol=1e-3, atol=1e-3, err_msg=name
            )


def test_threads_belong_to_the_caller_between_results() -> None:
    before = torch.get_num_threads()
    other = 1 if before != 1 else 2
    try:
        torch.set_num_threads(other)
        results = train_runs(ReluNetworks(), _runs(6), device="cpu", threads=3)
        for _ in results:
            assert torch.get_num_threads() == other
        assert torch.get_num_threads() == other
        seen: list[int] = []

        class Watched(ReluNetworks):
            def survey(self, *arguments: Any) -> Any:
                seen.append(torch.get_num_threads())
                return super().survey(*arguments)

        # beside the compiled loops, which have the threads, torch has one
        next(train_runs(Watched(), _runs(2), device="cpu", threads=3))
        assert set(seen) == {1}
        seen.clear()
        next(train_runs(Watched(), _runs(2), device="cpu", threads=3, precision="bfloat16"))
        assert set(seen) == {3}
        assert torch.get_num_threads() == other
    finally:
        torch.set_num_threads(before)


def test_closing_early_is_clean() -> None:
    before = torch.get_num_threads()
    results = train_runs(ReluNetworks(), _runs(20), device="cpu", threads=2)
    first = next(results)
    assert first.exact
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(results)
    del results
    gc.collect()
    assert torch.get_num_threads() == before
    assert first.model is not None
    # never begun
    train_runs(ReluNetworks(), _runs(2), device="cpu").close()  # type: ignore[attr-defined]


def test_progress_counts_steps_up_to_all() -> None:
    seen: list[tuple[int, int]] = []
    runs = [*_runs(5), NetworkRun(ANDS, (3, 3), 1, slow(40, 1e-4))]
    trained(ReluNetworks(), runs, progress=lambda done, total: seen.append((done, total)))
    total = sum(run.schedule.steps for run in runs)
    assert {end for _, end in seen} == {total}
    steps = [done for done, _ in seen]
    assert steps == sorted(steps)
    assert steps[-1] == total


def test_nothing_to_train() -> None:
    assert trained(ReluNetworks(), []) == {}


def test_a_verdict_after_all_threads_are_gone_is_lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any) -> Any:
        raise AssertionError("asked")

    (done,) = trained(ReluNetworks(), _runs(1)).values()
    monkeypatch.setattr(ReluNetworks, "verdict", never)
    with pytest.raises(AssertionError, match="asked"):
        _ = done.verdict


def test_a_timeout_of_the_verifier_is_no_answer() -> None:
    run = NetworkRun(
        BooleanTask("dnf", 28, clauses=6, arity=4), (40,), 0, slow(20), Sampling("near", 200)
    )
    (done,) = trained(ReluNetworks(timeout=1e-3), [run]).values()
    assert done.verdict is not None
    assert done.score is not None
    assert done.score.wrong is None
    assert not done.exact


def test_groups_are_alike_in_size() -> None:
    """Widths that cross would pad to much more than either; equals stand side by side."""
    place = Backend()
    program = ReluNetworks()
    runs = [
        NetworkRun(ANDS, hidden, seed, slow())
        for seed in range(3)
        for hidden in ((64, 4), (4, 64), (5, 60), (8,), (9,))
    ]
    found = list(groups(program, runs, [program.sizes(run) for run in runs], place))
    assert sum(len(members) for _, _, members in found) == len(runs)
    assert len(found) <= 4
    for kind, layout, members in found:
        own = [program.layout(kind, program.sizes(run), place).floats for run in members]
        assert layout.floats <= trainer.PADDING * min(own)
        assert {program.kind(run) for run in members} == {kind}
    patient = [replace(run, schedule=slow(patience=seed + 5)) for seed, run in enumerate(_runs(3))]
    assert len(list(groups(program, patient, [program.sizes(r) for r in patient], place))) == 3


def test_configurations_are_json() -> None:
    run = NetworkRun(ANDS, (4, 5), 3, slow(), repair=slow(10))
    data = run_json(run)
    assert data["hidden"] == [4, 5]
    assert data["task"]["kind"] == "and"
    task, schedule = BooleanTask(**data.pop("task")), Schedule(**data.pop("schedule"))
    repair, sampling = Schedule(**data.pop("repair")), Sampling(**data.pop("sampling"))
    again = NetworkRun(task=task, schedule=schedule, repair=repair, sampling=sampling, **data)
    assert again == run


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "unknown device 'tpu'; use one of auto, cpu, cuda"),
        ({"precision": "float8"}, "unknown precision 'float8'; use one of float32, bfloat16"),
        ({"threads": 0}, "threads must be 1 or more, not 0"),
        ({"memory": 0}, "memory must be 1 byte or more, not 0"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_runs(ReluNetworks(), _runs(1), **options)


def test_seeds_below_zero() -> None:
    with pytest.raises(InputError, match="seeds must be 0 or more, not -3"):
        train_runs(ReluNetworks(), [*_runs(1), NetworkRun(ANDS, (4,), -3)], device="cpu")


def test_cuda_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="torch sees no CUDA device; use --device cpu"):
        train_runs(ReluNetworks(), _runs(1), device="cuda")


@needs_cuda
def test_a_gpu_is_used_by_itself() -> None:
    (done,) = train_runs(ReluNetworks(), _runs(1))
    assert done.device == "cuda"
