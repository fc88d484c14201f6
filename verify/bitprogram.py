"""Formulas as straight-line programs on machine words, 64 inputs of the domain at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor

if TYPE_CHECKING:
    from collections.abc import Iterable

AND, OR, XOR, AND_NOT, NOT, ZERO, ONES = range(7)
ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class BitProgram:
    """Instructions over registers of 64-bit words; lane = one point of the domain.

    Registers ``0 .. variables-1`` hold the inputs; instruction k writes register
    ``variables + k``. ``left`` and ``right`` are register numbers (0 where unused).
    Equal subformulas share one instruction.

    Attributes:
        variables: number of input registers.
        operation, left, right: int64 arrays, one entry an instruction.
        results: int64 register number of each compiled formula.
    """

    variables: int
    operation: np.ndarray
    left: np.ndarray
    right: np.ndarray
    results: np.ndarray

    @classmethod
    def compile(cls, formulas: Iterable[Formula], index: Mapping[str, int]) -> BitProgram:
        """Compile formulas whose names are all in ``index`` (name to input register)."""
        compiler = _Compiler(index)
        results = [compiler.formula(formula) for formula in formulas]
        code = np.array(compiler.code, dtype=np.int64).reshape(-1, 3)
        operation, left, right = (np.ascontiguousarray(code[:, k]) for k in range(3))
        return cls(len(index), operation, left, right, np.array(results, dtype=np.int64))

    def run(self, words: np.ndarray) -> np.ndarray:
        """Evaluate on packed inputs: (variables, W) uint64 to (formulas, W) uint64."""
        registers: list[np.ndarray] = list(words)
        width = words.shape[1]
        for operation, left, right in zip(self.operation, self.left, self.right, strict=True):
            if operation == AND:
                value = registers[left] & registers[right]
            elif operation == OR:
                value = registers[left] | registers[right]
            elif operation == XOR:
                value = registers[left] ^ registers[right]
            elif operation == AND_NOT:
                value = registers[left] & ~registers[right]
            elif operation == NOT:
                value = ~registers[left]
            else:
                value = np.full(width, ALL_ONES if operation == ONES else 0, dtype=np.uint64)
            registers.append(value)
        if not len(self.results):
            return np.zeros((0, width), dtype=np.uint64)
        return np.stack([registers[r] for r in self.results])

    def run_points(self, points: np.ndarray) -> np.ndarray:
        """Evaluate on a 0/1 matrix (points, variables); returns Booleans (points, formulas)."""
        return unpack_bits(self.run(pack_bits(points)), len(points))


def pack_bits(points: np.ndarray) -> np.ndarray:
    """(points, variables) 0/1 to (variables, ceil(points / 64)) uint64; lane 0 is bit 0."""
    count, variables = points.shape
    words = -(-count // 64)
    padded = np.zeros((variables, words * 64), dtype=np.uint8)
    padded[:, :count] = points.T
    packed = np.packbits(padded, axis=1, bitorder="little")
    return packed.view("<u8").astype(np.uint64, copy=False).reshape(variables, words)


def unpack_bits(words: np.ndarray, count: int) -> np.ndarray:
    """(formulas, W) uint64 to Booleans (count, formulas): the inverse of :func:`pack_bits`."""
    raw = np.ascontiguousarray(words.astype("<u8", copy=False)).view(np.uint8)
    raw = raw.reshape(words.shape[0], 8 * words.shape[1])
    return np.unpackbits(raw, axis=1, bitorder="little", count=count).T.astype(bool)


class _Compiler:
    """Emits instructions, sharing equal ones."""

    def __init__(self, index: Mapping[str, int]) -> None:
        self.index = index
        self.code: list[tuple[int, int, int]] = []
        self.known: dict[tuple[int, int, int], int] = {}

    def emit(self, operation: int, left: int = 0, right: int = 0) -> int:
        if operation in (AND, OR, XOR) and left > right:
            left, right = right, left
        key = (operation, left, right)
        if key not in self.known:
            self.known[key] = len(self.index) + len(self.code)
            self.code.append(key)
        return self.known[key]

    def formula(self, formula: Formula) -> int:
        if isinstance(formula, Variable):
            return self.index[formula.name]
        if isinstance(formula, Constant):
            return self.emit(ONES if formula.truth else ZERO)
        if isinstance(formula, And):
            return self.conjunction(formula.parts)
        operands = [self.formula(operand) for operand in formula.operands]
        if isinstance(formula, Not):
            return self.emit(NOT, operands[0])
        if isinstance(formula, Implies):
            return self.emit(NOT, self.emit(AND_NOT, operands[0], operands[1]))
        if isinstance(formula, Or):
            return self.fold(OR, operands, ZERO)
        if isinstance(formula, Xor):
            return self.fold(XOR, operands, ZERO)
        if isinstance(formula, AtLeast):
            return self.at_least(formula.count, operands)
        if isinstance(formula, AtMost):
            return self.emit(NOT, self.at_least(formula.count + 1, operands))
        raise TypeError(f"unknown formula node {type(formula).__name__}")

    def conjunction(self, parts: Sequence[Formula]) -> int:
        """Negated operands after the first positive one cost no instruction of their own."""
        positive = [self.formula(p) for p in parts if not isinstance(p, Not)]
        negative = [self.formula(p.operand) for p in parts if isinstance(p, Not)]
        if not positive and negative:
            return self.emit(NOT, self.fold(OR, negative, ZERO))
        result = self.fold(AND, positive, ONES)
        for register in negative:
            result = self.emit(AND_NOT, result, register)
        return result

    def fold(self, operation: int, operands: Sequence[int], empty: int) -> int:
        if not operands:
            return self.emit(empty)
        result = operands[0]
        for operand in operands[1:]:
            result = self.emit(operation, result, operand)
        return result

    def at_least(self, count: int, operands: Sequence[int]) -> int:
        """Bit-sliced counting: add the operands in binary, then compare with the constant."""
        if count <= 0:
            return self.emit(ONES)
        if count > len(operands):
            return self.emit(ZERO)
        if count == 1:
            return self.fold(OR, operands, ZERO)
        if count == len(operands):
            return self.fold(AND, operands, ONES)
        at_least = self.emit(ONES)
        for position, bit in enumerate(self.sum_bits(operands)):
            at_least = self.emit(AND if count >> position & 1 else OR, bit, at_least)
        return at_least

    def sum_bits(self, operands: Sequence[int]) -> list[int]:
        """Binary digits of the number of true operands, least significant first."""
        bits = []
        column = list(operands)
        while column:
            carries = []
            while len(column) > 1:
                if len(column) == 2:
                    a, b = column
                    column = [self.emit(XOR, a, b)]
                    carries.append(self.emit(AND, a, b))
                else:
                    a, b, c, *column = column
                    partial = self.emit(XOR, a, b)
                    column.append(self.emit(XOR, partial, c))
                    carry = self.emit(AND, partial, c)
                    carries.append(self.emit(OR, self.emit(AND, a, b), carry))
            bits.append(column[0])
            column = carries
        return bits
