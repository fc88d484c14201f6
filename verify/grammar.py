"""Reading formulas: ``~`` binds tightest, then ``&``, ``^``, ``|`` and ``>>`` (to the right)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from .errors import InputError
from .formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|`(?P<quoted>[^`]*)`|(?P<number>[0-9]+)"
    r"|(?P<symbol>>>|[~&^|(),]))"
)
#: Nesting beyond this depth is refused instead of exhausting the interpreter's stack.
MAX_DEPTH = 100
_COUNTING = ("atleast", "atmost", "majority")
_CHAINS: tuple[tuple[str, type[And] | type[Xor] | type[Or]], ...] = (
    ("|", Or),
    ("^", Xor),
    ("&", And),
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int

    def shown(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"


def parse_formula(text: str) -> Formula:
    """Read a formula.

    Raises:
        InputError: the text is no formula; the message names the column (from 1).
    """
    if not isinstance(text, str):
        raise InputError(f"a formula must be text, not {type(text).__name__}")
    return _Parser(text).parse()


class _Parser:
    """Recursive descent, one method a level of binding strength."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.position = 0
        self.depth = 0

    def _tokens(self) -> list[_Token]:
        tokens = []
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                rest = self.text[position:]
                column = position + len(rest) - len(rest.lstrip()) + 1
                self._fail(column, f"unexpected character '{self.text[column - 1]}'")
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match.group(kind), match.start(kind) + 1))
            if kind == "quoted" and not match.group(kind):
                self._fail(match.start(kind), "an empty name")
            position = match.end()
        return [*tokens, _Token("end", "", end + 1)]

    def _fail(self, column: int, problem: str) -> NoReturn:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        raise InputError(f"formula '{shown}', column {column}: {problem}")

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def _accept(self, symbol: str) -> bool:
        if self.next.kind == "symbol" and self.next.text == symbol:
            self.position += 1
            return True
        return False

    def _expect(self, symbol: str, why: str) -> None:
        if not self._accept(symbol):
            self._fail(self.next.column, f"expected '{symbol}' {why}, found {self.next.shown()}")

    def parse(self) -> Formula:
        formula = self._implication()
        if self.next.kind != "end":
            self._fail(
                self.next.column, f"expected an operator or the end, found {self.next.shown()}"
            )
        return formula

    def _implication(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(self.next.column, f"nested deeper than {MAX_DEPTH} levels")
        left = self._chain(0)
        if self._accept(">>"):
            left = Implies(left, self._implication())
        self.depth -= 1
        return left

    def _chain(self, level: int) -> Formula:
        if level == len(_CHAINS):
            return self._negation()
        symbol, node = _CHAINS[level]
        parts = [self._chain(level + 1)]
        while self._accept(symbol):
            parts.append(self._chain(level + 1))
        return parts[0] if len(parts) == 1 else node(tuple(parts))

    def _negation(self) -> Formula:
        count = 0
        while self._accept("~"):
            count += 1
            # negations nest like parentheses, so that the tree's depth stays bounded too
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self._fail(self.next.column, f"nested deeper than {MAX_DEPTH} levels")
        formula = self._atom()
        self.depth -= count
        for _ in range(count):
            formula = Not(formula)
        return formula

    def _atom(self) -> Formula:
        token = self.next
        if self._accept("("):
            inner = self._implication()
            self._expect(")", f"to close the one at column {token.column}")
            return inner
        if token.kind == "quoted":
            self.position += 1
            return Variable(token.text)
        if token.kind == "name":
            self.position += 1
            if token.text in ("true", "false"):
                return Constant(token.text == "true")
            if token.text in _COUNTING:
                return self._counting(token)
            return Variable(token.text)
        self._fail(token.column, f"expected an input name, '(' or '~', found {token.shown()}")
        raise AssertionError("unreachable")

    def _counting(self, word: _Token) -> Formula:
        self._expect("(", f"after {word.text}")
        count: int | None = None
        if word.text != "majority":
            if self.next.kind != "number":
                self._fail(
                    self.next.column,
                    f"{word.text} starts with a whole number, found {self.next.shown()}",
                )
            place = self.next.column
            if len(self.next.text.lstrip("0")) > 9:
                self._fail(place, f"{word.text} has a number of {len(self.next.text)} digits")
            count = int(self.next.text)
            self.position += 1
            self._expect(",", "after the number")
        parts = [self._implication()]
        while self._accept(","):
            parts.append(self._implication())
        self._expect(")", f"to close {word.text}")
        if count is None:
            return AtLeast(len(parts) // 2 + 1, tuple(parts))
        if count > len(parts):
            self._fail(place, f"{word.text}({count}, ...) has only {len(parts)} operands")
        return (AtLeast if word.text == "atleast" else AtMost)(count, tuple(parts))
