"""What each Python file of a product is for: features, training, serving, validation, tests of which module.

Names give a first guess; imports and what the functions do decide.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from goldenpath.review.product import dvc, import_graph, library
from goldenpath.review.product.dvc import Stage

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

_FEATURES = re.compile(r"(?:^|/)(?:features?|feature_\w+|\w+_features|preprocess\w*|transform\w*)(?:\.py$|/)")
_SERVES = re.compile(r"/(?:serving|serve|service|api|app|inference)(?:\.py$|/)|/batch\w*\.py$")
_TRAINS = re.compile(r"(?<![a-z])(?:(?:re|pre)?train(?:er|ing)?|fit(?:ting)?)(?![a-z])", re.IGNORECASE)
_GUARDS = re.compile(r"valid|expectation|check_data|data_check")
_REFUSES = re.compile(r"\b(?:raises|SystemExit|CalledProcessError)\b|\breturncode\s*(?:!=|==\s*[1-9]|>)|\bexit_code\b")
_OWN_TRANSFORMS = re.compile(
    r"\b(?:get_dummies|OneHotEncoder|OrdinalEncoder|LabelEncoder|StandardScaler|MinMaxScaler|SimpleImputer|"
    r"ColumnTransformer)\(|\.(?:fillna|fit_transform|interpolate)\("
)
_EXITS = ("sys.exit", "exit", "SystemExit")


def training(product: Product) -> Stage | None:
    """The stage that trains: by its name, else the first that writes a model; None without one."""
    named = next((stage for stage in product.pipeline if _TRAINS.search(stage.name)), None)
    return named or next((stage for stage in product.pipeline if any(map(dvc.is_model, stage.outs))), None)


def guarding(product: Product) -> Stage | None:
    """The stage that validates data, by its name; None without one."""
    return next((stage for stage in product.pipeline if _GUARDS.search(stage.name)), None)


def is_librarys(product: Product, stage: Stage) -> bool:
    """Whether a stage runs code of the library that the product pins."""
    return bool(library.read(product).stage(stage.command))


def teams(product: Product) -> list[str]:
    """The product's own modules that stages of the library run, and so depend on, and that do something."""
    homes = tuple(f"{home}/" for home in product.python.packages)
    deps = {dep for stage in product.pipeline if is_librarys(product, stage) for dep in stage.deps}
    return sorted(path for path in deps & product.paths if path.startswith(homes) and works(product, path))


def features(product: Product) -> list[str]:
    """The modules that make features: those that training imports, or the team's own where the library trains."""
    stage = training(product)
    if stage and is_librarys(product, stage):
        return teams(product)
    module = import_graph.run_by(product, stage.command) if stage else None
    reached = import_graph.closure(product, module) if module else frozenset()
    return sorted(path for path in reached if is_features(path) and works(product, path))


def is_features(path: str) -> bool:
    """Whether a file is named as one that makes features."""
    return _FEATURES.search(path) is not None


def serving(product: Product) -> list[str]:
    """The modules of the packages that serve, by the names of files and folders."""
    return [path for path in product.python.modules if _SERVES.search(path) and (product.text(path) or "").strip()]


def works(product: Product, path: str) -> bool:
    """Whether any function of a file calculates or calls something."""
    if "def " not in (product.text(path) or ""):
        return False
    functions = (node for node in ast.walk(product.python.tree(path)) if isinstance(node, ast.FunctionDef))
    doing = (ast.Call, ast.BinOp, ast.Compare, ast.Subscript, ast.comprehension)
    return any(isinstance(node, doing) for function in functions for part in function.body for node in ast.walk(part))


def can_refuse(product: Product, path: str) -> bool:
    """Whether a file raises or ends the process anywhere."""
    for node in ast.walk(product.python.tree(path)):
        if isinstance(node, ast.Raise | ast.Assert):
            return True
    return any(name in _EXITS for name, _ in product.python.calls(path))


def own_transform(product: Product, path: str) -> tuple[str, int] | None:
    """A call in a file that transforms columns, and its line; None where there is none."""
    text = product.text(path) or ""
    found = _OWN_TRANSFORMS.search(text)
    return (found[0], text.count("\n", 0, found.start()) + 1) if found else None


def used(product: Product, among: Iterable[str], target: str) -> set[str]:
    """The functions and classes of ``target`` that any of the files imports by name and mentions again."""
    found: set[str] = set()
    for path in among:
        taken = import_graph.imported(product, path).get(target, frozenset())
        tree = product.python.tree(path) if taken else ast.Module([], [])
        loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        found |= taken & loaded
        if import_graph.MODULE in taken:
            aliases = {target.rpartition("/")[2].removesuffix(".py")}
            found |= {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases
            }
    defined = {
        node.name for node in product.python.tree(target).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    return found & defined


def tests_of_refusal(product: Product, module: str) -> list[str]:
    """The files of tests that import a module and expect something to be refused."""
    return [
        path
        for path in product.python.tests
        if _REFUSES.search(text := product.text(path) or "")
        and PurePosixPath(module).stem in text
        and module in imported_by_test(product, path)
    ]


def imported_by_test(product: Product, path: str) -> frozenset[str]:
    """The files of the packages that a file of tests imports itself; parsed only where it names a package."""
    text = product.text(path) or ""
    if not any(home.rpartition("/")[2] in text for home in product.python.packages):
        return frozenset()
    return frozenset(import_graph.imported(product, path))
