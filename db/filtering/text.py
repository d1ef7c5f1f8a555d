"""CQL2 text (OGC 21-065r2, annex B) to the tree that CQL2 JSON writes, by recursive descent in linear time."""

from collections.abc import Callable
from typing import Any

from db.filtering.errors import FilterError
from db.filtering.geometries import geometry_of_text
from db.filtering.tokens import Token, shown, tokens
from db.filtering.tree import DEEPEST, MOST_NODES, MOST_NUMBERS, Tree, check_size

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_SIMPLE = ("POINT", "LINESTRING", "POLYGON")
_GEOMETRIES = (*_SIMPLE, *(f"MULTI{name}" for name in _SIMPLE), "GEOMETRYCOLLECTION")
_RESERVED = ("AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "DIV", "NULL")


def read_text(text: str) -> Tree:
    """The tree of a filter in CQL2 text; raises `FilterError` that names the place where reading ended."""
    tree = _Reader(text).whole()
    check_size(tree)
    return tree


class _Reader:
    """Reads tokens from left to right; each method takes one thing of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text, MOST_NODES * 4 + MOST_NUMBERS * 2)
        self._place = 0
        self._depth = 0

    def whole(self) -> Tree:
        """The whole filter."""
        tree = self._expression()
        if self._next.kind != "end":
            raise self._unexpected("an operator or the end")
        return tree

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _took_word(self, *words: str) -> bool:
        found = self._next.is_word(*words)
        self._place += found
        return found

    def _took_symbol(self, *symbols: str) -> bool:
        found = self._next.is_symbol(*symbols)
        self._place += found
        return found

    def _need(self, symbol: str) -> None:
        if not self._took_symbol(symbol):
            raise self._unexpected(repr(symbol))

    def _unexpected(self, wanted: str) -> FilterError:
        token = self._next
        found = "the filter ends" if token.kind == "end" else f"there is {shown(self._text[token.start :])}"
        return FilterError(f"filter: expected {wanted} at character {token.start + 1}, but {found}")

    def _expression(self) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FilterError(f"filter: nested more than {DEEPEST} deep")
        tree = self._joined("OR", lambda: self._joined("AND", self._negated))
        self._depth -= 1
        return tree

    def _joined(self, word: str, part: Callable[[], Tree]) -> Tree:
        parts = [part()]
        while self._took_word(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else {"op": word.lower(), "args": parts}

    def _negated(self) -> Tree:
        turns = 0
        while self._took_word("NOT"):
            turns += 1
        tree = self._predicate()
        return _not(tree) if turns % 2 else tree

    def _predicate(self) -> Tree:
        left = self._sum()
        if self._next.is_symbol(*_COMPARISONS):
            sign = self._take().text
            return {"op": "<>" if sign == "!=" else sign, "args": [left, self._sum()]}
        if self._took_word("IS"):
            return self._is_null(left)
        negated = self._took_word("NOT")
        tree = self._range(left, negated=negated)
        return _not(tree) if negated else tree

    def _is_null(self, left: Tree) -> Tree:
        negated = self._took_word("NOT")
        if not self._took_word("NULL"):
            raise self._unexpected("NULL")
        tree = {"op": "isNull", "args": [left]}
        return _not(tree) if negated else tree

    def _range(self, left: Tree, *, negated: bool) -> Tree:
        if self._took_word("LIKE"):
            return {"op": "like", "args": [left, self._sum()]}
        if self._took_word("BETWEEN"):
            low = self._sum()
            if not self._took_word("AND"):
                raise self._unexpected("AND")
            return {"op": "between", "args": [left, low, self._sum()]}
        if self._took_word("IN"):
            self._need("(")
            return {"op": "in", "args": [left, self._list()]}
        if negated:
            raise self._unexpected("LIKE, BETWEEN or IN")
        return left

    def _list(self) -> list[Tree]:
        """Expressions up to the closing bracket; the opening one is taken already."""
        if self._took_symbol(")"):
            return []
        parts = [self._expression()]
        while self._took_symbol(","):
            parts.append(self._expression())
        self._need(")")
        return parts

    def _sum(self) -> Tree:
        return self._chain(("+", "-"), (), self._product)

    def _product(self) -> Tree:
        return self._chain(("*", "/", "%"), ("DIV",), self._power)

    def _chain(self, symbols: tuple[str, ...], words: tuple[str, ...], part: Callable[[], Tree]) -> Tree:
        tree = part()
        while self._next.is_symbol(*symbols) or self._next.is_word(*words):
            tree = {"op": self._take().text.lower(), "args": [tree, part()]}
        return tree

    def _power(self) -> Tree:
        parts = [self._signed()]
        while self._took_symbol("^"):
            parts.append(self._signed())
        tree = parts.pop()
        while parts:  # 2^3^2 is 2^(3^2)
            tree = {"op": "^", "args": [parts.pop(), tree]}
        return tree

    def _signed(self) -> Tree:
        negative = False
        while self._next.is_symbol("-", "+"):
            negative ^= self._take().text == "-"
        tree = self._primary()
        if not negative:
            return tree
        plain = isinstance(tree, int | float) and not isinstance(tree, bool)
        return -tree if plain else {"op": "*", "args": [-1, tree]}

    def _primary(self) -> Tree:
        token = self._next
        if token.is_word(*_RESERVED):
            raise self._unexpected("a value or a property")
        match token.kind:
            case "number":
                return _number(self._take().text)
            case "text":
                return self._take().text
            case "quoted":
                return {"property": self._take().text}
            case "name":
                return self._named()
        if not self._took_symbol("("):
            raise self._unexpected("a value or a property")
        parts = self._list()
        return parts[0] if len(parts) == 1 else parts

    def _named(self) -> Tree:
        token = self._next
        if token.is_word("TRUE", "FALSE"):
            return self._take().text.upper() == "TRUE"
        if token.is_word(*_GEOMETRIES):
            return self._geometry()
        self._take()
        if not self._took_symbol("("):
            return {"property": token.text}
        return _called(token.text, self._list())

    def _geometry(self) -> Tree:
        """A geometry in well-known text, up to the bracket that closes it."""
        start, depth = self._take().start, 0
        self._took_word("Z", "M", "ZM")
        while self._next.kind != "end":
            token = self._take()
            depth += token.is_symbol("(") - token.is_symbol(")")
            if depth <= 0:  # at once after EMPTY
                break
        return geometry_of_text(self._text[start : self._tokens[self._place - 1].end])


def _not(tree: Tree) -> Tree:
    return {"op": "not", "args": [tree]}


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() and len(text) < 19 else float(text)


def _called(name: str, parts: list[Tree]) -> Tree:
    """A temporal literal, a box, or a function with what it is given."""
    kind = name.lower()
    if kind in ("date", "timestamp"):
        if len(parts) != 1 or not isinstance(parts[0], str):
            raise FilterError(f"filter: {name.upper()} needs one text, such as {name.upper()}('2010-06-30')")
        return {kind: parts[0]}
    if kind in ("interval", "bbox"):
        return {kind: [_plain(part) for part in parts]}
    return {"op": kind if kind.startswith(("s_", "t_", "a_")) else name, "args": parts}


def _plain(part: Any) -> Any:
    """The text of an instant within an interval, which stands there without saying its kind."""
    return next(iter(part.values())) if isinstance(part, dict) and ("date" in part or "timestamp" in part) else part
