"""``superproof expand``: more neurons with the same number of nonzero weights."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Json, Specification

if TYPE_CHECKING:
    import numpy as np

    from ..empirics.expansion.expand import Expanded
    from ..empirics.expansion.fine_tuning import Data
    from ..verify import specification as specifications
    from ..verify.network import Network

SPLITS = ("random", "independent", "clause", "gram")
NETWORK, TRAINED, REPORT, MASKS = "network.onnx", "dense.onnx", "report.json", "masks.npz"
KIND, EXPANDED, DENSE = "expansion", "expanded", "dense"


def expand(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Network with relu layers (.onnx, .safetensors, .npz), or folder."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for what is written.")],
    specification: Specification = None,
    factor: Annotated[int, typer.Option(metavar="K", help="Children of every neuron.")] = 2,
    split: Annotated[
        str,
        typer.Option(
            metavar="|".join(SPLITS),
            help="How the inputs of a neuron are divided among its children: dealt at random, "
            "drawn independently, by the clauses of SPEC.toml, or by the rows of W^T W.",
        ),
    ] = "random",
    layer: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Hidden layer, from 0 (the default); may be repeated."),
    ] = None,
    groups: Annotated[int | None, typer.Option(metavar="N", help="gram: groups of inputs.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Points (.npy) to train on after the split."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Their classes (.npy), from 0.")
    ] = None,
    test_share: Annotated[
        float, typer.Option(metavar="S", help="Share of the points that accuracies are of.")
    ] = 0.25,
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="Steps of training.")] = 1500,
    learning_rate: Annotated[
        float, typer.Option(metavar="R", help="Learning rate at its peak.")
    ] = 0.005,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="Points a step.")] = 256,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of every draw.")] = 0,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where to train.")] = "auto",
    json: Json = False,
) -> None:
    """Split hidden neurons into children that read disjoint inputs, and prune to the old budget.

    The expanded network has exactly as many nonzero weights and biases as MODEL, and computes
    something else until it is trained: with --data and --labels it is, its zeros frozen, and MODEL
    goes on for as many steps beside it. With SPEC.toml both are held against it exactly. FOLDER
    gets network.onnx, masks.npz and report.json. A reconstruction of arXiv 2510.04500.
    """
    from ..empirics.expansion.expand import expand as expanded_from
    from ..empirics.expansion.fine_tuning import divided, read_array
    from ..verify.errors import InputError
    from .problem_files import SPECIFICATION_FILE, network_file, read_files, read_network
    from .terminal import print_json

    if (data is None) != (labels is None):
        raise InputError("give both --data and --labels, or neither")
    _require_room(out, network_file(model))
    spec = None
    if specification is not None or (model.is_dir() and (model / SPECIFICATION_FILE).is_file()):
        network, spec, _ = read_files(model, specification)
    else:
        network = read_network(model)
    if split == "clause" and spec is None:
        raise InputError("--split clause reads the clauses of a specification; name SPEC.toml")
    found = expanded_from(
        network,
        factor,
        split,
        layers=layer,
        seed=seed,
        clauses=_clauses(spec) if split == "clause" and spec is not None else None,
        groups=groups,
    )
    lesson: Data | None = None
    if data is not None and labels is not None:
        lesson = divided(
            read_array(data, "points"), read_array(labels, "classes"), test_share, seed
        )
    networks = {DENSE: network, EXPANDED: found.network}
    if lesson is not None:
        networks = _trained(networks, lesson, steps, learning_rate, rows, seed, device)
    report: dict[str, Any] = {
        "kind": KIND,
        "split": split,
        "factor": factor,
        "layers": sorted(found.splits),
        "seed": seed,
        "budget": found.budget,
        "excess": found.excess,
        "steps": steps if lesson is not None else 0,
    }
    for name, before, own in (
        (DENSE, network, networks[DENSE]),
        (EXPANDED, found.network, networks[EXPANDED]),
    ):
        report[name] = _described(before, own, found, lesson, spec)
    files = _write(out, found, networks, report, trained=lesson is not None)
    if json:
        print_json(report | {"files": {name: str(path) for name, path in files.items()}})
    else:
        _print(report, files)


def _require_room(out: Path, read: Path) -> None:
    """Raise InputError where the folder's files are others'; an earlier expansion is replaced."""
    import json

    from ..verify.errors import InputError

    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file is in the way; name a folder")
    if read.resolve() in ((out / NETWORK).resolve(), (out / TRAINED).resolve()):
        raise InputError(f"{read}: would be written over; name another folder with --out")
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if json.loads((out / REPORT).read_text(encoding="utf-8"))["kind"] == KIND:
            return
    for name in (NETWORK, TRAINED, MASKS, REPORT):
        if (out / name).exists():
            raise InputError(
                f"{out}: holds {name}, which no earlier expansion wrote; name another folder "
                "with --out"
            )


def _clauses(spec: specifications.Specification) -> list[list[int]]:
    """Inputs of every clause of every output."""
    spec.require_formulas()
    index = {name: number for number, name in enumerate(spec.inputs)}
    return [
        sorted(index[name] for name in clause.names())
        for formula in spec.formulas
        for clause in formula.clauses()
        if clause.names()
    ]


def _trained(
    networks: dict[str, Network],
    lesson: Data,
    steps: int,
    learning_rate: float,
    rows: int,
    seed: int,
    device: str,
) -> dict[str, Network]:
    from ..empirics.expansion.fine_tuning import fine_tune
    from ..empirics.training.schedule import Schedule
    from .progress import ProgressBar

    schedule = Schedule(steps, learning_rate, patience=min(100, steps))
    pairs = [(networks[DENSE], False), (networks[EXPANDED], False)]
    with ProgressBar("steps") as bar:
        found = fine_tune(
            pairs, lesson, schedule, rows=rows, seed=seed, device=device, progress=bar
        )
    return dict(zip((DENSE, EXPANDED), found, strict=True))


def _described(
    before: Network,
    network: Network,
    split: Expanded,
    lesson: Data | None,
    spec: specifications.Specification | None,
) -> dict[str, Any]:
    """Sizes, interference in the first layer that was split, accuracy, and the exact verdict."""
    from ..empirics.expansion.expand import nonzeros
    from ..empirics.expansion.interference import interference
    from ..empirics.expansion.masked_networks import accuracy
    from ..verify.check import check

    number = min(split.splits)
    weight = network.dense.layers[number].weight
    parents = split.parents[number]
    met = interference(weight, parents if len(parents) == len(weight) else None)
    about: dict[str, Any] = {
        "neurons": [layer.width for layer in network.layers[:-1]],
        "nonzeros": nonzeros(network),
        "feature_capacity": met.capacity,
        "cosine": met.signed,
        "absolute_cosine": met.absolute,
        "stranger_cosine": met.strangers,
    }
    if lesson is not None:
        points, classes = lesson.test_points, lesson.test_classes
        about["accuracy_before"] = accuracy(before, points, classes)
        about["accuracy"] = accuracy(network, points, classes)
    if spec is not None:
        verdict = check(network, spec, count=True, timeout=60)
        about["status"] = verdict.status
        about["violations"] = verdict.violations
    return about


def _write(
    out: Path,
    found: Expanded,
    networks: dict[str, Network],
    report: dict[str, Any],
    *,
    trained: bool,
) -> dict[str, Path]:
    import json

    import numpy as np

    from ..verify.errors import InputError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{out}: a file is in the way; name a folder") from None
    files = {"network": networks[EXPANDED].save(out / NETWORK)}
    if trained:
        files["dense"] = networks[DENSE].save(out / TRAINED)
    else:
        (out / TRAINED).unlink(missing_ok=True)
    arrays: dict[str, np.ndarray] = {}
    for number, (weight, bias) in enumerate(found.masks):
        arrays[f"{number}.weight"], arrays[f"{number}.bias"] = weight, bias
    for number, parents in found.parents.items():
        arrays[f"{number}.parent"] = parents
    files["masks"] = out / MASKS
    np.savez_compressed(files["masks"], **arrays)  # type: ignore[arg-type]
    files["report"] = out / REPORT
    text = json.dumps(report, indent=2, allow_nan=False)
    files["report"].write_text(text + "\n", encoding="utf-8")
    return files


def _print(report: dict[str, Any], files: dict[str, Path]) -> None:
    from .terminal import console, print_text, table

    rows = table(("", "left"), ("dense", "right"), ("expanded", "right"))
    names = (
        ("hidden neurons", "neurons"),
        ("nonzero weights and biases", "nonzeros"),
        ("feature capacity", "feature_capacity"),
        ("mean cosine of neurons", "cosine"),
        ("mean absolute cosine", "absolute_cosine"),
        ("... of different parents", "stranger_cosine"),
        ("test accuracy before training", "accuracy_before"),
        ("test accuracy", "accuracy"),
        ("against the specification", "status"),
        ("wrong inputs", "violations"),
    )
    for title, key in names:
        if key in report[DENSE]:
            rows.add_row(title, *(_cell(report[name][key]) for name in (DENSE, EXPANDED)))
    out = console()
    out.print(rows)
    if report["steps"]:
        print_text(f"both trained for {report['steps']:,} steps, zeros frozen")
    else:
        print_text(
            "the split does not keep what the network computes; train it with --data and --labels, "
            "or yourself, with masks.npz frozen"
        )
    for name, path in files.items():
        out.print(f"{name:>8}  {path}", soft_wrap=True)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(f"{number:,}" for number in value)
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "not counted" if value is None else str(value)
