"""Is a tabular classifier fair to a protected column, and monotone in an ordered one?

    python examples/fairness.py

Trains a small network on the survey that Fair (1978) studied, as statsmodels ships it: 6,366 women
on their marriage, and whether they had an affair. Every column has a few values, so that it becomes
a one-hot group. Two properties are then decided for *all* 1,088,640 possible people, not for those
in the survey: the answer does not depend on how religious a person is, all else equal; and a
happier marriage never turns it from 'no affair' to 'affair'. A second network is trained
so that both are proved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from superproof import Network, Specification
from superproof.verify.invariance.invariance import Example, Invariance, PropertyAnswer
from superproof.verify.invariance.invariant import invariant

#: What the values of a column mean, where they are more than numbers.
WORDS = {
    "rate_marriage": [
        f"{word} marriage" for word in ("very poor", "poor", "fair", "good", "great")
    ],
    "religious": [f"{word} religious" for word in ("not", "mildly", "fairly", "strongly")],
}
PROTECTED, ORDERED = "religious", "rate_marriage"
HIDDEN, STEPS, SEED = 12, 300, 0


@dataclass(frozen=True)
class Survey:
    """The survey in one-hot form.

    Attributes:
        names: an input for each value of each column, ``mildly religious``.
        groups: positions of each column's inputs.
        rows: float32 (people, inputs), 0 and 1.
        labels: float32 (people,), 1 for an affair.
    """

    names: list[str]
    groups: dict[str, list[int]]
    rows: np.ndarray
    labels: np.ndarray

    def listed(self, column: str) -> list[str]:
        """The inputs of a column, in the order of its values."""
        return [self.names[i] for i in self.groups[column]]


def read_survey() -> Survey:
    """The data of ``statsmodels.datasets.fair``, which lie inside that package."""
    from statsmodels.datasets import fair

    table = fair.load_pandas().data
    names: list[str] = []
    groups: dict[str, list[int]] = {}
    columns = []
    for column in table.columns.drop("affairs"):
        values = np.unique(table[column])
        words = WORDS.get(column, [f"{column} {value:g}" for value in values])
        groups[column] = list(range(len(names), len(names) + len(values)))
        names += words
        columns.append(table[column].to_numpy()[:, None] == values)
    rows = np.concatenate(columns, axis=1).astype(np.float32)
    return Survey(names, groups, rows, (table["affairs"] > 0).to_numpy(np.float32))


def train(survey: Survey, *, constrained: bool) -> tuple[Network, float]:
    """A network with one hidden layer, and its accuracy on the fifth of the people not trained on.

    ``constrained``: after each step the weights of the protected column are replaced by their
    mean, those of the ordered column are sorted, and no hidden neuron speaks against an affair.
    """
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    order = np.random.default_rng(SEED).permutation(len(survey.rows))
    rows, labels = (torch.from_numpy(a[order]) for a in (survey.rows, survey.labels))
    trained = len(rows) * 4 // 5
    model = torch.nn.Sequential(
        torch.nn.Linear(len(survey.names), HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)
    )
    first, last = model[0], model[2]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            model(rows[:trained])[:, 0], labels[:trained]
        )
        loss.backward()
        optimizer.step()
        if constrained:
            with torch.no_grad():
                protected, ordered = survey.groups[PROTECTED], survey.groups[ORDERED]
                mean = first.weight[:, protected].mean(dim=1, keepdim=True)
                first.weight[:, protected] = mean.expand(-1, len(protected))
                first.weight[:, ordered] = first.weight[:, ordered].sort(descending=True).values
                last.weight.clamp_(min=0)
    with torch.no_grad():
        right = (model(rows[trained:])[:, 0] > 0) == (labels[trained:] > 0)
    return Network.from_torch(model), float(right.float().mean())


def ask(network: Network, survey: Survey) -> Invariance:
    """Both properties, decided and counted over all possible people."""
    groups = [survey.listed(column) for column in survey.groups]
    # the output needs no formula: nothing is claimed about it but the two properties
    specification = Specification(survey.names, {"affair": None}, domain={"one_hot": groups})
    happier_first = ",".join(reversed(survey.listed(ORDERED)))
    return invariant(
        network,
        specification,
        flip=[",".join(survey.listed(PROTECTED))],
        monotone=[happier_first],
        count=True,
        engine="enumerate",  # so that every run shows the same examples
    )


def report(answer: Invariance) -> None:
    """What was found, in words."""
    fair, monotone = answer.properties
    print(f"  fair to '{PROTECTED}': {verdict(fair)}")
    for one in fair.answers if fair.violations else ():
        print(f"    {one.part.exchange.words}: {one.verdict.violations:,}")
    for example in fair.examples:
        print(f"    for example: {person(example)}")
    print(f"  monotone in '{ORDERED}': {verdict(monotone)}")
    for example in monotone.examples:
        print(f"    for example: {person(example)}")


def verdict(one: PropertyAnswer) -> str:
    """The status with exact numbers."""
    if one.status == "holds":
        return f"proved for all {one.pairs:,} pairs of people"
    return f"violated by {one.violations:,} of {one.pairs:,} pairs of people"


def person(example: Example) -> str:
    """What both people share, what differs, and what the network says of them."""
    true = [name for name, bit in zip(example.names, example.before, strict=True) if bit]
    shared = ", ".join(name for name in true if name not in example.exchange.before)
    reading = example.outputs["affair"]
    said = ["affair" if read else "no affair" for read in (reading.before, reading.after)]
    return f"{example.exchange.words} turns '{said[0]}' into '{said[1]}', at {shared}"


def main() -> None:
    """Train both networks and ask the same questions of each."""
    survey = read_survey()
    print(f"{len(survey.rows):,} people, {len(survey.names)} inputs in {len(survey.groups)} groups")
    print(f"'no affair' is right for {1 - survey.labels.mean():.1%} of them")
    for title, constrained in (("as trained", False), ("trained fair and monotone", True)):
        network, accuracy = train(survey, constrained=constrained)
        print(f"\n{title}: {HIDDEN} neurons, accuracy {accuracy:.1%} on the others")
        report(ask(network, survey))


if __name__ == "__main__":
    main()
