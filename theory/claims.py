"""The ledger of claims: what papers and notes state, how this project tests it, what stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import LedgerError

#: The ledger that comes with the package.
LEDGER = Path(__file__).with_name("claims.toml")

#: What can be said about a claim.
STANDINGS = (
    "proved here",
    "verified on instances",
    "reproduced",
    "not reproduced",
    "false in general",
    "open",
)
#: Kinds of evidence: a test, a section of docs/theory.md, a bound of the catalogue, a command.
KINDS = ("test", "docs", "bound", "command")

_TEXTS = ("id", "statement", "source", "tested", "standing")
_FIELDS = (*_TEXTS, "evidence", "counterexample")


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        id: short and unique, in lower case.
        statement: the claim in our own words.
        source: who makes it, and where.
        tested: how this project tests it; for an open claim, what is missing.
        standing: one of :data:`STANDINGS`.
        evidence: references such as ``test:tests/theory/test_counting.py::test_x``,
            ``docs:2.1``, ``bound:pairwise-and-bits`` or ``command:superproof construct ...``.
        counterexample: why it is false in general; empty for the others.
    """

    id: str
    statement: str
    source: str
    tested: str
    standing: str
    evidence: tuple[str, ...] = ()
    counterexample: str = ""

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON data."""
        return {**asdict(self), "evidence": list(self.evidence)}


def read_claims(file: Path = LEDGER) -> tuple[Claim, ...]:
    """The claims of a ledger, in its order.

    Raises LedgerError that names the claim and the mend: fields that are missing or unknown, an
    id twice, an unknown standing, a settled claim without evidence, a refuted one without
    counterexample, evidence of an unknown kind.
    """
    try:
        with file.open("rb") as stream:
            data = tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise LedgerError(f"{file}: not valid TOML: {error}") from None
    if set(data) != {"claim"} or not isinstance(data["claim"], list):
        raise LedgerError(f"{file}: a ledger is a list of [[claim]] tables and nothing else")
    claims = tuple(_claim(entry, file, n) for n, entry in enumerate(data["claim"], 1))
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise LedgerError(f"{file}: two claims are called '{claim.id}'; ids are unique")
        seen.add(claim.id)
    return claims


def _claim(entry: Any, file: Path, number: int) -> Claim:
    place = f"{file}: claim {number}"
    if not isinstance(entry, dict):
        raise LedgerError(f"{place}: not a table")
    if isinstance(entry.get("id"), str):
        place += f" ('{entry['id']}')"
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise LedgerError(f"{place}: needs '{key}', a text")
    for key in entry:
        if key not in _FIELDS:
            raise LedgerError(
                f"{place}: unknown field '{key}'; the fields are {', '.join(_FIELDS)}"
            )
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["id"]):
        raise LedgerError(f"{place}: an id is lower-case words joined by '-'")
    evidence = entry.get("evidence", [])
    if not isinstance(evidence, list) or not all(isinstance(e, str) for e in evidence):
        raise LedgerError(f"{place}: 'evidence' is a list of texts")
    for reference in evidence:
        if reference.partition(":")[0] not in KINDS:
            raise LedgerError(
                f"{place}: evidence '{reference}' must begin with one of "
                f"{', '.join(kind + ':' for kind in KINDS)}"
            )
    standing, counterexample = entry["standing"], entry.get("counterexample", "")
    if standing not in STANDINGS:
        raise LedgerError(f"{place}: standing '{standing}' is none of {', '.join(STANDINGS)}")
    if standing != "open" and not evidence:
        raise LedgerError(f"{place}: '{standing}' needs evidence; without any it is 'open'")
    if (standing == "false in general") != bool(counterexample):
        raise LedgerError(f"{place}: a counterexample belongs to a claim that is false in general")
    texts = {key: entry[key] for key in _TEXTS}
    return Claim(**texts, evidence=tuple(evidence), counterexample=counterexample)


def missing_evidence(claim: Claim, checkout: Path, commands: tuple[str, ...]) -> list[str]:
    """The references of a claim that lead nowhere, each with the reason.

    Args:
        claim: the claim.
        checkout: root of a checkout, which holds tests/ and docs/theory.md.
        commands: names of the commands of ``superproof``.
    """
    found = []
    for reference in claim.evidence:
        kind, _, rest = reference.partition(":")
        if kind == "test":
            reason = _no_test(rest, checkout)
        elif kind == "docs":
            reason = _no_section(rest, checkout)
        elif kind == "bound":
            reason = _no_bound(rest)
        else:
            reason = _no_command(rest, commands)
        if reason:
            found.append(f"{reference}: {reason}")
    return found


def _no_test(reference: str, checkout: Path) -> str:
    path, _, name = reference.partition("::")
    file = checkout / path
    if not path.startswith("tests/") or not file.is_file():
        return "no such file"
    defined = re.search(rf"^(async )?def {re.escape(name)}\(", file.read_text("utf-8"), re.M)
    return "" if name.startswith("test_") and defined else "no such test in that file"


def _no_section(section: str, checkout: Path) -> str:
    text = (checkout / "docs" / "theory.md").read_text("utf-8")
    headings = re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", text, re.M)
    return "" if section in headings else "no such section in docs/theory.md"


def _no_bound(name: str) -> str:
    from .catalog import BOUNDS

    return "" if name in {bound.name for bound in BOUNDS} else "no such bound in the catalogue"


def _no_command(line: str, commands: tuple[str, ...]) -> str:
    words = line.split()
    known = len(words) >= 2 and words[0] == "superproof" and words[1] in commands
    return "" if known else "not a superproof command"
