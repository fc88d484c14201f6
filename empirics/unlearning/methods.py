"""Methods of unlearning behind one interface: each is a training run and a last touch.

Settings are reconstructions: step sizes, stopping rules and objectives of arXiv 2602.19215 are not
known beyond the names of its methods. The other methods are published elsewhere, for other models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ...constructions.editing.columns import all_columns_edit, column_edit
from ...constructions.editing.edit import Edit
from ...constructions.editing.gate import gate_edit
from ..reading.codes import hard_code
from ..training.relu_networks import NetworkRun
from ..training.schedule import Schedule
from .case import Case, TaskWithout, base_run
from .relabelling import relabelling
from .tuning import Goal, Tuning
from .weights import Weights, arrays_of, logits, read_true

#: Erased as papers measure it: at most this share of the target's inputs is still true.
ERASED = 0.05
#: Energy of the activations on retained inputs that a projection keeps clear of.
KEPT_ENERGY = 0.95
#: Strength of the regulariser; multiples of the task vector that are tried, in order.
STRENGTH = 10.0
SCALES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)

Plan = Tuning | NetworkRun


class Method(ABC):
    """A way to unlearn a clause.

    Attributes:
        name: in tables and configurations.
        about: what it does, in a few words.
        moves: it moves the weights of the given network, so that the move can be decomposed.
    """

    name: str
    about: str
    moves: bool = True

    def plan(self, case: Case) -> Plan | None:
        """The training run that it takes, None for none."""
        return None

    @abstractmethod
    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """The weights after unlearning. Raises RefusedError where an edit is refused."""


@dataclass(frozen=True)
class Descent(Method):
    """Trains the network on: ascends on the target, or gives it other labels.

    Attributes:
        forget: what is done with inputs of the target: ``ascend``, ``false``, ``random``,
            ``prefer`` or ``nothing``.
        retain: weight of the other inputs; 0 leaves them out.
        rate, steps: of Adam.
        loss: of :class:`.tuning.Tuning`.
        stops: at :data:`ERASED`.
        fresh: starts from an untrained network.
        soft: labels of the other inputs are the sigmoids of the given network.
    """

    name: str
    about: str
    forget: str
    retain: float = 1.0
    rate: float = 1e-3
    steps: int = 1000
    loss: str = "entropy"
    stops: bool = True
    fresh: bool = False
    soft: bool = False

    @property
    def moves(self) -> bool:  # type: ignore[override]
        """Not where a fresh network is trained."""
        return not self.fresh

    def plan(self, case: Case) -> Tuning:
        """The inputs with labels and weights, as the fields say."""
        groups = []
        if self.forget != "nothing":
            label = {"ascend": 1.0, "prefer": 1.0, "false": 0.0, "random": 0.0}[self.forget]
            targets = np.full(len(case.forget), label)
            if self.forget == "random":
                targets = case.random(5).integers(0, 2, len(case.forget)).astype(float)
            sign = -1.0 if self.forget in ("ascend", "prefer") else 1.0
            groups.append((case.forget, targets, sign))
        if self.retain:
            points = np.concatenate([case.retain, case.quiet])
            truth = np.repeat([1.0, 0.0], [len(case.retain), len(case.quiet)])
            if self.soft:
                truth = 1 / (1 + np.exp(-logits(case.weights, points)[:, 0]))
            groups.append((points, truth, self.retain))
        total = sum(len(points) for points, _, _ in groups)
        # every group counts as one mean, whatever its size
        weights = [np.full(len(p), sign * total / len(p)) for p, _, sign in groups]
        return Tuning(
            case.fresh(6) if self.fresh else case.weights,
            np.concatenate([points for points, _, _ in groups]).astype(np.float32),
            np.concatenate([targets for _, targets, _ in groups])[:, None],
            np.concatenate(weights),
            case.seed,
            Schedule(self.steps, self.rate, patience=1, decay="none", warm_up=0.0),
            rows=128 if self.fresh else 64,
            loss=self.loss,
            beta=STRENGTH if self.loss == "regularised" else 1.0,
            clip=None if self.fresh else 1.0,
            goal=Goal(case.watched, ERASED, above=False) if self.stops else None,
            spaces=_spaces(case, self.loss),
        )

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """As trained."""
        assert trained is not None
        return trained


@dataclass(frozen=True)
class TaskVector(Method):
    """Learns the target alone, and goes the opposite way.

    Attributes:
        quiet: with inputs of no clause among what is learned.
    """

    name: str
    about: str
    quiet: bool

    def plan(self, case: Case) -> Tuning:
        """Training on the target, and on inputs without clause."""
        points, truth = case.forget, np.ones(len(case.forget))
        if self.quiet:
            points = np.concatenate([points, case.quiet])
            truth = np.append(truth, np.zeros(len(case.quiet)))
        return Tuning(
            case.weights,
            points.astype(np.float32),
            truth[:, None],
            np.ones(len(points)),
            case.seed,
            Schedule(300, 1e-3, patience=300, decay="none", warm_up=0.0),
        )

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """The smallest multiple that erases; where none does, that with the lowest rate."""
        assert trained is not None
        best: tuple[float, Weights] = (np.inf, {})
        for scale in SCALES:
            moved = {
                name: (old - scale * (trained[name].reshape(old.shape) - old)).astype(np.float32)
                for name, old in case.weights.items()
            }
            rate = float(read_true(moved, case.watched).mean())
            if rate < best[0]:
                best = rate, moved
            if rate <= ERASED:
                break
        return best[1]


@dataclass(frozen=True)
class DeletedNeurons(Method):
    """Takes the neurons of the clause's code out of the network."""

    name: str = "delete code"
    about: str = "output weights of the clause's code neurons set to 0"

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """The network without them; unchanged where the code is empty."""
        code = hard_code(
            case.weights["0.weight"], case.weights["1.weight"][0], case.clauses[case.clause]
        )
        found = {name: array.copy() for name, array in case.weights.items()}
        found["1.weight"][0, code != 0] = 0
        return found


