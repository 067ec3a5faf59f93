# SPDX-License-Identifier: Apache-2.0
"""What Python's own ast says that a module binds and imports, in the words of outline.c (show).

stdin: sources, each ended by a NUL; stdout: for each its lines, sorted, and a NUL; "!" for a source
that this Python does not know (newer syntax).
"""

import ast
import sys
import warnings

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
BLOCKS = tuple(getattr(ast, name) for name in
               ("If", "For", "AsyncFor", "While", "With", "AsyncWith", "Try", "TryStar", "Match")
               if hasattr(ast, name))


class Module:
    def __init__(self):
        self.lines = []

    def bind(self, kind, name, line, prefix, cond, more=""):
        self.lines.append(f"{line} {kind} {prefix}{name}{' cond' if cond else ''}{more}")

    def imports(self, node, nested):
        more = " nested" if nested else ""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.lines.append(f"import {alias.name}{more}")
        else:
            names = ",".join(alias.name for alias in node.names)
            self.lines.append(f"import {'.' * node.level}{node.module or ''}({names}){more}")

    def function_body(self, node):
        """Only imports count there."""
        for child in ast.walk(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                self.imports(child, True)

    def target(self, node, prefix, cond, kind="assign"):
        if isinstance(node, ast.Name):
            self.bind(kind, node.id, node.lineno, prefix, cond)
        elif isinstance(node, ast.Starred):
            self.target(node.value, prefix, cond, kind)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for part in node.elts:
                self.target(part, prefix, cond, kind)
        else:
            self.expression(node, prefix, cond)

    def expression(self, node, prefix, cond):
        """Walrus binds in the scope around it, in comprehensions too."""
        if node is None or isinstance(node, ast.Lambda):
            return
        if isinstance(node, ast.JoinedStr):
            return  # outline.h: not seen inside f-strings
        if isinstance(node, ast.NamedExpr):
            kind = "lambda" if isinstance(node.value, ast.Lambda) else "assign"
            self.bind(kind, node.target.id, node.target.lineno, prefix, cond)
        for child in ast.iter_child_nodes(node):
            self.expression(child, prefix, cond)

    def pattern(self, node, prefix, cond):
        for child in ast.walk(node):
            name = getattr(child, "name", None) or getattr(child, "rest", None)
            if name and isinstance(child, (ast.MatchAs, ast.MatchStar, ast.MatchMapping)):
                self.bind("assign", name, child.end_lineno, prefix, cond)

    def define(self, node, prefix, cond):
        kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "def"
        for part in node.decorator_list + [node.args, node.returns]:
            self.expression(part, prefix, cond)
        more = " deco" if node.decorator_list else ""
        if node.decorator_list and getattr(node.decorator_list[-1], "id", "") in (
                "staticmethod", "classmethod"):
            more += " static"
        if yields(node.body):
            more += " gen"
        self.bind(kind, node.name, node.lineno, prefix, cond, more)
        for statement in node.body:
            self.function_body(statement)

    def statements(self, body, prefix, cond):
        for node in body:
            self.statement(node, prefix, cond)

    def statement(self, node, prefix, cond):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.define(node, prefix, cond)
        elif isinstance(node, ast.ClassDef):
            for part in node.decorator_list + node.bases + node.keywords:
                self.expression(part, prefix, cond)
            self.bind("class", node.name, node.lineno, prefix, cond,
                      " deco" if node.decorator_list else "")
            self.statements(node.body, f"{prefix}{node.name}.", False)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports(node, False)
            for alias in node.names:
                name = alias.asname or (alias.name if isinstance(node, ast.ImportFrom)
                                        else alias.name.partition(".")[0])
                if name != "*":
                    self.bind("import", name, alias.end_lineno if alias.asname else alias.lineno, prefix, cond)
        elif isinstance(node, ast.Assign):
            is_lambda = isinstance(node.value, ast.Lambda)
            for target in node.targets:
                plain = is_lambda and target is node.targets[-1] and isinstance(target, ast.Name)
                self.target(target, prefix, cond, "lambda" if plain else "assign")
            self.expression(node.value, prefix, cond)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.target(node.target, prefix, cond,
                            "lambda" if isinstance(node.value, ast.Lambda) else "assign")
            self.expression(node.annotation, prefix, cond)
            self.expression(node.value, prefix, cond)
        elif isinstance(node, ast.AugAssign):
            self.target(node.target, prefix, cond)
            self.expression(node.value, prefix, cond)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self.target(target, prefix, cond, "del")
        elif isinstance(node, BLOCKS):
            self.block(node, prefix, cond)
        elif type(node).__name__ == "TypeAlias":
            self.target(node.name, prefix, cond)
        elif not isinstance(node, (ast.Global, ast.Nonlocal)):
            self.expression(node, prefix, cond)

    def block(self, node, prefix, cond):
        """The header stands where the statement does, the bodies are conditional."""
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self.target(node.target, prefix, cond)
            self.expression(node.iter, prefix, cond)
        elif isinstance(node, (ast.If, ast.While)):
            self.expression(node.test, prefix, cond)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self.expression(item.context_expr, prefix, cond)
                if item.optional_vars is not None:
                    self.target(item.optional_vars, prefix, cond)
        elif isinstance(node, ast.Match):
            self.expression(node.subject, prefix, cond)
            for case in node.cases:
                self.pattern(case.pattern, prefix, True)
                self.expression(case.guard, prefix, True)
                self.statements(case.body, prefix, True)
            return
        self.statements(node.body, prefix, True)
        for handler in getattr(node, "handlers", []):
            self.expression(handler.type, prefix, cond)
            if handler.name:
                self.bind("assign", handler.name, handler.type.end_lineno, prefix, cond)
            self.statements(handler.body, prefix, True)
        self.statements(getattr(node, "orelse", []), prefix, True)
        self.statements(getattr(node, "finalbody", []), prefix, True)


def yields(body):
    """Of its own: not those of what is defined inside."""
    for node in body:
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, FUNCTIONS + (ast.ClassDef,)) and yields(ast.iter_child_nodes(node)):
            return True
    return False


def outline(source):
    module = Module()
    module.statements(ast.parse(source).body, "", False)
    return module.lines


def main():
    warnings.simplefilter("ignore")
    for source in sys.stdin.buffer.read().split(b"\0")[:-1]:
        try:
            answer = "\n".join(sorted(outline(source), key=lambda line: line.encode()))
        except SyntaxError:
            answer = "!"
        sys.stdout.buffer.write(answer.encode() + b"\0")


main()
