"""What is known about the differences of two networks, by one scan of a small domain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..engines.engine import DeadlineError
from .change import Change, RegionChange, Share, inverted, word
from .comparison import ClaimStatus, Status
from .inquiry import Inquiry
from .regions import Region
from .tally import DAMAGE, DIFFERING, FAILING, RESIDUAL, Tally


@dataclass
class ClaimFindings:
    """What is known about a claim of forgetting; None where not counted, lists by output."""

    status: ClaimStatus = "unknown"
    residual: int | None = None
    damage: int | None = None
    residual_by_output: list[int | None] = field(default_factory=list)
    damage_by_output: list[int | None] = field(default_factory=list)
    inputs: dict[int, int | None] = field(default_factory=dict)


@dataclass
class Findings:
    """What is known about the differences; filled in by a scan or from an engine's answers.

    Attributes:
        status, differing, by_output, rows: as in a Comparison.
        claim: the same for the claim of forgetting.
        how: what decided.
        notes: what was not finished and why.
    """

    status: Status = "unknown"
    differing: int | None = None
    by_output: list[Change] = field(default_factory=list)
    rows: list[RegionChange] = field(default_factory=list)
    claim: ClaimFindings = field(default_factory=ClaimFindings)
    how: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RegionFinding:
    """A region's counts, and what is known of it without counting."""

    change: Change = field(default_factory=Change)
    before: Share = None
    after: Share = None
    flipped: bool = False


def rows_of(
    output: str, regions: list[Region], findings: list[RegionFinding]
) -> list[RegionChange]:
    """The rows of one output, with the words for what happened."""
    outside = findings[-1]
    turned = [
        region.clause is not None and _inverted(finding, outside)
        for region, finding in zip(regions, findings, strict=True)
    ]
    rows = []
    for region, finding, flipped in zip(regions, findings, turned, strict=True):
        status = word(region.name, finding.change, finding.before, finding.after)
        whole = finding.flipped or finding.change.opposite == finding.change.inputs
        if flipped or (region.clause is None and any(turned) and whole and status != "empty"):
            status = "inverted"
        rows.append(RegionChange(output, region.clause, region.name, finding.change, status))
    return rows


def _inverted(clause: RegionFinding, outside: RegionFinding) -> bool:
    if inverted(clause.change, outside.change):
        return True
    return clause.flipped and outside.flipped


def rows_of_tally(tally: Tally) -> list[RegionChange]:
    """The rows of all outputs, from a tally of the whole domain."""
    rows = []
    for output, name in enumerate(tally.specification.outputs):
        regions = tally.table.regions[output]
        found = [RegionFinding(tally.change(output, number)) for number in range(len(regions))]
        rows += rows_of(name, regions, found)
    return rows


def scan(tally: Tally, inquiry: Inquiry) -> bool:
    """Hand the whole domain to the tally; False when time ran out or a person stopped it."""
    domain = tally.specification.domain
    try:
        for chunk in domain.chunks(min(reader.rows for reader in tally.readers)):
            inquiry.require_time()
            tally.add(chunk)
            inquiry.progress(tally.size, domain.candidates)
    except DeadlineError:
        return False
    except KeyboardInterrupt:
        inquiry.interrupted = True
        return False
    return True


def findings_of_scan(tally: Tally) -> Findings:
    """Everything, from a tally of the whole domain."""
    forgotten = tally.forgotten
    outputs = range(len(tally.specification.outputs))
    claim = ClaimFindings(
        "fails" if tally.counts[FAILING] else "holds",
        tally.counts[RESIDUAL],
        tally.counts[DAMAGE],
        _counts(tally.counts_by_output[RESIDUAL]),
        _counts(tally.counts_by_output[DAMAGE]),
        {j: int(tally.forgotten_inputs[j]) for j in forgotten.clauses},
    )
    return Findings(
        "differs" if tally.counts[DIFFERING] else "equal",
        tally.counts[DIFFERING],
        [tally.change(output) for output in outputs],
        rows_of_tally(tally),
        claim,
        "one scan of the domain",
    )


def _counts(array: np.ndarray) -> list[int | None]:
    return [int(count) for count in array]
