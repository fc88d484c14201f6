"""Which clauses explain the difference of two networks: one row a clause, from an engine's answers.

Where one network is known to compute the specification outside a list of inputs, it reads the
same on all of a region but for that list, and the other network alone is asked about.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..domain import COUNTABLE
from ..network import Network
from .change import Change, Share
from .differences import Differences
from .findings import Findings, RegionFinding, rows_of, rows_of_tally, scan
from .inquiry import without_repetitions
from .readings import FALSE, NEITHER, TRUE
from .regions import NO_CLAUSE, Region, conjunction, negated
from .tally import ClauseTable, Tally, change_of

#: A domain is visited once instead of asking about its parts up to this many multiplications.
SCANNED = 6_000_000_000
#: Where there are more outputs than this, regions of those that stay the same are not counted.
OUTPUTS = 64


class Explanation:
    """The rows of every output and its counts on the whole domain.

    Args:
        differences: the two networks, and what is known about each.
        findings: is completed.
    """

    def __init__(self, differences: Differences, findings: Findings) -> None:
        self.of, self.findings = differences, findings
        self.specification = differences.specification
        self.domain = self.specification.domain
        self.table = ClauseTable(self.specification)

    def explain(self) -> None:
        """Fill in rows and counts, by the cheapest way that there is."""
        of = self.of
        known = [change.differing == 0 for change in self.findings.by_output]
        if all(known):
            self._rows([self._unchanged(j) for j in range(len(known))])
            return
        if of.known:
            self._from_formulas()
            return
        if of.a_wrong is not None and of.b_wrong is not None:
            self._from_lists(of.a_wrong, of.b_wrong)
            return
        tally = Tally(of.a, of.b, self.specification, of.nothing, keep=0)
        cheap = self.domain.candidates * tally.work <= SCANNED
        if self.domain.candidates <= COUNTABLE and cheap and scan(tally, of.inquiry):
            self.findings.rows = rows_of_tally(tally)
            self.findings.by_output = [tally.change(j) for j in range(len(known))]
            self.findings.differing = tally.counts["differing"]
            return
        self._rows([self._unchanged(j) if known[j] else self._asked(j) for j in range(len(known))])

    def _rows(self, found: list[list[RegionFinding]]) -> None:
        for j, (name, regions) in enumerate(
            zip(self.specification.outputs, self.table.regions, strict=True)
        ):
            self.findings.rows += rows_of(name, regions, found[j])
            total = found[j][0].change
            for finding in found[j][1:]:
                total += finding.change
            if self.findings.by_output[j].differing is None:
                self.findings.by_output[j] = total
        counted = [change.differing for change in self.findings.by_output]
        if len(counted) == 1 and self.findings.differing is None:
            self.findings.differing = counted[0]

    def _size(self, j: int, number: int) -> int | None:
        if self.of.inquiry.expired():
            return None
        return self.of.inquiry.size(self.specification, self.table.regions[j][number].formula)

    def _from_formulas(self) -> None:
        """It is known what both networks compute: only formulas are counted."""
        found = []
        for regions, (x, y) in zip(self.table.regions, self.of.formula_pairs, strict=True):
            line = []
            for region in regions:
                inputs, both, lost, gained = (
                    self.of.inquiry.size(self.specification, conjunction([region.formula, *parts]))
                    for parts in ([], [x, y], [x, negated(y)], [negated(x), y])
                )
                opposite = None if lost is None or gained is None else lost + gained
                line.append(RegionFinding(Change(inputs, both, lost, gained, 0, opposite)))
            found.append(line)
        self._rows(found)

    def _unchanged(self, j: int) -> list[RegionFinding]:
        """The rows of an output that both networks read alike everywhere."""
        found = []
        counts = self.of.a_verdict.violations_by_output
        right = counts is not None and counts[self.specification.outputs[j]] == 0
        right = right or self.of.a_verdict.status == "holds"
        if not right:
            name = self.specification.outputs[j]
            self.findings.notes.append(
                f"{name}: which of its clauses A and B compute was not counted; they read it alike"
            )
        for number, region in enumerate(self.table.regions[j]):
            size = self._size(j, number) if len(self.table.regions) <= OUTPUTS else None
            true = region.name != NO_CLAUSE
            both = (size if true else 0) if right else None
            change = Change(size, both, 0, 0, 0, 0)
            share: Share = ("all" if true else "none") if right else None
            found.append(RegionFinding(change, share, share))
        return found

    def _from_lists(self, a_wrong: np.ndarray, b_wrong: np.ndarray) -> None:
        """All differences are on listed inputs."""
        of = self.of
        tally = Tally(of.a, of.b, self.specification, of.nothing, keep=0)
        tally.add(without_repetitions([a_wrong, b_wrong], of.inputs))
        self.findings.by_output = [
            replace(tally.change(j), inputs=None, both=None) for j in range(len(tally.matrices))
        ]
        self.findings.differing = tally.counts["differing"]
        found = []
        for j, regions in enumerate(self.table.regions):
            line = []
            for number, region in enumerate(regions):
                matrix = tally.matrices[j][number]
                change = change_of(matrix)
                size = self._size(j, number)
                true = region.name != NO_CLAUSE
                share: Share = None
                if not matrix.sum():
                    share = "all" if true else "none"
                # what is not listed reads as the specification says, in both networks
                both = change.both
                if true and size is None:
                    both = None
                elif true and both is not None and size is not None:
                    both += size - int(matrix.sum())
                line.append(RegionFinding(replace(change, inputs=size, both=both), share, share))
            found.append(line)
        self._rows(found)

    def _asked(self, j: int) -> list[RegionFinding]:
        """One region after the other."""
        of, regions = self.of, self.table.regions[j]
        if of.a_wrong is not None:
            sure, other, wrong, swapped = of.a, of.b, of.a_wrong, False
        elif of.b_wrong is not None:
            sure, other, wrong, swapped = of.b, of.a, of.b_wrong, True
        else:
            return [self._side_by_side(j, number) for number in range(len(regions))]
        tally = Tally(sure, other, self.specification, of.nothing, keep=0)
        tally.add(wrong)
        found = []
        for number, region in enumerate(regions):
            if of.inquiry.expired():
                found.append(RegionFinding())
                continue
            finding = self._against_constant(j, number, region, other, tally.matrices[j][number])
            if swapped:
                finding = replace(
                    finding,
                    change=finding.change.turned,
                    before=finding.after,
                    after=finding.before,
                )
            found.append(finding)
        return found

    def _against_constant(
        self, j: int, number: int, region: Region, other: Network, matrix: np.ndarray
    ) -> RegionFinding:
        """One network reads the same on all of the region but for the inputs in the matrix."""
        truth = region.name != NO_CLAUSE
        constant, opposite = (TRUE, FALSE) if truth else (FALSE, TRUE)
        listed = int(matrix.sum())
        base: Share = None if listed else "all" if truth else "none"
        some, off = self.of.not_reading(other, j, truth, region.formula)
        if some is False:
            # the other network reads the same constant, and only the listed inputs may differ
            size = self._size(j, number)
            both = None if size is None and truth else (size or 0) - listed if truth else 0
            change = change_of(matrix)
            both = None if both is None or change.both is None else both + change.both
            return RegionFinding(replace(change, inputs=size, both=both), base, base)
        other_way, on = self.of.not_reading(other, j, not truth, region.formula)
        size = self._size(j, number) if some is not None else None
        counts: list[int | None] = [None, None, None]
        if self.of.binary:
            counts[opposite], counts[NEITHER] = off, 0
            counts[constant] = on if on is not None or size is None or off is None else size - off
        elif size is not None and off is not None:
            counts[constant] = size - off
            if on is not None:
                counts[opposite], counts[NEITHER] = size - on, off + on - size
        if size is None and self.of.binary and on is not None and off is not None:
            size = on + off
        after: Share = None
        if not listed and some and other_way is not None:
            after = self._share(truth, bool(other_way), off, size)
        full = np.zeros((3, 3), dtype=object)
        full += matrix
        for reading, count in enumerate(counts):
            # what the list holds is there already
            rest = None if count is None else count - int(matrix[:, reading].sum())
            full[constant, reading] = None if rest is None else full[constant, reading] + rest
        change = _partial(full, off, matrix, truth)
        flipped = self.of.binary and not listed and other_way is False and size != 0
        return RegionFinding(replace(change, inputs=size), base, after, flipped)

    def _share(self, truth: bool, other_way: bool, off: int | None, size: int | None) -> Share:
        """How much of a region reads true, when some of it does not read ``truth``.

        ``other_way``: some of it does not read the opposite.
        """
        if not truth and not other_way:
            return "all"
        if truth and (not other_way or (off is not None and off == size)):
            return "none"
        # reading neither is neither the one nor the other
        return "some" if self.of.binary else None

    def _side_by_side(self, j: int, number: int) -> RegionFinding:
        """Nothing is known of either network: both are asked about together."""
        region = self.table.regions[j][number].formula
        if self.of.inquiry.expired():
            return RegionFinding()
        _, total, counts = self.of.product([j], region)
        if total is None or counts is None:
            return RegionFinding()
        lost, gained = counts[0][0], counts[0][1]
        other = total - lost - gained
        opposite: int | None = total
        if not self.of.binary:
            opposite = None if other else counts[0][2] + counts[0][3]
        size = self._size(j, number)
        _, not_true = self.of.not_reading(self.of.a, j, True, region)
        both = None if size is None or not_true is None else size - not_true - lost
        return RegionFinding(Change(size, both, lost, gained, other, opposite))


def _partial(full: np.ndarray, off: int | None, matrix: np.ndarray, truth: bool) -> Change:
    """The counts of a matrix in which some entries are not known."""

    def total(*places: tuple[int, int]) -> int | None:
        entries = [full[place] for place in places]
        return None if any(entry is None for entry in entries) else sum(map(int, entries))

    lost = total((TRUE, FALSE), (TRUE, NEITHER))
    other = total((FALSE, NEITHER), (NEITHER, FALSE))
    if truth and lost is None and off is not None:
        # outside the list, all that does not read true any more
        listed = int(matrix[:, FALSE].sum() + matrix[:, NEITHER].sum())
        lost = off - listed + int(matrix[TRUE, FALSE] + matrix[TRUE, NEITHER])
    return Change(
        both=total((TRUE, TRUE)),
        lost=lost,
        gained=total((FALSE, TRUE), (NEITHER, TRUE)),
        other=other,
        opposite=total((TRUE, FALSE), (FALSE, TRUE)),
    )
