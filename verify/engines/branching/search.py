"""The search kernel: depth-first over input bits, resumable after any number of nodes."""

from __future__ import annotations

from .kernel import entry
from .memory import DEPTH, FINISHED, NODES, SETTLED, TRACED
from .node import NO_ROOM, STOP, visit
from .path import assign

#: Why :func:`search` returned.
DONE, PAUSED, FOUND, FULL = range(4)


@entry
def search(layers, forms, combine, zero_is_right, region, tree, scratch, leaf, aim, nodes):
    """Visit up to ``nodes`` nodes from where the tree stands."""
    control = tree.control
    if control[FINISHED]:
        return DONE
    d = control[DEPTH]
    for _ in range(nodes):
        code = visit(layers, forms, combine, zero_is_right, region, tree, scratch, d, leaf, aim)
        if code == NO_ROOM:
            control[DEPTH] = d
            return FULL
        control[NODES] += 1
        if tree.trace.shape[0] > 0:
            tree.trace[control[TRACED]] = code // 2 if code >= 0 else code
            control[TRACED] += 1
        if code == STOP:
            control[DEPTH] = d
            return FOUND
        if code >= 0:
            tree.variable[d + 1] = code // 2
            tree.turn[d + 1] = 0
            d += 1
            assign(layers, region, tree, code // 2, 1, d)
            continue
        # back to the nearest branch with its second value left
        if control[SETTLED] == d:
            control[SETTLED] = -1
        while d > 0:
            for t in range(tree.mark[d], tree.mark[d + 1]):
                tree.state[tree.trail[t]] = 2
            if tree.turn[d] == 0:
                tree.turn[d] = 1
                assign(layers, region, tree, tree.variable[d], 0, d)
                break
            d -= 1
            if control[SETTLED] == d:
                control[SETTLED] = -1
        if d == 0:
            control[DEPTH] = 0
            control[FINISHED] = 1
            return DONE
    control[DEPTH] = d
    return PAUSED
