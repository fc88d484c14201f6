"""Values and gradients at chosen places of a matrix (outputs, inputs) that is never stored.

The matrix is rows @ states, a state being h = max(sum of the columns of its active inputs - 1, 0).
"""

from pathlib import Path

import numpy as np

from ...verify.engines.kernels.compilation import compiler

#: Sums are reordered at will: these numbers only propose weights.
kernel = compiler(Path(__file__).parent, fastmath=True)


@kernel
def sampled_values(rows, columns, supports, outputs, states, result):
    """result[k] = rows[outputs[k]] @ h of supports[states[k]].

    rows: float32 (outputs, neurons); columns: float32 (inputs + 1, neurons), 0/1, the last one
    zero; supports: int32 (states, active), padded with the number of inputs.
    """
    neurons = rows.shape[1]
    active = supports.shape[1]
    for k in range(len(outputs)):
        j = outputs[k]
        p = states[k]
        total = np.float32(0)
        if active == 2:
            a = supports[p, 0]
            b = supports[p, 1]
            for i in range(neurons):
                total += rows[j, i] * columns[a, i] * columns[b, i]
        elif active == 3:
            a = supports[p, 0]
            b = supports[p, 1]
            c = supports[p, 2]
            for i in range(neurons):
                fed = columns[a, i] + columns[b, i] + columns[c, i] - np.float32(1)
                total += rows[j, i] * max(fed, np.float32(0))
        else:
            for i in range(neurons):
                fed = np.float32(-1)
                for s in range(active):
                    fed += columns[supports[p, s], i]
                total += rows[j, i] * max(fed, np.float32(0))
        result[k] = total


@kernel
def sampled_gradient(weights, columns, supports, outputs, states, result):
    """result[outputs[k]] += weights[k] * h of supports[states[k]], for every k."""
    neurons = result.shape[1]
    active = supports.shape[1]
    for k in range(len(outputs)):
        weight = weights[k]
        if weight == 0:
            continue
        j = outputs[k]
        p = states[k]
        a = supports[p, 0]
        b = supports[p, 1]
        if active == 2:
            for i in range(neurons):
                result[j, i] += weight * columns[a, i] * columns[b, i]
        elif active == 3:
            c = supports[p, 2]
            for i in range(neurons):
                fed = columns[a, i] + columns[b, i] + columns[c, i] - np.float32(1)
                result[j, i] += weight * max(fed, np.float32(0))
        else:
            for i in range(neurons):
                fed = np.float32(-1)
                for s in range(active):
                    fed += columns[supports[p, s], i]
                result[j, i] += weight * max(fed, np.float32(0))


@kernel
def entry_losses(values, level, side, columns, signs, supports, outputs, states, losses):
    """losses[q] += the sum over places of max(0, side * (value + change q - level))^2.

    Change q at place k is signs[outputs[k], q] * h, h = max(sum of columns[its support, q] - 1, 0):
    what a change of one entry of the square matrix does. columns: float32 (inputs + 1, changes);
    signs: float32 (outputs, changes).
    """
    changes = len(losses)
    active = supports.shape[1]
    for k in range(len(outputs)):
        j = outputs[k]
        a = supports[states[k], 0]
        b = supports[states[k], 1]
        p = states[k]
        c = supports[p, active - 1]
        third = np.float32(active > 2)
        miss = side * (values[k] - level)
        for q in range(changes):
            fed = columns[a, q] + columns[b, q] + third * columns[c, q] - np.float32(1)
            for s in range(2, active - 1):
                fed += columns[supports[p, s], q]
            now = miss + side * signs[j, q] * max(fed, np.float32(0))
            now = max(now, np.float32(0))
            losses[q] += now * now


@kernel
def above(values, levels, first, found_row, found_state, found_value):
    """Entries above the level of their row: written while there is room, and counted."""
    count = 0
    room = len(found_row)
    for j in range(values.shape[0]):
        level = levels[j]
        for p in range(values.shape[1]):
            value = values[j, p]
            if value > level:
                if count < room:
                    found_row[count] = j
                    found_state[count] = first + p
                    found_value[count] = value
                count += 1
    return count
