"""What everything is traced to: code in git, a locked environment, builds with a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldenpath.review.product import deployments, dvc, requirements
from goldenpath.review.product.product import Product
from goldenpath.review.product.requirements import PYPROJECT
from goldenpath.review.product.tree import OF_ALL
from goldenpath.review.standards.criterion import Criterion, Effort, Part
from goldenpath.review.standards.traceability import recipes
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

CODE = ("*.py", "*.ipynb", "*.sql", "*.sh", "*.R", "*.r", "*.jl", "*.scala")
RELATIVE = re.compile(r"^[ \t]*from[ \t]+(\.+)([\w.]*)[ \t]+import[ \t]*\(?([\w, ]*)", re.MULTILINE)
"""An import from the own package: its dots, the module, and the names."""
VERSIONED = (PYPROJECT, "setup.cfg", "setup.py")
VERSION = r"^\s*version\s*=\s*[\"']?([^\"'\s,]+)"
RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
CLIENTS = {"s3": "dvc-s3", "gs": "dvc-gs", "azure": "dvc-azure", "ssh": "dvc-ssh", "gdrive": "dvc-gdrive"}
"""What DVC needs to speak to a remote, by the scheme of its address."""
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml", "cv2": "opencv", "PIL": "pillow"}
"""What is installed under another name than it is imported by."""
IMPORTS = re.compile(
    r"^(?:import|from)[ \t]+(numpy|pandas|polars|scipy|sklearn|torch|tensorflow|keras|xgboost|lightgbm|catboost|pyarrow"
    r"|onnxruntime|transformers|fastapi|flask|requests|httpx|yaml|cv2|PIL|matplotlib|mlflow)\b",
    re.MULTILINE,
)
"""Imports of libraries that are known well enough to tell what has to be locked for them."""
INSTALLERS = ("Makefile", "Dockerfile", "compose.yaml", "README.md")


class TR01(Criterion):
    """What is not in git cannot be reviewed, repeated or found again.

    The script that prepared the data lives longer than the laptop it was written on. A model whose code is missing or
    was never committed is a black box on the day its author leaves.
    """

    id = "TR-01"
    title = "All code in git"
    level = 0
    part = Part.TRACEABILITY
    verify = (
        "there is a repository with a commit; every file of code is tracked; whatever the pipeline runs and whatever "
        "a module imports from its own package is tracked too, also where .gitignore hides it"
    )
    fix = "git add the files named, take them out of .gitignore, git commit"
    effort = Effort.MINUTES
    sources = ("Microsoft MLOps maturity model, level 1", "ML Test Score Infra 1", "DORA: version control")
    gaming = "Code that an ignored folder hides: what stages run and modules import is looked up on disk, then in git."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        if product.git is None:
            return failed("this is not a git repository", Evidence("no repository", command="git status"))
        if product.commit is None:
            return failed("nothing has been committed yet", Evidence("no commit", command="git log"))
        code = product.matching(*CODE)
        if not code:
            return failed("there is no code", Evidence("no script, no notebook", command="git ls-files"))
        tracked = product.paths
        if not product.from_commit:
            tracked = frozenset(
                path.removeprefix(product.prefix)
                for path in product.git.tracked
                if path.startswith((product.prefix, *OF_ALL))
            )
        loose = [Evidence("is not tracked", path) for path in code if path not in tracked]
        loose += [fact for fact in _hidden(product) if fact.path not in tracked]
        if loose:
            return failed(f"{len(loose)} files of code are not in git", *loose[:20])
        return passed(f"all {len(code)} files of code are tracked", Evidence("tracked", command="git ls-files"))


def _hidden(product: Product) -> Iterator[Evidence]:
    """Files of code that are used here and that git ignores."""
    for stage in product.pipeline:
        for path in recipes.code_of(product, stage.command):
            if path not in product.paths:
                yield Evidence(f"stage {stage.name} runs it, git ignores it", path)
    seen: set[str] = set()
    for path in product.python.modules:
        text = product.text(path) or ""
        for found in RELATIVE.finditer(text):
            folder = path.rsplit("/", len(found[1]))[0]
            names = [found[2]] if found[2] else re.findall(r"\w+", found[3])
            for target in (f"{folder}/{name.replace('.', '/')}.py" for name in names):
                if target not in product.paths and target not in seen and product.tree.size(target) is not None:
                    seen.add(target)
                    line = text.count("\n", 0, found.start(1)) + 1
                    yield Evidence(f"{path}:{line} imports it, git ignores it", target)


class TR02(Criterion):
    """An environment is the same on two machines only where both install the same bytes.

    A range such as pandas>=2 is another library each month, and so another model. An exact version with a hash for
    everything, transitive dependencies and Python itself included, is what makes last year's result come out again.
    """

    id = "TR-02"
    title = "Locked environment"
    level = 1
    part = Part.TRACEABILITY
    verify = (
        "everything that pyproject.toml (or setup.cfg, setup.py, *.in, environment.yml) asks for, extras and groups "
        "included, and every well-known library that the packages import, stands in a lock (requirements/*.txt, "
        "uv.lock, poetry.lock, pylock.toml, conda-lock.yml) with a version that it takes and with hashes, nothing in "
        "a lock is loose, and one minor version of Python is pinned (by requires-python, .python-version or the "
        "image's base); an extra that nothing installs may be unlocked; the library's wheel in vendor/ is the one "
        "that every lock names"
    )
    fix = "`make lock`"
    effort = Effort.MINUTES
    sources = ("ML Test Score Infra 1", "OpenSSF Scorecard Pinned-Dependencies", "SLSA v1.0 Build L1")
    gaming = (
        "A lock beside a pyproject.toml that asks for something else, or with hashes of the wrong length; a wheel in "
        "vendor/ that was swapped for another."
    )
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        locks = requirements.locked(product)
        if not locks.paths:
            return failed("nothing locks the environment", Evidence("no lock file", "requirements/"))
        loose = [Evidence(words, path, line) for path, line, words in locks.loose]
        if loose:
            return failed(f"{len(loose)} entries of the locks are loose", *loose[:20])
        if not locks.pins:
            return failed("the locks pin nothing", Evidence("is empty", locks.paths[0]))
        if faults := list(_unlocked(product, locks)):
            return failed("the locks are not those of what the project asks for", *faults[:20])
        pin = requirements.python_pin(product)
        if pin is None:
            return failed("no version of Python is pinned", Evidence("requires-python spans several", PYPROJECT))
        facts = [Evidence(f"pins {len(locks.pins)} distributions with hashes", locks.paths[0])]
        return passed(f"locked with hashes, on Python {pin[0]}", *facts, Evidence(f"Python {pin[0]}", *pin[1:]))


def _unlocked(product: Product, locks: requirements.Locks) -> Iterator[Evidence]:
    wanted = requirements.declared(product)
    if not wanted:
        yield Evidence("asks for nothing, and so no lock can be held against it", PYPROJECT)
    optional = (product.pyproject.get("project") or {}).get("optional-dependencies")
    idle = {
        name
        for name in (optional if isinstance(optional, dict) else ())
        if not any(item.name in locks.pins for item in wanted if item.group == name) and not _installed(product, name)
    }
    for item in wanted:
        versions = locks.pins.get(item.name)
        faults = [
            f"asks for {item.name}{item.specifier}, locked is {version}"
            for version in sorted(versions or ())
            if not requirements.satisfies(version, item.specifier)
        ]
        if versions is None and item.group not in idle and not item.marker:
            faults = [f"{item.name} of {item.group} is in no lock"]
        if faults:
            line = product.line_of(item.path, rf"(?i)[\"']?{re.escape(item.name).replace('-', '[-_.]')}\b")
            yield from (Evidence(fault, item.path, line) for fault in faults)
    yield from _unlocked_imports(product, locks)
    store = dvc.remote(product)
    client = CLIENTS.get(store.url.partition("://")[0]) if store else None
    if client and client not in locks.pins:
        yield Evidence(f"needs {client}, which is in no lock", dvc.CONFIG, store.line if store else None)


def _unlocked_imports(product: Product, locks: requirements.Locks) -> Iterator[Evidence]:
    """Well-known libraries that the packages import and no lock holds, under whatever build of theirs."""
    for path in product.python.modules:
        for found in IMPORTS.finditer(product.text(path) or ""):
            name = DISTRIBUTIONS.get(found[1], found[1])
            if not any(pin == name or pin.startswith(f"{name}-") for pin in locks.pins):
                yield Evidence(f"imports {found[1]}, and no lock holds {name}", path)


def _installed(product: Product, extra: str) -> bool:
    """Whether anything installs an extra by its name."""
    pattern = re.compile(rf"\[[\w, -]*\b{re.escape(extra)}\b[\w, -]*\]|--extra[ =]{re.escape(extra)}\b")
    texts = [product.text(path) or "" for path in INSTALLERS]
    texts += [step.run for workflow in product.workflows for _, step in workflow.runs()]
    return any(pattern.search(text) for text in texts)


class TR03(Criterion):
    """What runs must have a name by which everybody finds the same bytes again.

    "The build of last Tuesday" cannot be rolled back to. A version that stands in a tag, in the package and on the
    image says which commit an answer came from, and in which order the builds came.
    """

    id = "TR-03"
    title = "Versioned builds"
    level = 1
    part = Part.TRACEABILITY
    verify = (
        "there is a tag vX.Y.Z (or X.Y.Z) on the line of the commit judged; the package's version (in pyproject.toml, "
        "setup.cfg or setup.py) was that of the "
        "newest tag where it stands, and has not gone back since; no overlay, compose file or workflow uses an image "
        "by `latest` or by no tag"
    )
    fix = "git tag -a v0.1.0 -m v0.1.0 && git push --tags, with the version of pyproject.toml"
    effort = Effort.MINUTES
    sources = ("Semantic Versioning 2.0.0", "Microsoft MLOps maturity model, level 1", "PEP 440")
    gaming = "A tag that says another version than the package at that commit."

    @staticmethod
    def check(product: Product) -> Verdict:
        if product.git is None or product.commit is None:
            return failed("without commits there is nothing to name", Evidence("no commit", command="git log"))
        tags = sorted((tag for tag in product.git.tags_before(product.commit) if RELEASE.fullmatch(tag)), key=_number)
        if not tags:
            if product.git.is_shallow:
                return unknown("the clone is shallow: its tags may be missing; git fetch --unshallow --tags")
            return failed("no release has been tagged", Evidence("no tag vX.Y.Z", command="git tag --list 'v*'"))
        newest = tags[-1]
        if _is_dynamic(product):
            version = newest.removeprefix("v")
        else:
            path = next((path for path in VERSIONED if _version(product.text(path) or "")), PYPROJECT)
            version = _version(product.text(path) or "")
            line = product.line_of(path, VERSION)
            if not RELEASE.match(f"v{version}"):
                fact = Evidence(f"version {version or 'missing'}", path, line)
                return failed("the package has no version", fact)
            content = product.git.objects.read(f"refs/tags/{newest}^{{commit}}:{product.prefix}{path}") or b""
            then = _version(content.decode("utf-8", "replace"))
            if then != newest.removeprefix("v"):
                fact = Evidence(f"says {then or 'nothing'} where {newest} stands", path)
                return failed(f"the tag {newest} names another version than the package", fact)
            if _number(f"v{version}") < _number(newest):
                return failed("the version went back", Evidence(f"version {version} after {newest}", path, line))
        if floating := list(_floating(product)):
            return failed("an image is used without a version", *floating)
        return passed(f"released as {newest}", Evidence(f"{newest}, package {version}", PYPROJECT, command="git tag"))


def _number(tag: str) -> tuple[int, ...]:
    found = RELEASE.match(tag)
    return tuple(map(int, found.groups())) if found else ()


def _is_dynamic(product: Product) -> bool:
    """Whether the version is taken from the tag when the package is built."""
    tools = product.pyproject.get("tool")
    return (
        "version" in ((product.pyproject.get("project") or {}).get("dynamic") or [])
        or (isinstance(tools, dict) and "poetry-dynamic-versioning" in tools)
        or "use_scm_version" in (product.text("setup.py") or "")
    )


def _version(text: str) -> str:
    found = re.search(VERSION, text, re.MULTILINE)
    return found[1] if found else ""


def _floating(product: Product) -> Iterator[Evidence]:
    for deployed in deployments.read(product):
        for image in deployed.images:
            if not image.digest and image.tag in ("", "latest"):
                yield Evidence(f"{deployed.environment} runs {image.name}:{image.tag or 'latest'}", image.path)
    for path in product.matching("compose*.y*ml", "docker-compose*.y*ml"):
        for name, service in (product.mapping(path).get("services") or {}).items():
            used = str(service.get("image") or "") if isinstance(service, dict) else ""
            is_built = isinstance(service, dict) and "build" in service
            if used and not is_built and _is_floating(used):
                yield Evidence(f"service {name} runs {used}", path, product.line_with(path, used))
    for workflow in product.workflows:
        for job in workflow.jobs:
            for used in filter(_is_floating, job.images):
                yield Evidence(f"job {job.name} runs in {used}", workflow.path, product.line_with(workflow.path, used))


def _is_floating(image: str) -> bool:
    """Whether a reference to an image names no version; one that is filled in later is not judged."""
    return "$" not in image and (image.endswith(":latest") or ":" not in image.rpartition("/")[2])