@dataclass(frozen=True)
class ProvedEdit(Method):
    """An edit of :mod:`superproof.constructions.editing`."""

    name: str
    about: str
    kind: str

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """The edited network."""
        edits = {"column": column_edit, "columns": all_columns_edit, "gate": gate_edit}
        edit: Edit = edits[self.kind](case.network, case.target)
        return arrays_of(edit.network)


@dataclass(frozen=True)
class Relabelling(Method):
    """Relabelling guided by counterexamples."""

    name: str = "relabel, proved"
    about: str = "trained on counterexamples until the proof goes through"
    rounds: int = 20

    def plan(self, case: Case) -> Tuning:
        """See :mod:`.relabelling`."""
        return relabelling(case.network, case.target, self.rounds, case.seed)

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """As trained."""
        assert trained is not None
        return trained


@dataclass(frozen=True)
class Scratch(Method):
    """The reference: a network that never saw the clause, exact on what is left."""

    name: str = "scratch, exact"
    about: str = "reference: a fresh network trained to compute the rest exactly"
    moves: bool = False

    def plan(self, case: Case) -> NetworkRun:
        """The recipe of the given network, on the formula without the clause."""
        fields = {
            name: getattr(case.task, name)
            for name in ("kind", "inputs", "arity", "clauses", "disjoint", "mixed", "seed")
        }
        return base_run(TaskWithout(**fields, without=case.clause), case.hidden, case.seed + 50_000)

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """As trained."""
        assert trained is not None
        return trained


@dataclass(frozen=True)
class Untrained(Method):
    """The other reference: a random network that does not happen to say true."""

    name: str = "random network"
    about: str = "reference: untrained, its output lowered until the target reads false"
    moves: bool = False

    def finish(self, case: Case, trained: Weights | None) -> Weights:
        """Normal weights."""
        weights = case.fresh(7)
        values = logits(weights, case.watched)[:, 0]
        highest = float(np.quantile(values, 1 - ERASED, method="higher"))
        weights["1.bias"] = np.array([-1.01 * max(highest, 0.0)], dtype=np.float32)
        return weights


#: All methods in the order of the tables.
METHODS: tuple[Method, ...] = (
    Descent("ascent", "gradient ascent on the clause, stopped", "ascend", retain=0.0),
    Descent("ascent + retain", "the same, and descent on the rest", "ascend"),
    Descent(
        "ascent + retain, 600", "the same for 600 steps", "ascend", steps=600, stops=False
    ),
    Descent(
        "ascent + 10 retain", "ten times the rest, small steps", "ascend", retain=10.0,
        rate=1e-4, steps=3000,
    ),
    TaskVector("task vector", "minus a multiple of what training on the clause adds", quiet=False),
    TaskVector("task vector, both", "the same, learned beside inputs of no clause", quiet=True),
    Descent(
        "distil, fresh", "a fresh network learns the outputs on the rest", "nothing",
        rate=1e-2, steps=1500, stops=False, fresh=True, soft=True,
    ),
    Descent(
        "distil, relabel", "the network learns false on the clause, its outputs on the rest",
        "false", steps=500, stops=False, soft=True,
    ),
    Descent("preference", "negative preference optimisation", "prefer", loss="preference"),
    Descent("random labels", "random labels on the clause", "random", steps=500, stops=False),
    Descent(
        "projected ascent", "ascent beside the activations of the rest", "ascend", retain=0.0,
        rate=3e-3, loss="projected",
    ),
    Descent("orthogonal ascent", "ascent without what harms the rest", "ascend", loss="orthogonal"),
    Descent(
        "regularised ascent", "ascent, moves on the rest's activations penalised", "ascend",
        retain=0.0, steps=2000, loss="regularised",
    ),
    Descent(
        "retrain", "a fresh network trained on the rest", "nothing",
        rate=1e-2, steps=1500, stops=False, fresh=True,
    ),
    DeletedNeurons(),
    ProvedEdit("column, proved", "one input of the clause cut off", "column"),
    ProvedEdit("columns, proved", "all inputs of the clause cut off", "columns"),
    ProvedEdit("gate, proved", "the clause overruled by added neurons", "gate"),
    Relabelling(),
    Scratch(),
    Untrained(),
)  # fmt: skip
#: With which recoveries are compared, and all that unlearns nothing.
REFERENCE = Scratch().name
REFERENCES = (REFERENCE, Untrained().name)


def _spaces(case: Case, loss: str) -> tuple[np.ndarray, ...]:
    """What retained inputs look like to each layer, its bias as a last input of 1."""
    if loss not in ("projected", "regularised"):
        return ()
    points = np.concatenate([case.retain, case.quiet]).astype(np.float64)
    first = points @ case.weights["0.weight"].T.astype(np.float64) + case.weights["0.bias"]
    spaces = []
    for fed in (points, np.maximum(first, 0)):
        fed = np.hstack([fed, np.ones((len(fed), 1))])
        moment = fed.T @ fed / len(fed)
        if loss == "projected":
            energy, axes = np.linalg.eigh(moment)
            share = np.cumsum(energy[::-1]) / energy.sum()
            kept = axes[:, ::-1][:, : int(np.searchsorted(share, KEPT_ENERGY)) + 1]
            moment = kept @ kept.T
        spaces.append(moment)
    return tuple(spaces)
