"""Calls that turn a file into Python objects and may run code from it on the way, under whatever name they go."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.python_source import dotted

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

UNSAFE = frozenset(
    f"{module}.{name}"
    for module, names in {
        "pickle": ("load", "loads", "Unpickler"),
        "_pickle": ("load", "loads", "Unpickler"),
        "cPickle": ("load", "loads", "Unpickler"),
        "dill": ("load", "loads", "load_session", "load_module", "Unpickler"),
        "cloudpickle": ("load", "loads"),
        "joblib": ("load",),
        "sklearn.externals.joblib": ("load",),
        "pandas": ("read_pickle",),
        "shelve": ("open",),
        "marshal": ("load", "loads"),
        "mlflow.sklearn": ("load_model",),
        "mlflow.pyfunc": ("load_model",),
    }.items()
    for name in names
)
"""What runs code from the file, however it is called."""

MODULES = frozenset({"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
_WORTH_PARSING = ("pickle", "dill", "joblib", "torch", "keras", "skops", "shelve", "marshal", "mlflow")
_HASHES = ("hashlib.", "hmac.")


@dataclass(frozen=True)
class Load:
    """One place that loads: what is called, where, and why it is not safe."""

    name: str
    path: str
    line: int
    reason: str


def unsafe(product: Product) -> list[Load]:
    """Every load outside the tests that may run code from a file whose digest was not compared first.

    Raises:
        BrokenFileError: A file that mentions a loader does not parse.
    """
    found: list[Load] = []
    for path in product.python.files:
        is_test = {"tests", "test"} & set(path.split("/")) or path in product.python.tests
        if not is_test and _is_worth_parsing(product.text(path) or ""):
            found += _in_tree(product.python.tree(path), path)
    for notebook in product.notebooks:
        text = "\n".join(notebook.code)
        if _is_worth_parsing(text):
            # Lines that only IPython understands; what stands in them is no Python.
            plain = re.sub(r"^\s*[%!?].*$", "", text, flags=re.MULTILINE)
            try:
                found += _in_tree(ast.parse(plain), notebook.path)
            except SyntaxError as error:
                raise BrokenFileError(notebook.path, f"its code is not Python: {error.msg}") from error
    return found


def _is_worth_parsing(text: str) -> bool:
    return any(word in text for word in _WORTH_PARSING)


def _in_tree(tree: ast.Module, path: str) -> Iterator[Load]:
    names = _imported(tree)
    checkers = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _compares_digest(node, names) is not None
    }
    yield from _in_scope(tree, path, names, checkers)


def _in_scope(scope: ast.AST, path: str, names: dict[str, str], checkers: set[str]) -> Iterator[Load]:
    """Loads in a module or function, each against the digest check that stands before it in the same one."""
    checked = _compares_digest(scope, names)
    called = [
        node.lineno
        for node in _own(scope)
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in checkers
    ]
    safe_from = min([*called, *([checked] if checked is not None else [])], default=None)
    functions: set[int] = set()
    for node in _own(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _in_scope(node, path, names, checkers)
            continue
        load = None
        if isinstance(node, ast.Call):
            load = _call(node, path, names, scope)
            if load is not None:
                functions.add(id(node.func))
        elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in functions:
            load = _reference(node, path, names)
        if load is not None and (safe_from is None or load.line <= safe_from):
            yield load


def _call(node: ast.Call, path: str, names: dict[str, str], scope: ast.AST) -> Load | None:
    name = _resolved(node.func, names)
    given = {item.arg: item.value for item in node.keywords}
    reason = ""
    if name in UNSAFE:
        reason = "runs code from the file"
    elif name in ("importlib.import_module", "__import__") and _text(node) in MODULES:
        name, reason = f"{name}({_text(node)!r})", "hides what it loads with"
    elif name == "getattr" and len(node.args) > 1 and isinstance(node.args[0], ast.Name):
        hidden = f"{names.get(node.args[0].id, node.args[0].id)}.{getattr(node.args[1], 'value', '')}"
        name, reason = hidden, "runs code from the file" if hidden in UNSAFE else ""
    elif name == "torch.load" and not _is(given.get("weights_only"), True):
        reason = "runs code from the file without weights_only=True"
    elif name == "numpy.load" and "allow_pickle" in given and not _is(given["allow_pickle"], False):
        reason = "runs code from the file with allow_pickle"
    elif name.endswith("models.load_model") and "keras" in name and _is(given.get("safe_mode"), False):
        reason = "runs code from the file with safe_mode=False"
    elif name in ("skops.io.load", "skops.io.loads") and _trusts_anything(given.get("trusted"), names, scope):
        reason = "trusts whatever types the file names"
    return Load(name, path, node.lineno, reason) if reason else None


def _reference(node: ast.Name | ast.Attribute, path: str, names: dict[str, str]) -> Load | None:
    """A loader that is handed on, to be called elsewhere."""
    name = _resolved(node, names)
    return Load(name, path, node.lineno, "runs code from the file") if name in UNSAFE else None


def _trusts_anything(trusted: ast.expr | None, names: dict[str, str], scope: ast.AST) -> bool:
    """Whether skops is told to trust what the file itself names: everything, or the list that it was asked for."""
    if trusted is None:
        return False
    if _is(trusted, True) or _asks_for_types(trusted, names):
        return True
    wanted = {node.id for node in ast.walk(trusted) if isinstance(node, ast.Name)}
    return any(
        isinstance(node, ast.Assign)
        and _asks_for_types(node.value, names, outermost=True)
        and any(isinstance(target, ast.Name) and target.id in wanted for target in node.targets)
        for node in _own(scope)
    )


def _asks_for_types(value: ast.expr, names: dict[str, str], *, outermost: bool = False) -> bool:
    nodes = [value] if outermost else list(ast.walk(value))
    return any(
        isinstance(node, ast.Call) and _resolved(node.func, names).endswith("get_untrusted_types") for node in nodes
    )


def _compares_digest(scope: ast.AST, names: dict[str, str]) -> int | None:
    """The line of the first comparison with a digest that stops a function; None where there is none.

    An ``assert`` does not count: it is gone under ``python -O``.
    """
    digests = {
        target.id
        for node in _own(scope)
        if isinstance(node, ast.Assign) and _hashes(node.value, names)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in sorted((node for node in _own(scope) if isinstance(node, ast.If)), key=lambda node: node.lineno):
        parts = list(ast.walk(node.test))
        compares = any(isinstance(part, ast.Compare) for part in parts) or _hashes(node.test, names)
        about = _hashes(node.test, names) or any(isinstance(part, ast.Name) and part.id in digests for part in parts)
        stops = any(isinstance(item, ast.Raise | ast.Return) for item in node.body)
        if compares and about and stops:
            return node.lineno
    return None


def _hashes(value: ast.expr, names: dict[str, str]) -> bool:
    return any(
        isinstance(node, ast.Call) and _resolved(node.func, names).startswith(_HASHES) for node in ast.walk(value)
    )


@lru_cache(maxsize=512)
def _own(scope: ast.AST) -> tuple[ast.AST, ...]:
    """The nodes of a module or function, outermost first; functions inside it are met and not entered."""
    found = list(ast.iter_child_nodes(scope))
    for node in found:  # which grows on the way
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += ast.iter_child_nodes(node)
    return tuple(found)


def _imported(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: ``load`` for ``pickle.load`` after ``from pickle import load``."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    star = [name for name in UNSAFE if name.rpartition(".")[0] == node.module]
                    found |= {name.rpartition(".")[2]: name for name in star}
                else:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _resolved(node: ast.expr, names: dict[str, str]) -> str:
    """The full name of what an expression means."""
    name = dotted(node)
    first, dot, rest = name.partition(".")
    return f"{names.get(first, first)}{dot}{rest}"


def _text(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
