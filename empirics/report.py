"""The report: one self-contained HTML page about the experiments of a folder."""

from __future__ import annotations

import base64
import html
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ..verify.errors import InputError
from ..verify.verdict import package_version
from ..verify.verdict_text import seconds
from .finding import Cell, Finding, Table, find_findings
from .store import StoredRuns, is_store

FILE = "report.html"
#: Rows of a table that are shown at once; the rest folds out.
SHOWN = 24

_STYLE = """
:root { color-scheme: light; --ink: #1c1c1c; --soft: #5d5d5d; --line: #dcdcdc; --tint: #f5f5f2; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 72rem; color: var(--ink); background: #fff;
  font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: .3rem 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .4rem; padding-top: .8rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p, ul { max-width: 46rem; margin: .5rem 0; }
a { color: #0b5394; }
figure { margin: 1rem 0; }
figure img { display: block; width: 100%; min-width: 44rem; max-width: 54rem; height: auto; }
figcaption, .soft { color: var(--soft); font-size: .9rem; max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem .25rem 0; text-align: right; white-space: nowrap; }
th { border-bottom: 1px solid var(--ink); vertical-align: bottom; }
td.text, th.text { text-align: left; }
tr + tr td { border-top: 1px solid var(--line); }
pre { background: var(--tint); padding: .6rem .8rem; overflow-x: auto; font-size: .9rem; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
summary { cursor: pointer; color: var(--soft); }
@media print { body { max-width: none; padding: 0; } h2 { break-before: page; }
  figure, table { break-inside: avoid; } figure img { min-width: 0; } details { display: none; } }
"""


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write one page about every finding in a folder and below it.

    The page needs no network and no other file: figures are inside it. Returns its path,
    ``report.html`` in the folder by default. Raises InputError where there is no finding, a figure
    is missing, or the page cannot be written.
    """
    found = find_findings(folder)
    path = out or folder / FILE
    text = "\n".join(_page(folder, found))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _page(folder: Path, found: list[tuple[Path, Finding]]) -> Iterator[str]:
    title = "Computation in superposition: theory and experiment"
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # an empty icon, so that a browser asks no server for one
    yield '<link rel="icon" href="data:,">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{title}</h1>"
    yield f'<p class="soft">superproof {_safe(package_version())}, {written}</p>'
    if len(found) > 1:
        yield "<ul>"
        for number, (_, finding) in enumerate(found):
            yield f'<li><a href="#finding-{number}">{_safe(finding.title)}</a></li>'
        yield "</ul>"
    for number, (place, finding) in enumerate(found):
        yield from _section(folder, place, finding, number)
    yield "</body>\n</html>\n"


def _section(folder: Path, place: Path, finding: Finding, number: int) -> Iterator[str]:
    yield f'<section id="finding-{number}">\n<h2>{_safe(finding.title)}</h2>'
    yield f"<p>{_safe(finding.summary)}</p>"
    for name, caption in finding.figures.items():
        yield _figure(place / name, caption)
    for note in finding.notes:
        yield f'<p class="soft">{_safe(note)}</p>'
    for table in finding.tables:
        yield from _table(table)
    yield "<h3>Do it again</h3>"
    yield f"<pre><code>superproof {_safe(shlex.join(finding.command))}</code></pre>"
    where = place.relative_to(folder) if place != folder else Path()
    runs = ""
    if is_store(place):
        with StoredRuns(place) as store:
            runs = f" {len(store):,} runs are in {_safe(str(where / 'runs.sqlite'))}."
    versions = ", ".join(f"{name} {version}" for name, version in finding.environment.items())
    yield (
        f'<p class="soft">Seed {finding.seed}, on {_safe(finding.device)}, '
        f"{_safe(seconds(finding.seconds))}.{runs} {_safe(versions)}.</p>\n</section>"
    )


def _figure(path: Path, caption: str) -> str:
    try:
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError:
        raise InputError(f"{path}: the figure is missing; run the experiment again") from None
    return (
        # on a narrow screen the figure is moved sideways: shrunk to it, nobody could read its text
        f'<figure><div class="scroll" tabindex="0"><img alt="{_safe(caption)}" '
        f'src="data:image/svg+xml;base64,{data}"></div>'
        f"<figcaption>{_safe(caption)}</figcaption></figure>"
    )


def _table(table: Table) -> Iterator[str]:
    text = [
        any(isinstance(row[place], str) for row in table.rows)
        for place in range(len(table.columns))
    ]
    classes = [' class="text"' if is_text else "" for is_text in text]
    head = "".join(
        f'<th scope="col"{kind}>{_safe(name)}</th>'
        for name, kind in zip(table.columns, classes, strict=True)
    )
    yield f"<h3>{_safe(table.title)}</h3>"
    for start, rows in ((0, table.rows[:SHOWN]), (SHOWN, table.rows[SHOWN:])):
        if start and not rows:
            return
        if start:
            yield f"<details><summary>{len(rows)} more rows</summary>"
        yield f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>'
        for row in rows:
            cells = zip(row, classes, strict=True)
            yield "<tr>" + "".join(f"<td{k}>{_shown(c)}</td>" for c, k in cells) + "</tr>"
        yield "</tbody></table></div>" + ("</details>" if start else "")


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.4g}"
    return _safe(cell)


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
