"""Kernels for the path from the root to a node: set an input, keep the first layer's intervals."""

from __future__ import annotations

from .kernel import entry, inner


@inner
def assign(layers, region, tree, variable, value, d):
    """Build row d from row d - 1 with one more input set, and its one-hot group with it."""
    source = d - 1
    mark = tree.mark[source + 1] if d > 0 else 0
    width = layers.width[0]
    for j in range(width):
        tree.base[d, j] = tree.base[source, j]
        tree.low[d, j] = tree.low[source, j]
        tree.high[d, j] = tree.high[source, j]
    tree.ones[d] = tree.ones[source]
    mark = tree.mark[d]
    mark = _set(layers, tree, variable, value, d, mark)
    group = region.group[variable]
    if group >= 0 and value == 1:
        for k in range(region.group_start[group], region.group_start[group + 1]):
            i = region.member[k]
            if tree.state[i] == 2:
                mark = _set(layers, tree, i, 0, d, mark)
    tree.mark[d + 1] = mark


@inner
def _set(layers, tree, variable, value, d, mark):
    tree.state[variable] = value
    tree.trail[mark] = variable
    rise, fall = layers.rise[variable], layers.fall[variable]
    if value == 1:
        tree.ones[d] += 1
        for j in range(layers.width[0]):
            tree.base[d, j] += layers.columns[variable, j]
            tree.low[d, j] += rise[j]
            tree.high[d, j] += fall[j]
    else:
        for j in range(layers.width[0]):
            tree.low[d, j] -= fall[j]
            tree.high[d, j] -= rise[j]
    return mark + 1


@entry
def plant(layers, region, tree, fixed, values):
    """Set up depth 0 with the inputs of a cube fixed; False when a group contradicts it."""
    width = layers.width[0]
    for j in range(width):
        tree.base[0, j] = tree.low[0, j] = tree.high[0, j] = layers.bias[0, j]
    # inputs outside: a row of an input lies in one piece
    for i in range(layers.columns.shape[0]):
        fall, rise = layers.fall[i], layers.rise[i]
        for j in range(width):
            tree.low[0, j] += fall[j]
            tree.high[0, j] += rise[j]
    tree.ones[0] = 0
    mark = 0
    for f in range(fixed.shape[0]):
        if tree.state[fixed[f]] == 2:
            mark = _set(layers, tree, fixed[f], values[f], 0, mark)
            group = region.group[fixed[f]]
            if group >= 0 and values[f] == 1:
                for k in range(region.group_start[group], region.group_start[group + 1]):
                    i = region.member[k]
                    if tree.state[i] == 2:
                        mark = _set(layers, tree, i, 0, 0, mark)
        elif tree.state[fixed[f]] != values[f]:
            return False
    tree.mark[0] = 0
    tree.mark[1] = mark
    return True
