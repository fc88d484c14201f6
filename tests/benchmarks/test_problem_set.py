"""The problems of the engine benchmark are what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.problem_set import (
    COUNTED,
    FAMILIES,
    FOLDER,
    Instance,
    index,
    instances,
    key,
    pair_problem,
)
from superproof import Network, check
from superproof.empirics.tasks import random_dnf

SET = instances()
BY_NAME = {instance.name: instance for instance in SET}
#: Domains up to this size are visited here.
SMALL = 16


def test_names_and_families() -> None:
    assert len(BY_NAME) == len(SET)
    assert {instance.family for instance in SET} == set(FAMILIES)
    assert all(instance.count == (instance.family in COUNTED) for instance in SET)


@pytest.mark.parametrize("instance", SET, ids=lambda i: i.name)
def test_shapes(instance: Instance) -> None:
    problem = instance.build()
    assert problem.network.widths == (instance.inputs, *instance.hidden, 1)
    assert len(problem.specification.inputs) == instance.inputs
    assert problem.specification.domain.size == 1 << instance.inputs


def test_problems_are_the_same_at_every_call_and_differ_from_each_other() -> None:
    first = [key(i, i.build()) for i in SET]
    second = [key(i, i.build()) for i in instances()]
    assert first == second
    assert len(set(first)) == len(first)


def test_seed_changes_what_is_drawn_and_nothing_else() -> None:
    drawn = {"noise", "random"}
    for one, other in zip(instances(0), instances(1), strict=True):
        same = key(one, one.build()) == key(other, other.build())
        assert same == (one.family not in drawn)


def test_networks_are_small_files_and_all_are_used() -> None:
    files = {path.stem: path.stat().st_size for path in FOLDER.glob("*.safetensors")}
    assert set(files) == set(index()["networks"])
    assert sum(files.values()) < 1_500_000


@pytest.mark.parametrize("name", sorted(index()["networks"]))
def test_formulas_are_the_ones_of_the_recipe(name: str) -> None:
    entry = index()["networks"][name]
    task = random_dnf(
        entry["inputs"],
        entry["clauses"],
        entry["width"],
        entry["seed"],
        disjoint=False,
        mixed=True,
    )
    assert str(task.formula) == entry["formula"]


def test_there_are_enough_exact_networks() -> None:
    exact = [entry for entry in index()["networks"].values() if entry["status"] == "holds"]
    shapes = [(entry["inputs"], *entry["hidden"]) for entry in exact]
    assert shapes.count((64, 64)) >= 3
    assert sum(16 <= shape[0] <= 24 for shape in shapes) >= 20
    assert any(entry["status"] == "violated" for entry in index()["networks"].values())


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, entry in index()["networks"].items()
        if entry["inputs"] <= SMALL and len(entry["hidden"]) == 1
    ),
)
def test_small_networks_are_as_recorded(name: str) -> None:
    problem = BY_NAME[name].build()
    verdict = check(problem.network, problem.specification, engine="enumerate")
    assert verdict.status == index()["networks"][name]["status"]


@pytest.mark.parametrize("name", sorted(index()["damaged"]))
def test_damage_is_one_number(name: str) -> None:
    entry = index()["damaged"][name]
    damaged, base = (BY_NAME[part].build().network for part in (name, entry["base"]))
    differences = sum(
        int((getattr(one, array) != getattr(other, array)).sum())
        for one, other in zip(damaged.layers, base.layers, strict=True)
        for array in ("weight", "bias")
    )
    assert differences == 1
    # few inputs are wrong: less than one in a hundred, even of the smallest domain
    assert 0 < entry["violations"] < 0.01 * 2**SMALL * (1 if damaged.input_size <= SMALL else 10)


@pytest.mark.parametrize("array", ["weight", "bias"])
def test_damage_is_counted(array: str) -> None:
    name = f"damaged-{array}-16-32-s0"
    problem = BY_NAME[name].build()
    verdict = check(problem.network, problem.specification, engine="enumerate", count=True)
    assert verdict.violations == index()["damaged"][name]["violations"]


def test_quantised_weights_are_8_bit_integers_times_a_power_of_two() -> None:
    for instance in SET:
        if instance.family != "quantised":
            continue
        for layer in instance.build().network.layers:
            largest = np.abs(layer.weight).max()
            scale = 2.0 ** np.ceil(np.log2(largest / 127))
            units = layer.weight.astype(np.float64) / scale
            assert (units == np.rint(units)).all()
            assert np.abs(units).max() <= 127


def test_pairs_have_margin_zero_and_noise_moves_every_weight() -> None:
    problem = pair_problem(12, 12)
    verdict = check(problem.network, problem.specification, engine="enumerate", margin=True)
    assert verdict.holds
    assert verdict.margin == 0
    noisy = pair_problem(12, 12, 0.001, 3).network.layers[0].weight
    plain = problem.network.layers[0].weight
    assert (noisy != plain).all()
    assert np.abs(noisy - plain).max() < 0.006
    assert isinstance(problem.network, Network)
