"""A plan that takes seconds, and its result, for all tests of the capacity experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from superproof.empirics.capacity.experiment import CapacityResult, boolean_capacity
from superproof.empirics.capacity.plan import CapacityPlan

TINY = CapacityPlan(
    widths={"plain": (3, 4, 5), "superposed": (20,)},
    seeds=2,
    construction_sizes={"plain-code": (16, 32), "key-value": (16,), "least-squares": (16,)},
    most_outputs=48,
    resamples=60,
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CapacityResult]:
    folder = tmp_path_factory.mktemp("capacity")
    return folder, boolean_capacity(folder, TINY, seed=1, device="cpu")
