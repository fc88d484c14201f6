"""Values of triples of inputs, from the values of their pairs.

For h = max(N - 1, 0) and the triple {a, b, c}, row @ h = M_ab + M_ac + M_bc - m, where M_ab is the
sum of the row over the neurons that a and b both feed, and m that over those that all three feed
(docs/constructions.md, section 3). Few neurons are fed by all three.
"""

from pathlib import Path

import numpy as np

from ...verify.engines.kernels.compilation import compiler

#: Sums are reordered at will: these numbers only propose weights.
kernel = compiler(Path(__file__).parent, fastmath=True)


@kernel
def shared_neurons(columns, triples, edges, members):
    """The neurons that all three inputs of every triple feed, in one list.

    Those of triple t are members[edges[t]:edges[t + 1]], filled up to a multiple of four with the
    number of neurons. columns: 0/1 float32 (inputs + 1, neurons); triples: int32 (triples, 3);
    edges: int64 (triples + 1,). With an empty list of members, only edges are written.
    """
    neurons = columns.shape[1]
    total = 0
    writing = len(members) > 0
    for t in range(len(triples)):
        edges[t] = total
        a = triples[t, 0]
        b = triples[t, 1]
        c = triples[t, 2]
        for i in range(neurons):
            if columns[a, i] * columns[b, i] * columns[c, i] > 0:
                if writing:
                    members[total] = i
                total += 1
        while total % 4:
            if writing:
                members[total] = neurons
            total += 1
    edges[len(triples)] = total


@kernel
def triples_above(
    moments, gains, edges, members, pairs, inputs, level, found_row, found_state, found_value
):
    """Pairs and triples without the own pair whose value exceeds the level.

    moments M: float32 (pairs a < b in rows of a, outputs); gains: float32 (neurons + 1, outputs),
    the last row zero; edges, members: of :func:`shared_neurons`; pairs: own pairs (outputs, 2),
    sorted. Triples are numbered behind the pairs, in lexicographic order. All outputs of a triple
    are summed side by side. Writes output, state and value while there is room; returns how many
    there are.
    """
    states, outputs = moments.shape
    count = 0
    room = len(found_row)
    total = np.empty(outputs, dtype=np.float32)
    for a in range(inputs - 1):
        for b in range(a + 1, inputs):
            p = a * (2 * inputs - a - 1) // 2 + b - a - 1
            for j in range(outputs):
                if moments[p, j] > level and not (pairs[j, 0] == a and pairs[j, 1] == b):
                    if count < room:
                        found_row[count] = j
                        found_state[count] = p
                        found_value[count] = moments[p, j]
                    count += 1
    triple = 0
    for a in range(inputs - 2):
        # the place of the pair (a, c) is row_a + c
        row_a = a * (2 * inputs - a - 1) // 2 - a - 1
        for b in range(a + 1, inputs - 1):
            row_b = b * (2 * inputs - b - 1) // 2 - b - 1
            of_ab = moments[row_a + b]
            for c in range(b + 1, inputs):
                of_ac = moments[row_a + c]
                of_bc = moments[row_b + c]
                for j in range(outputs):
                    total[j] = of_ab[j] + of_ac[j] + of_bc[j]
                for k in range(edges[triple], edges[triple + 1], 4):
                    first = gains[members[k]]
                    second = gains[members[k + 1]]
                    third = gains[members[k + 2]]
                    fourth = gains[members[k + 3]]
                    for j in range(outputs):
                        total[j] -= (first[j] + second[j]) + (third[j] + fourth[j])
                top = total[0]
                for j in range(outputs):
                    top = total[j] if total[j] > top else top
                if top > level:
                    for j in range(outputs):
                        if total[j] <= level:
                            continue
                        x = pairs[j, 0]
                        y = pairs[j, 1]
                        if (x == a and y == b) or (y == c and x in (a, b)):
                            continue
                        if count < room:
                            found_row[count] = j
                            found_state[count] = states + triple
                            found_value[count] = total[j]
                        count += 1
                triple += 1
    return count
