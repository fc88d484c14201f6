"""A kernel that visits few points one by one, any layers, any domain."""

from __future__ import annotations

from .kernel import inner
from .membership import inside
from .memory import WALKED
from .points import grade_point, take_point


@inner
def walk_leaf(layers, forms, combine, zero_is_right, region, tree, scratch, d, free, most, up, aim):
    """Visit all points that differ from all-free-zero (or -one) in at most ``most`` free inputs."""
    point = scratch.point
    count = 0
    for i in range(point.shape[0]):
        if tree.state[i] == 2:
            scratch.free[count] = i
            count += 1
            point[i] = 0 if up else 1
        else:
            point[i] = tree.state[i]
    width = layers.width[0]
    walk = scratch.walk
    start = walk[1, 0]
    for j in range(width):
        start[j] = tree.base[d, j]
    if not up:
        for k in range(count):
            column = layers.columns[scratch.free[k]]
            for j in range(width):
                start[j] += column[j]
    step = 1.0 if up else -1.0
    position = scratch.position
    for k in range(walk.shape[0]):
        position[k] = 0
    level = 0
    fresh = True
    while True:
        if fresh:
            tree.control[WALKED] += 1
            here = walk[level + 1, 0]
            first = walk[0, 0]
            for j in range(width):
                first[j] = here[j]
            g, extreme, error = grade_point(layers, forms, combine, zero_is_right, tree, scratch)
            wrong = g != 0 and inside(region, point, scratch.registers)
            if wrong and take_point(tree, point, g, extreme, error, aim):
                return True
            fresh = False
        k = position[level]
        if k < count and level < most:
            i = scratch.free[k]
            point[i] ^= 1
            here, below = walk[level + 1, 0], walk[level + 2, 0]
            column = layers.columns[i]
            for j in range(width):
                below[j] = here[j] + step * column[j]
            level += 1
            position[level] = k + 1
            fresh = True
        else:
            if level == 0:
                return False
            level -= 1
            i = scratch.free[position[level]]
            point[i] ^= 1
            position[level] += 1
