"""One figure of theory against experiment: how many neurons do m' ANDs need in superposition?

    python examples/theory_and_experiment.py [--out figure.svg]

Trains networks of several widths for 16 to 256 random ANDs, has each one decided on every input,
and draws the widths that suffice, beside what counting demands and what statistical physics
estimates.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from superproof import InputError
from superproof.empirics.capacity.families import and_task
from superproof.empirics.figures import (
    COLOURS,
    house_style,
    label,
    new_axes,
    require_matplotlib,
    ticks,
)
from superproof.empirics.size_search import Sufficient, search_sizes
from superproof.empirics.training.superposed_networks import SuperposedNetworks, SuperposedRun
from superproof.empirics.training.trainer import train_runs
from superproof.theory.catalog import lookup, middle

OUTPUTS, SEEDS, BITS = (16, 32, 64, 128, 256), 4, 14
#: Bounds of the catalogue, their names in the figure, and colours.
LINES = (
    ("pairwise-and-neurons", "counting bound", "ink"),
    ("pairwise-and-gardner", "estimate for real weights", "orange"),
)


def theory(name: str, outputs: int) -> float:
    """A bound of the catalogue on the number of neurons, for so many ANDs."""
    (bound,) = lookup(name)
    inputs = and_task(outputs, 0).inputs
    return float(middle(bound.evaluate(inputs=inputs, outputs=outputs, bits=BITS)))


def experiment(outputs: int) -> Sufficient:
    """Train widths around the estimate until it is known where success begins."""

    def run(widths: Sequence[int]) -> dict[int, list[bool]]:
        runs = [
            SuperposedRun(and_task(outputs, seed), width, seed, bits=BITS)
            for width in widths
            for seed in range(SEEDS)
        ]
        right: dict[int, list[bool]] = {width: [] for width in widths}
        for done in train_runs(SuperposedNetworks(), runs):
            right[done.run.neurons].append(done.exact)  # decided on every input, not sampled
        return right

    return search_sizes(run, theory("pairwise-and-gardner", outputs), low=4, high=200)


def draw(found: dict[int, Sufficient], file: Path) -> None:
    """Widths that suffice, from the first success to reliable, between the lines of theory."""
    dense = range(OUTPUTS[0], OUTPUTS[-1] + 1)
    with house_style():
        axes = new_axes(
            "Neurons for m' ANDs of two inputs, in superposition",
            "ANDs m'",
            "neurons n",
            log=True,
        )
        for name, words, colour in LINES:
            values = [theory(name, outputs) for outputs in dense]
            axes.plot(dense, values, color=COLOURS[colour])
            label(axes, dense[-1] * 1.03, values[-1], words, colour)
        for outputs, sizes in found.items():
            first, last = sizes.least, sizes.reliable
            assert first is not None
            assert last is not None
            axes.plot([outputs, outputs], [first, last], color=COLOURS["blue"], lw=4, alpha=0.4)
            axes.plot(outputs, last, "o", color=COLOURS["blue"])
        words = f"trained: from the first success to all {SEEDS} seeds right (dot)"
        label(axes, OUTPUTS[0], found[OUTPUTS[0]].reliable * 1.2, words, "blue")
        ticks(axes, list(OUTPUTS), [4, 8, 16, 32, 64])
        axes.set_xlim(OUTPUTS[0] * 0.9, OUTPUTS[-1] * 2.2)
        axes.get_figure().savefig(file)


def main() -> None:
    parser = argparse.ArgumentParser(description="A figure of theory against experiment.")
    parser.add_argument("--out", type=Path, default=Path("ands.svg"), help="default %(default)s")
    file = parser.parse_args().out
    if file.suffix not in (".svg", ".png", ".pdf"):
        parser.error(f"{file}: a figure is written as .svg, .png or .pdf")
    try:
        require_matplotlib()
        file.parent.mkdir(parents=True, exist_ok=True)
    except (InputError, OSError) as error:
        parser.error(str(error))
    print(f"{BITS}-bit square matrices between fixed codes, {SEEDS} seeds a width; exact on all")
    print("inputs with at most two ones, or not counted\n")
    print("ANDs   counting bound   estimate   first success   all seeds right")
    found = {}
    for outputs in OUTPUTS:
        found[outputs] = experiment(outputs)
        print(
            f"{outputs:4}   {theory('pairwise-and-neurons', outputs):14.0f}"
            f"   {theory('pairwise-and-gardner', outputs):8.1f}"
            f"   {found[outputs].least:13}   {found[outputs].reliable:15}",
            flush=True,
        )
    draw(found, file)
    print(f"\ndrawn in {file}")


if __name__ == "__main__":
    main()
