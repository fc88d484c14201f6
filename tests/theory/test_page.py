"""docs/theory.md is what the generator makes, and its sections are the ones that code names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from superproof.theory import BOUNDS
from superproof.theory.page import CHECKOUT, main, page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    written = (DOCS / "theory.md").read_text("utf-8")
    assert written == page(), "write it again: python -m superproof.theory.page"


def test_every_bound_has_its_entry() -> None:
    text = page()
    for bound in BOUNDS:
        assert f"**{bound.name}**" in text
        assert f"$${bound.latex}$$" in text


def test_formulas_are_closed() -> None:
    for file in sorted((DOCS / "derivations").glob("*.md")):
        text = file.read_text("utf-8").replace(r"\$", "")
        for paragraph in re.split(r"\n\s*\n", text):
            assert paragraph.count("$") % 2 == 0, f"{file.name}: {paragraph[:80]}"
            assert paragraph.count("{") == paragraph.count("}"), f"{file.name}: {paragraph[:80]}"


def test_sections_that_the_code_refers_to_exist() -> None:
    headings = set(re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", page(), re.M))
    references = 0
    for room in ("theory", "verify", "constructions", "empirics", "superproof"):
        for file in sorted((DOCS.parent / room).rglob("*.py")):
            text = re.sub(r"\s*\n\s*(#\s*)?", " ", file.read_text("utf-8"))
            pattern = (
                r"docs/theory\.md,? (?:sections? )?(\d+(?:\.\d+)*)(?: (?:to|and) (\d[\d.]*\d|\d))?"
            )
            for match in re.finditer(pattern, text):
                for section in filter(None, match.groups()):
                    references += 1
                    assert section in headings, f"{file.name}: section {section}"
    assert references > 20


def test_sections_are_numbered_in_order() -> None:
    numbers = [
        [int(part) for part in number.split(".")]
        for number in re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", page(), re.M)
    ]
    assert numbers == sorted(numbers)


def test_only_a_checkout_has_derivations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert DOCS.parent == CHECKOUT
    monkeypatch.setattr("superproof.theory.page.CHECKOUT", tmp_path)
    assert main() == 2
    assert "in a checkout only" in capsys.readouterr().err
    (tmp_path / "docs" / "derivations").mkdir(parents=True)
    assert main() == 0
    assert (tmp_path / "docs" / "theory.md").is_file()
