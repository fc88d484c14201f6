"""Reading formulas: ``~`` binds tightest, then ``&``, ``^``, ``|`` and ``>>`` (to the right)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from .errors import InputError
from .formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor
from .verdict_text import amount

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|`(?P<quoted>[^`]*)`|(?P<number>[0-9]+)"
    r"|(?P<foreign>&&|\|\||<->|<=>|->|=>|==|=|!=|!|\*|\+)|(?P<symbol>>>|[~&^|(),]))"
)
#: What other notations write, and how it is written here.
_EQUAL = "~(a ^ b) for equal values"
_ELSEWHERE = {
    "and": "& for and",
    "or": "| for or",
    "not": "~ for not",
    "xor": "^ for exclusive or",
    "implies": ">> for implies",
    "&&": "& for and",
    "||": "| for or",
    "!": "~ for not",
    "->": ">> for implies",
    "=>": ">> for implies",
    "!=": "^ for different values",
    "==": _EQUAL,
    "=": _EQUAL,
    "<->": _EQUAL,
    "<=>": _EQUAL,
    "*": "& for and",
    "+": "| for or, ^ for exclusive or",
    "0": "false",
    "1": "true",
}
_WORDS = {"true": "true", "false": "false", **_ELSEWHERE}
#: Characters of a formula that an error shows at most.
SHOWN = 60
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


def parse_formula(text: str, inputs: Collection[str] | None = None) -> Formula:
    """Read a formula.

    Args:
        text: the formula.
        inputs: names that it may use; None for any.

    Raises:
        InputError: the text is no formula, or uses an unknown name; the message names the
            column (from 1), and the line where there are several.
    """
    if not isinstance(text, str):
        raise InputError(f"a formula must be text, not {type(text).__name__}")
    return _Parser(text, inputs).parse()


def require_known(formula: Formula, inputs: Collection[str]) -> None:
    """Raise InputError when a formula that was not read from text uses an unknown name."""
    for name in formula.names():
        if name not in inputs:
            raise InputError(_unknown(name, inputs))


def _unknown(name: str, inputs: Collection[str]) -> str:
    close = difflib.get_close_matches(name, inputs, 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    if name.lower() in _WORDS:
        hint = f"; write {_WORDS[name.lower()]}"
    return f"unknown input '{name}'{hint}"


class _Parser:
    """Recursive descent, one method a level of binding strength."""

    def __init__(self, text: str, inputs: Collection[str] | None) -> None:
        self.text = text
        self.inputs = inputs
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
            if kind == "foreign":
                symbol = match.group(kind)
                column = match.start(kind) + 1
                self._fail(column, f"'{symbol}' has no meaning here; write {_ELSEWHERE[symbol]}")
            position = match.end()
        return [*tokens, _Token("end", "", end + 1)]

    def _fail(self, column: int, problem: str) -> NoReturn:
        start = self.text.rfind("\n", 0, column - 1) + 1
        line = self.text[start:].split("\n", 1)[0]
        place = f"column {column - start}"
        if "\n" in self.text:
            place = f"line {self.text.count(chr(10), 0, start) + 1}, {place}"
        raise InputError(f"formula '{_excerpt(line, column - start)}', {place}: {problem}")

    def _foreign(self) -> str:
        """A hint where a word of another notation stands at, or just before, the problem."""
        words = [self.next.text] if self.next.kind == "name" else []
        if self.position:
            words.append(self.tokens[self.position - 1].text)
        hints = [_ELSEWHERE[w.lower()] for w in words if w.lower() in _ELSEWHERE]
        return f"; write {hints[0]}" if hints else ""

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
            found = f"{self.next.shown()}{self._foreign()}"
            self._fail(self.next.column, f"expected '{symbol}' {why}, found {found}")

    def parse(self) -> Formula:
        formula = self._implication()
        if self.next.kind != "end":
            self._fail(
                self.next.column,
                f"expected an operator or the end, found {self.next.shown()}{self._foreign()}",
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
            return self._variable(token)
        if token.kind == "name":
            if token.text in ("true", "false"):
                self.position += 1
                return Constant(token.text == "true")
            if token.text in _COUNTING:
                self.position += 1
                return self._counting(token)
            return self._variable(token)
        hint = f"; write {_WORDS[token.text]}" if token.text in ("0", "1") else ""
        problem = f"expected an input name, '(' or '~', found {token.shown()}{hint}"
        self._fail(token.column, problem)
        raise AssertionError("unreachable")

    def _variable(self, token: _Token) -> Formula:
        if self.inputs is not None and token.text not in self.inputs:
            self._fail(token.column, _unknown(token.text, self.inputs))
        self.position += 1
        return Variable(token.text)

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
            self._fail(place, f"{word.text}({count}, ...) has only {amount(len(parts), 'operand')}")
        return (AtLeast if word.text == "atleast" else AtMost)(count, tuple(parts))


def _excerpt(line: str, column: int) -> str:
    """The line as written, or the part of it around the column; one character stays one."""
    line = "".join(" " if c.isspace() else c for c in line.rstrip())
    if len(line) <= SHOWN:
        return line
    start = min(max(column - 2 * SHOWN // 3, 0), len(line) - SHOWN)
    end = start + SHOWN
    return ("..." if start else "") + line[start:end] + ("..." if end < len(line) else "")
