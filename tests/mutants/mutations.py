"""Find every place of a module where one small change makes a mutant.

Changes are made in the text, not in the syntax tree, so a mutant differs from its module in one place alone
and can be shown as a line before and after.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

__all__ = ["KINDS", "Mutation", "find_mutations"]

KINDS = (
    *("argument", "arithmetic", "boolean", "call", "comparison", "condition", "constant", "except", "return"),
)

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.FloorDiv: "*",
    ast.Div: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
    ast.LShift: ">>",
}


class Mutation(NamedTuple):
    """One change: the text from byte `start` to byte `end` of a module becomes `replacement`."""

    kind: str
    line: int
    start: int
    end: int
    replacement: str

    def apply(self, source: str) -> str:
        """Return the mutant."""
        text = source.encode()
        return (text[: self.start] + self.replacement.encode() + text[self.end :]).decode()


def find_mutations(source: str) -> list[Mutation]:
    """Return every mutation of a module, in the order of its text."""
    tree = ast.parse(source)
    finder = _Finder(source)
    finder.visit(tree)
    return sorted(finder.found, key=lambda mutation: mutation[2:])


class _Finder(ast.NodeVisitor):
    """Visits the code that runs: no annotations, docstrings, `__all__`, or what type checkers alone read."""

    def __init__(self, source: str) -> None:
        self.found: list[Mutation] = []
        self._starts = [0]
        for line in source.encode().splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.dump(node.test):
            return
        self._negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if isinstance(node.test, ast.Constant):
            node.test = ast.Name("forever")
        else:
            self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call):
            self._add("call", node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        value = node.value
        if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            self._add("return", node, "return None")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            caught = ast.unparse(node.type)
            self._add("except", node.type, {"Exception": "BaseException"}.get(caught, "Exception"))
        for statement in node.body:
            self.visit(statement)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1:
            left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
            self._add("comparison", node, f"({left} {_COMPARISONS[type(node.ops[0])]} {right})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        joint = " or " if isinstance(node.op, ast.And) else " and "
        self._add("boolean", node, f"({joint.join(f'({ast.unparse(value)})' for value in node.values)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is not None and not _is_text(node.left):
            self._add("arithmetic", node, f"({ast.unparse(node.left)} {sign} {ast.unparse(node.right)})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "cast":
            # Its type is for type checkers alone.
            self.visit(node.args[1])
            return
        for index, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                kept = node.keywords[:index] + node.keywords[index + 1 :]
                self._add("argument", node, ast.unparse(ast.Call(node.func, node.args, kept)))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if (replacement := _change_constant(node.value)) is not None:
            self._add("constant", node, replacement)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Positions inside f-strings are right from Python 3.12 on only."""

    def _negate(self, test: ast.expr) -> None:
        self._add("condition", test, f"(not ({ast.unparse(test)}))")

    def _add(self, kind: str, node: ast.expr | ast.stmt, replacement: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        self.found.append(Mutation(kind, node.lineno, start, end, replacement))


def _is_text(node: ast.expr) -> bool:
    """Whether `%`, `+` and `|` of this are about text, or a type: no arithmetic."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _change_constant(value: object) -> str | None:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int | float):
        return repr(value + 1)
    if isinstance(value, str):
        return repr(value + "x")
    return repr(value + b"x") if isinstance(value, bytes) else None
