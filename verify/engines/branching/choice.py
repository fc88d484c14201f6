"""Kernels that choose the input to branch on."""

from __future__ import annotations

from .float_network import IDENTITY, RELU
from .kernel import inner


@inner
def choose(layers, forms, region, tree, scratch, d, r, count, program):
    """The free input with the largest influence on form r."""
    depth = layers.kind.shape[0]
    n = tree.state.shape[0]
    back = scratch.back
    front = scratch.front
    for j in range(layers.width[depth - 1]):
        front[j] = abs(forms.weight[r, j])
    for k in range(depth - 1, -1, -1):
        width = layers.width[k]
        for j in range(width):
            lower, upper = tree.tight_low[d, k, j], tree.tight_high[d, k, j]
            factor = 1.0
            if layers.kind[k] == IDENTITY or (lower >= 0.0 and layers.kind[k] == RELU):
                factor = 0.5 if k > 0 else 0.0
            elif upper <= 0.0 or lower > 0.0:
                factor = 0.0
            front[j] *= factor
        if k > 0:
            below = layers.width[k - 1]
            for i in range(below):
                back[i] = 0.0
            for j in range(width):
                w = front[j]
                if w != 0.0:
                    row = layers.inner[k - 1, j]
                    for i in range(below):
                        back[i] += w * abs(row[i])
            for i in range(below):
                front[i] = back[i]
    score = scratch.score
    for i in range(n):
        score[i] = -1.0
        if tree.state[i] == 2:
            total = abs(scratch.coefficient[i])
            magnitude = layers.magnitude[i]
            for j in range(layers.width[0]):
                total += front[j] * magnitude[j]
            score[i] = total
    for a in range(count):
        c = scratch.alive[a]
        for k in range(region.variable.shape[1]):
            v = region.variable[c, k]
            if v < 0:
                break
            if tree.state[v] == 2:
                score[v] *= 1.2
    best = -1
    for i in range(n):
        if score[i] >= 0.0:
            s = score[i]
            if program == 2 and region.support[i]:
                s *= 1.5
            if best < 0 or s > score[best]:
                best = i
            score[i] = s
    if best < 0:  # NaN scores
        for i in range(n):
            if tree.state[i] == 2:
                best = i
    return best


@inner
def choose_settled(region, tree, scratch, count):
    """The input to branch on where only the region itself is open: the most frequent literal."""
    score = scratch.score
    n = score.shape[0]
    for i in range(n):
        score[i] = 1.0 if region.support[i] else 0.0
    for a in range(count):
        c = scratch.alive[a]
        for k in range(region.variable.shape[1]):
            v = region.variable[c, k]
            if v < 0:
                break
            score[v] += 2.0
    best = -1
    for i in range(n):
        if tree.state[i] == 2 and (best < 0 or score[i] > score[best]):
            best = i
    return best
