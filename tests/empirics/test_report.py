from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from superproof.empirics.finding import Finding, Table, find_findings, read_finding
from superproof.empirics.report import write_report
from superproof.empirics.store import Run, RunStore
from superproof.verify.errors import InputError

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400" viewBox="0 0 640 400">'
    '<rect width="640" height="400" fill="#eee"/><text x="20" y="40">measured</text></svg>'
)


def finding(name: str = "toy", rows: int = 3) -> Finding:
    return Finding(
        name,
        "Widths <measured> & bounds",
        "Least width by number of features.",
        ["experiment", name, "--seed", "3", "--out", "a folder"],
        {"widths.svg": "Width against features"},
        [Table("Widths", ["method", "width", "ratio", "exact", "gap"],
               [[f"m{n}", 1000 * n, n / 3, n % 2 == 0, None] for n in range(rows)])],
        ["One seed a size."],
        seed=3,
        seconds=12.5,
    )  # fmt: skip


def results(folder: Path, rows: int = 3) -> Path:
    for name in ("toy", "other"):
        (folder / name).mkdir(parents=True)
        (folder / name / "widths.svg").write_text(SVG)
        finding(name, rows).write(folder / name)
    with RunStore(folder / "toy") as store:
        store.record(Run("toy", {"width": 3}, 0))
    return folder


class Elements(HTMLParser):
    """Start tags with their attributes, and the balance of the others."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_round_trip(tmp_path: Path) -> None:
    written = finding()
    path = written.write(tmp_path)
    again = read_finding(path)
    assert again.tables[0].rows[2] == ["m2", 2000, 2 / 3, True, None]
    assert json.loads(again.write(tmp_path).read_text()) == json.loads(path.read_text())
    with pytest.raises(ValueError, match="Widths: a row has not 2 cells"):
        Table("Widths", ["a", "b"], [[1]])


def test_the_page(tmp_path: Path) -> None:
    path = write_report(results(tmp_path, 40))
    text = path.read_text()
    page = Elements()
    page.feed(text)
    assert page.open == []
    # nothing is loaded from anywhere
    for _, attributes in page.seen:
        for key in ("src", "href"):
            assert (attributes.get(key) or "#").startswith(("#", "data:"))
    assert "http" not in re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", text)
    assert sum(tag == "img" for tag, _ in page.seen) == 2
    assert "Widths &lt;measured&gt; &amp; bounds" in text
    assert "superproof experiment toy --seed 3 --out &#x27;a folder&#x27;" in text
    assert "Seed 3, on cpu, 12.5 s. 1 runs are in toy/runs.sqlite." in text
    assert "<summary>16 more rows</summary>" in text
    for cell in ("<td>39,000</td>", "<td>0.3333</td>", "<td>yes</td>", "<td>no</td>", "<td>–</td>"):
        assert cell in text


def test_one_finding_and_another_place(tmp_path: Path) -> None:
    results(tmp_path)
    out = tmp_path / "page.html"
    assert write_report(tmp_path / "other", out) == out
    assert "<ul>" not in out.read_text()
    with pytest.raises(InputError, match="cannot be written"):
        write_report(tmp_path, tmp_path / "none" / "page.html")


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: no such folder"):
        write_report(tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no finding\.json; run an experiment first"):
        write_report(tmp_path)
    results(tmp_path)
    (tmp_path / "toy" / "widths.svg").unlink()
    with pytest.raises(InputError, match=r"widths\.svg: the figure is missing; run the experiment"):
        write_report(tmp_path)
    path = tmp_path / "toy" / "finding.json"
    for text in ("{", "[]", '{"format": "superproof-finding-1"}'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"finding\.json: damaged; run the experiment again"):
            find_findings(tmp_path)
    path.write_text('{"format": "other"}')
    with pytest.raises(InputError, match="not a finding of this version"):
        find_findings(tmp_path)


PROBE = """<script>addEventListener("load", () => { document.title = JSON.stringify({
  inner: innerWidth, width: document.documentElement.scrollWidth,
  images: [...document.images].map(i => i.complete ? i.naturalWidth : 0),
  shown: [...document.images].map(i => i.getBoundingClientRect().width),
  framed: [...document.images].map(i => i.parentElement.getBoundingClientRect().width),
  font: parseFloat(getComputedStyle(document.body).fontSize)}); });</script>"""


@pytest.mark.parametrize("width", [400, 1400])
def test_in_a_browser(tmp_path: Path, width: int) -> None:
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None
    )
    if browser is None:
        pytest.skip("no Chromium on this machine")
    page = write_report(results(tmp_path, 40))
    page.write_text(page.read_text().replace("</head>", PROBE + "</head>"))
    # the page stands in a frame of the wanted width: windows have a least one
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{page.name}" style="border:0;width:{width}px;height:900px"></iframe>'
        '<script>addEventListener("load", () => setTimeout(() => {'
        'document.title = document.getElementById("f").contentDocument.title}, 300))</script>'
    )
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--allow-file-access-from-files", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom",
        frame.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None
    seen = json.loads(title[1])
    assert seen["inner"] == width
    assert seen["width"] <= width
    assert seen["images"] == [640, 640]
    # no figure is so small that its text cannot be read; what does not fit is scrolled to
    assert all(700 <= shown <= 1000 for shown in seen["shown"])
    assert all(0.8 * min(width, 800) <= framed <= width for framed in seen["framed"])
    assert seen["font"] >= 16
