"""``superproof construct attention``: a layer that recognises a relational graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Json, Out, Seed

if TYPE_CHECKING:
    import numpy as np

    from ...verify.attention.graph import RelationalGraph


#: Items of the contexts for which a report says how hot softmax may be, and most items in all.
REACH, REACH_ITEMS = 64, 2048
#: How vectors are drawn where nothing is said.
VECTORS = "gaussian"


def attention(
    out: Out,
    items: Annotated[
        int | None, typer.Option(metavar="M", help="Number of items; not with --embeddings.")
    ] = None,
    embedding_dim: Annotated[
        int | None, typer.Option(metavar="D", help="Dimensions of an item's vector.")
    ] = None,
    vectors: Annotated[
        str | None,
        typer.Option(
            metavar="gaussian|orthonormal|spectrum",
            help="How vectors are drawn; gaussian by default.",
        ),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own vectors: a matrix in .npy or .safetensors."),
    ] = None,
    graph: Annotated[
        str | None,
        typer.Option(
            metavar="GRAPH",
            help="permutation (default), star, zipf, regular-4, hubs-8 (or any number).",
        ),
    ] = None,
    edges: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Edge list instead: query and key item a line, or .npz."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="hinge (trained, default), or a closed form: paper, two-sided, one-sided, "
            "pseudo-inverse, one-edge-heads, sign-code, circle.",
        ),
    ] = "hinge",
    heads: Annotated[
        int | None, typer.Option(metavar="H", help="Heads; default: by a design rule.")
    ] = None,
    key_dim: Annotated[
        int | None, typer.Option(metavar="K", help="Key dimensions of a head; default: by a rule.")
    ] = None,
    bits: Annotated[
        int | None, typer.Option(metavar="B", help="Bits of a weight; default: the fewest.")
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(metavar="G", help="Relative gap to leave, 0 to 1, against noise; hinge only."),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(metavar="L", help="Also prove softmax over contexts of at most L items."),
    ] = None,
    draws: Annotated[
        int, typer.Option(metavar="K", help="Seeds to try, where there is chance.")
    ] = 3,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Training time at a size, about.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="torch device for the hinge, such as cuda.")
    ] = None,
    smallest: Annotated[
        bool, typer.Option("--smallest", help="Search for the least total key dimension.")
    ] = False,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Attention that recognises a graph of items.

    A pair of items is reported when a head scores it above a threshold; the layer reports exactly
    the edges of the graph. FOLDER gets layer.safetensors, edges.txt, spec.toml, certificate and
    report.json. A thousand items take a second, four thousand a minute or two.
    """
    from ...constructions.attention import construct_attention, smallest_attention
    from ...verify.errors import InputError, ProofError
    from ..exit import ExitCode, complain
    from ..progress import ProgressBar
    from ..terminal import print_json, print_text
    from .attention_report import print_report
    from .task import require_only

    if smallest:
        given = {"--key-dim": key_dim, "--context": context}
        require_only(given, "goes without --smallest, which searches for it")
        if method != "hinge":
            raise InputError(f"--smallest is for --method hinge, not {method}")
    _require_room(out, edges)
    points = _vectors(items, embedding_dim, vectors, embeddings, seed)
    asked = _graph(graph, edges, len(points), seed)
    try:
        with ProgressBar("steps") as bar:
            if smallest:
                built = smallest_attention(
                    points, asked, heads=None if heads is None else [heads], bits=bits, gap=gap,
                    seed=seed, seconds=seconds or 60.0, device=device,
                )  # fmt: skip
            else:
                built = construct_attention(
                    points, asked, method=method, heads=heads, key_dim=key_dim, bits=bits, gap=gap,
                    context=context, seed=seed, draws=draws, seconds=seconds, device=device,
                    progress=lambda step, gap: bar(step, 0),
                )  # fmt: skip
    except ProofError as error:
        complain(f"error: {error}")
        return ExitCode.UNKNOWN
    folder = built.write(out)
    written = _report(folder)
    if json:
        print_json({**written, "folder": str(folder)})
        return ExitCode.DONE
    drawn = str(embeddings) if embeddings is not None else vectors or VECTORS
    reach = None
    if built.softmax is None and len(points) <= REACH_ITEMS:
        reach = min(REACH, len(points)), built.largest_temperature(min(REACH, len(points)))
    print_report(
        built, written["certificate"], f"{graph or edges or 'permutation'} on {drawn} vectors",
        reach,
    )  # fmt: skip
    print_text(f"written to {folder}; next: superproof check {folder}")
    if reach is not None and reach[1] is not None:
        soft = f"--context {reach[0]} --temperature {float(reach[1]):g}"
        print_text(f"and: superproof check {folder} {soft}")
    print_text(f"and: superproof recheck {folder} {folder / 'certificate'}")
    return ExitCode.DONE


def _vectors(
    items: int | None, dim: int | None, kind: str | None, file: Path | None, seed: int
) -> np.ndarray:
    from ...constructions.attention import embeddings, read_embeddings
    from ...verify.errors import InputError

    if file is None:
        if items is None or dim is None:
            raise InputError("give --items M and --embedding-dim D, or --embeddings FILE")
        return embeddings(kind or VECTORS, items, dim, seed)
    if kind is not None:
        raise InputError("give --vectors or --embeddings, not both")
    if dim is not None:
        raise InputError(f"{file} says how many dimensions there are; leave --embedding-dim out")
    points = read_embeddings(file)
    if items is not None and items != len(points):
        raise InputError(f"{file}: holds {len(points)} items, but --items says {items}")
    return points


def _graph(name: str | None, file: Path | None, items: int, seed: int) -> RelationalGraph:
    from ...constructions.attention import graph, read_graph
    from ...verify.errors import InputError

    if file is None:
        return graph(name or "permutation", items, seed)
    if name is not None:
        raise InputError("give --graph or --edges, not both")
    return read_graph(file, items)


def _require_room(out: Path, edges: Path | None) -> None:
    """Raise InputError where files in the folder are others'."""
    from ...constructions.construction import CERTIFICATE_FILE, REPORT_FILE
    from ...verify.attention.files import EDGES_FILE, LAYER_FILE, SPECIFICATION_FILE
    from ...verify.certificate import check_destination
    from ...verify.errors import InputError
    from ..problem_files import NETWORK_FILES

    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: a file of that name is in the way; name a folder")
    listed = out / EDGES_FILE
    if edges is not None and listed.exists() and listed.samefile(edges):
        raise InputError(f"{edges}: would be written over; name another folder with --out")
    for name in (LAYER_FILE, SPECIFICATION_FILE, EDGES_FILE, REPORT_FILE):
        if (out / name).is_dir():
            raise InputError(f"{out / name}: a folder of that name is in the way; name another")
    for name in NETWORK_FILES:
        if (out / name).exists():
            raise InputError(f"{out}: holds {name} already; name another folder")
    if not (out / REPORT_FILE).exists():
        for name in (LAYER_FILE, SPECIFICATION_FILE, EDGES_FILE):
            if (out / name).exists():
                raise InputError(
                    f"{out}: holds {name} but no {REPORT_FILE}, so it is not a construction to be "
                    "replaced; name another folder"
                )
    check_destination(out / CERTIFICATE_FILE)


def _report(folder: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return written
