"""Kernels for single points: exact-or-undecided grades, membership, booking."""

from __future__ import annotations

import numpy as np

from .bounds import grade
from .float_network import RELU, STEP
from .kernel import inner
from .memory import COUNTED, LISTING, POINTS

#: What a search is after: the first wrong point, all of them, or the least margin.
FIRST, COUNT, MARGIN = range(3)
#: ``point_kind``: certainly wrong, undecided, candidate for the least margin.
WRONG, UNDECIDED, CANDIDATE = range(3)
#: Combination of several forms: a point is wrong when any of them is, or when all are.
ANY, ALL = range(2)


@inner
def grade_point(layers, forms, combine, zero_is_right, tree, scratch):
    """Grade the point whose first pre-activations are in ``scratch.walk[0, 0]``.

    Returns:
        the grade (see :func:`grade`), and in margin searches the form value that counts and
        its error.
    """
    z = scratch.walk[0]
    depth = layers.kind.shape[0]
    lost = False
    for k in range(depth):
        width = layers.width[k]
        if k > 0:
            below = layers.width[k - 1]
            for j in range(width):
                total = layers.bias[k, j]
                row = layers.inner[k - 1, j]
                for i in range(below):
                    total += row[i] * z[k - 1, i]
                z[k, j] = total
        last = k == depth - 1
        for j in range(width):
            value = z[k, j]
            if layers.kind[k] == RELU:
                if last and value < -layers.error[k, j]:
                    z[k, j] = -np.inf  # certainly off
                elif value < 0.0:
                    z[k, j] = 0.0
            elif layers.kind[k] == STEP:
                # written so that a NaN is lost
                if not (layers.error[k, j] == 0.0 or abs(value) > layers.error[k, j]):
                    lost = True
                z[k, j] = 1.0 if value > 0.0 else 0.0
    z_last = z[depth - 1]
    result = -1
    extreme, extreme_error, shared = 0.0, 0.0, 0.0
    for r in range(forms.weight.shape[0]):
        value = forms.constant[r]
        error = 0.0
        for j in range(layers.width[depth - 1]):
            if z_last[j] != -np.inf:
                value += forms.weight[r, j] * z_last[j]
                error += forms.loss[r, j]
        if error > 0.0:
            error += forms.slack[r]
        if lost:
            error = np.inf
        g = grade(value, error, tree.cut[r], zero_is_right)
        if result < 0:
            result, extreme, extreme_error = g, value, error
        elif combine == ANY:
            result = max(result, g)
            extreme, extreme_error = max(extreme, value), max(extreme_error, error)
        else:
            result = min(result, g)
            extreme, extreme_error = min(extreme, value), max(extreme_error, error)
        shared = max(shared, forms.slack[r])
    if forms.weight.shape[0] > 1:
        # what is learnt from one form becomes the cut of another, whose constant is rounded too
        extreme_error += shared
    return result, extreme, extreme_error


@inner
def push_point(tree, point, kind):
    """Append to the point list; the caller has made sure that there is room."""
    row = tree.control[POINTS]
    for i in range(point.shape[0]):
        tree.points[row, i] = point[i]
    tree.point_kind[row] = kind
    tree.control[POINTS] = row + 1


@inner
def take_point(tree, point, g, extreme, error, aim):
    """Book a point of the region that is not right; True when a first-point search is over."""
    if aim == MARGIN:
        push_point(tree, point, CANDIDATE)
        cut = extreme - error
        for r in range(tree.cut.shape[0]):
            tree.cut[r] = max(tree.cut[r], cut)
        return False
    if g == 1:
        push_point(tree, point, UNDECIDED)
        return False
    tree.control[COUNTED] += 1
    if aim == FIRST or tree.control[LISTING] != 0:
        push_point(tree, point, WRONG)
    return aim == FIRST
