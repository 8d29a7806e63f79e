"""The functions that are the team's, found by name: ``source.py: load`` and ``model.py: model``.

They live in the project's own package, the one folder of ``src/`` that holds ``source.py``. Where ``golden-path.yaml``
names others under ``functions`` as ``module:function``, those are taken.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError

if TYPE_CHECKING:
    import pandas as pd

    from goldenpath.project.params import Params

SOURCES = Path("src")
EXPECTED = {"source": ("load", ("params",)), "model": ("model", ("task", "columns", "params"))}
"""Each module of the team, the function that it holds, and the names of the function's arguments."""


def package(root: Path = Path()) -> str:
    """The name of the project's own package.

    Raises:
        ProjectError: ``src/`` holds no package with a ``source.py``, or several.
    """
    found = sorted(path.parent.name for path in (root / SOURCES).glob("*/source.py"))
    if len(found) != 1:
        many = f"several packages ({', '.join(found)})" if found else "no package"
        raise ProjectError(
            f"{SOURCES}/ holds {many} with a source.py, and one is wanted. Run from the project's folder."
        )
    return found[0]


def load_rows(params: Params) -> pd.DataFrame:
    """Read the raw rows by the team's ``source.py: load``.

    Raises:
        ProjectError: There is no such function, it cannot be imported, or it returned no table.
    """
    import pandas as pd

    rows = function("source")(params)
    if not isinstance(rows, pd.DataFrame):
        raise ProjectError(f"source.py: load returned {type(rows).__name__}, want a pandas DataFrame of the raw rows.")
    return rows


def function(role: str, root: Path | None = None) -> Callable[..., Any]:
    """The team's function for a role.

    Args:
        role: ``source`` or ``model``.
        root: The project's folder; the working directory unless told.

    Raises:
        ProjectError: The function is missing, its module cannot be imported, or it takes other arguments.
    """
    root = (root or Path.cwd()).resolve()
    name, arguments = EXPECTED[role]
    module_name, function_name = _named(root, role) or (f"{package(root)}.{role}", name)
    module = load_module(root, module_name)
    found = getattr(module, function_name, None)
    if not callable(found):
        near = difflib.get_close_matches(function_name, [key for key in vars(module) if not key.startswith("_")], n=1)
        hint = f" It has {near[0]!r}: is that it? Rename it." if near else ""
        raise ProjectError(f"{_place(module, root)}: has no function {function_name}({', '.join(arguments)}).{hint}")
    _check(found, arguments, f"{_place(module, root)}: {function_name}")
    return found  # type: ignore[no-any-return]


def _named(root: Path, role: str) -> tuple[str, str] | None:
    """What the manifest names for a role."""
    if not (root / manifest.PATH).is_file():
        return None
    named = manifest.load(root).functions.get(role)
    if named is None:
        return None
    module, _, name = named.partition(":")
    return module, name


def load_module(root: Path, name: str) -> ModuleType:
    """Import a module of this project, and not one of the same name that another folder held before.

    Args:
        root: The project's folder, resolved.
        name: The module, as ``flight_delays.source``.

    Raises:
        ProjectError: It cannot be imported; the message says where.
    """
    sources = str(root / SOURCES)
    if sys.path[:1] != [sources]:
        if sources in sys.path:
            sys.path.remove(sources)
        sys.path.insert(0, sources)
    top = name.partition(".")[0]
    former = sys.modules.get(top)
    if former is not None and not str(getattr(former, "__file__", "") or "").startswith(sources):
        for key in [key for key in sys.modules if key == top or key.startswith(f"{top}.")]:
            del sys.modules[key]
        importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ProjectError:
        raise
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(sources)]
        where = f"{Path(frames[-1].filename).relative_to(root)}:{frames[-1].lineno}" if frames else name
        if isinstance(error, SyntaxError) and error.filename:
            where = f"{error.filename}:{error.lineno}"
        raise ProjectError(f"{where}: cannot be imported: {type(error).__name__}: {error}") from error


def _check(found: Callable[..., Any], arguments: tuple[str, ...], where: str) -> None:
    try:
        inspect.signature(found).bind(*arguments)
    except TypeError as error:
        raise ProjectError(f"{where} is called with ({', '.join(arguments)}), but {error}.") from error


def _place(module: ModuleType, root: Path) -> str:
    path = Path(str(module.__file__)).resolve()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
