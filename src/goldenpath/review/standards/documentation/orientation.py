"""How somebody new finds their way: the first commands, what has changed, and what is where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldenpath.review.evidence import receipts
from goldenpath.review.product import changelog, library, makefile, markdown, quickstart
from goldenpath.review.product.product import Product
from goldenpath.review.product.workflows import SWALLOWED
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

INSTALLS = re.compile(
    r"\bmake\b.*\b(?:setup|install|env|requirements|create_environment)\b|\bpip3? install\b"
    r"|\b(?:uv|pdm|pixi|poetry) (?:sync|install)\b"
    r"|\b(?:conda|mamba) (?:env )?create\b"
)
TESTS = re.compile(r"\bmake\b.*\b(?:test|tests|check)\b|\bpytest\b|\b(?:tox|nox)\b|\bunittest\b")
MOVES = re.compile(r"^(?:cd|git clone|source|\. )\b|^(?:export \w+=|\w+=\S*$)")
OTHER_READMES = ("README.rst", "README.org", "README.adoc", "README.txt")
LOOKS = re.compile(
    r"^(?:ls|cat|pwd|date|sleep|head|tail|less|more|which|tree|man|whoami|git (?:status|log|diff))\b.*"
    r"|.*--(?:version|help)$"
)
"""What looks at something, and uses no product."""
QUICKSTART_ABOUT = ("Makefile", "pyproject.toml", "requirements", "dvc.yaml")
QUICKSTART_DAYS = 30
LEAST_NOTES = 3
ARCHITECTURE = ("docs/architecture.md", "docs/architecture/*.md", "docs/ARCHITECTURE.md", "ARCHITECTURE.md")
LEAST_DESCRIPTION = 3
FILE_NAME = re.compile(r"\.(?:py|ya?ml|json|toml|md|txt|ipynb|sh|sql|csv|parquet|onnx)$")
COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Rollout"})


class DOC02(Criterion):
    """The first hour of everybody who joins is spent on the README, and a README rots without anyone noticing.

    Commands that are run by a machine on a fresh clone cannot rot. Whoever takes the product over on a bad day then
    has a way in that worked this month.
    """

    id = "DOC-02"
    title = "Quickstart works"
    level = 1
    part = Part.DOCUMENTATION
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "README.md has a quickstart (a heading such as Quickstart or From a fresh clone) whose shell blocks install, "
        "test and use the product; the make targets that they name exist and do something; a receipt, at most "
        f"{QUICKSTART_DAYS} days old, that they ran on a fresh clone, with facts `commands` (every command in order, "
        "as in the README) and `tests` (how many); no change since to README, Makefile, requirements or pipeline"
    )
    fix = "goldenpath record DOC-02 -- goldenpath quickstart"
    sources = (
        "Microsoft MLOps maturity model, level 1",
        "OpenSSF Best Practices, documentation_basics",
        "Diátaxis, tutorials",
    )
    gaming = (
        "A quickstart of `true`, or of make targets that do nothing: it must install, test and use, recipes are "
        "looked into, and the receipt must tell of tests that passed. A README edited after the run: the "
        "receipt no longer fits."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        path = quickstart.place(product)
        if not path and (other := next((name for name in OTHER_READMES if name in product.paths), "")):
            return unknown("a README is read as Markdown only", Evidence("is of another form", other))
        if not path:
            return failed("there is no README.md", Evidence("is missing", "README.md"))
        commands = quickstart.read(product)
        if not commands:
            return failed("the README has no quickstart", Evidence("no shell block under a heading Quickstart", path))
        faults = [*_quickstart_faults(product, path, commands)]
        if faults:
            return failed(f"the quickstart cannot work: {faults[0].text}", *faults)
        found = receipts.find(product, "DOC-02", about=(path, *QUICKSTART_ABOUT), days=QUICKSTART_DAYS)
        if found.receipt is None:
            words = "; ".join(found.rejected) or "no receipt tells that it was run"
            return failed("nobody knows whether the quickstart works", Evidence(words, path, commands[0][0], DOC02.fix))
        ran, tests = found.receipt.facts.get("commands"), found.receipt.facts.get("tests")
        wanted = [command for _, command in commands]
        if ran != wanted:
            missing = [command for command in wanted if command not in (ran if isinstance(ran, list) else [])]
            words = f"the receipt does not tell that `{(missing or wanted)[0]}` was run in its place"
            return failed("what ran is not the README's quickstart", Evidence(words, path, command=DOC02.fix))
        if not isinstance(tests, int) or tests < 1 or not product.python.tests:
            return failed("the quickstart tested nothing", Evidence(f"tests: {tests}", path, command=DOC02.fix))
        words = f"{len(wanted)} commands ran on {found.receipt.when[:10]}, tests: {tests}"
        return passed(
            "the quickstart ran on a fresh clone", Evidence(words, path, commands[0][0], found.receipt.command)
        )


class DOC04(Criterion):
    """People who depend on a product want to know what changed before it changes for them.

    Commits tell what was typed; release notes tell what it means. After an incident they are the first thing that
    anybody reads, so every release has them, and they are written while the change is still understood.
    """

    id = "DOC-04"
    title = "Release notes"
    level = 1
    part = Part.DOCUMENTATION
    verify = (
        "CHANGELOG.md has a section of its own with at least a few words for every released version (every tag v*), "
        "and no two of them the same; before the first release, one for what is coming (Unreleased)"
    )
    fix = "edit CHANGELOG.md"
    effort = Effort.MINUTES
    sources = ("Keep a Changelog 1.1.0", "OpenSSF Best Practices, release_notes", "EU AI Act Annex IV, 6")
    gaming = "Empty sections, or the same words under each version: sections are counted by what they say."

    @staticmethod
    def check(product: Product) -> Verdict:
        notes = changelog.read(product)
        if not notes.path:
            return failed("there is no changelog", Evidence("is missing", "CHANGELOG.md"))
        versions = changelog.released(product)
        if not versions and (product.git is None or product.git.is_shallow):
            why = "there is no repository" if product.git is None else "the clone is shallow"
            fact = Evidence(f"{why}, so releases cannot be seen", notes.path, command="git fetch --unshallow --tags")
            return unknown("whether every release has notes cannot be told here", fact)
        faults: list[Evidence] = []
        seen: dict[tuple[str, ...], str] = {}
        for version in versions or (changelog.UNRELEASED,):
            entry = notes.releases.get(version)
            if entry is None:
                faults.append(Evidence(f"no section for {version}", notes.path))
            elif len(entry.words) < LEAST_NOTES or markdown.PLACEHOLDER.search(" ".join(entry.words)):
                faults.append(Evidence(f"the section of {version} says nothing", notes.path, entry.line))
            elif entry.words in seen:
                faults.append(Evidence(f"{version} says what {seen[entry.words]} says", notes.path, entry.line))
            else:
                seen[entry.words] = version
        if not versions and changelog.UNRELEASED not in notes.releases and product.pyproject.get("project"):
            # The release may be prepared and not yet tagged.
            coming = str(product.pyproject["project"].get("version"))
            entry = notes.releases.get(coming)
            faults = faults if entry is None or len(entry.words) < LEAST_NOTES else []
        if faults:
            return failed(f"the changelog is not complete: {faults[0].text}", *faults)
        told = ", ".join(versions[:5]) + (", …" if len(versions) > 5 else "") if versions else "what is coming"
        return passed(f"the changelog tells of {told}", Evidence(f"tells of {told}", notes.path))


class DOC05(Criterion):
    """Whoever takes over needs a map, and an old map leads astray worse than none.

    Age says nothing about a map. What can be compared is what it shows and what there is: every part of the code and
    every service stands on it, with what it does, and everything that it names can be found.
    """

    id = "DOC-05"
    title = "Architecture current"
    level = 1
    part = Part.DOCUMENTATION
    verify = (
        "docs/architecture.md names, between backticks, every folder of the package (or every module where there are "
        "none), the library that vendor/ holds, dvc.yaml where there is a pipeline, every service of compose.yaml, "
        f"every workload under deploy/base, each with at least {LEAST_DESCRIPTION} words beside it; every path that it "
        "names exists or is an output of the pipeline"
    )
    fix = "edit docs/architecture.md"
    sources = ("C4 model, component diagrams", "EU AI Act Annex IV, 2(c)", "arc42, building block view")
    gaming = "A bare list of names, or a map of another project: names need words, and paths must exist here."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        paths = product.matching(*ARCHITECTURE)
        if not paths:
            return failed("there is no map of the architecture", Evidence("is missing", ARCHITECTURE[0]))
        components = dict(_components(product))
        if not components:
            return failed(
                "there is nothing that an architecture could describe", Evidence("no package, no pipeline", ".")
            )
        named: dict[str, tuple[int, bool]] = {}
        faults = []
        for path in paths:
            for number, line in enumerate((product.text(path) or "").splitlines(), start=1):
                described = len(_other_words(line)) >= LEAST_DESCRIPTION
                for span in markdown.code_spans(line):
                    name = _component_of(span.strip("/"), components)
                    if name and not named.get(name, (0, False))[1]:
                        named[name] = (number, described)
                    if _is_path(product, span) and not _exists(product, span.strip("/")):
                        faults.append(Evidence(f"names `{span}`, which does not exist", path, number))
        missing = [name for name in components if name not in named]
        bare = [name for name, (_, described) in named.items() if not described]
        gaps = [Evidence(f"does not show `{name}` ({components[name]})", paths[0]) for name in missing]
        gaps += [Evidence(f"names `{name}` without a word on it", paths[0], named[name][0]) for name in bare]
        if gaps or faults:
            return failed(f"the map is not of this product: {(gaps + faults)[0].text}", *gaps, *faults)
        return passed("the map shows every component", Evidence(", ".join(components), paths[0]))


def _quickstart_faults(product: Product, path: str, commands: list[tuple[int, str]]) -> Iterator[Evidence]:
    rules = makefile.read(product)
    does = {"install": False, "test": False, "use": False}
    for number, command in commands:
        if SWALLOWED.search(command):
            yield Evidence(f"`{command}` cannot fail", path, number)
        for target in _targets(command):
            if target not in rules.needs:
                yield Evidence(f"`{command}`: there is no target {target} in the Makefile", path, number)
            elif rules.does_nothing(target):
                yield Evidence(f"`{command}`: the target {target} does nothing", path, number)
        installs, tests = bool(INSTALLS.search(command)), bool(TESTS.search(command))
        does["install"] |= installs
        does["test"] |= tests
        does["use"] |= not (
            installs or tests or MOVES.match(command) or LOOKS.match(command) or makefile.NOTHING.match(command)
        )
    for what, done in does.items():
        if not done:
            yield Evidence(
                f"nothing in it does {what}" if what == "use" else f"nothing in it {what}s", path, commands[0][0]
            )


def _targets(command: str) -> list[str]:
    words = re.split(r"[;|&]", command)[0].split()
    return [word for word in words[1:] if re.fullmatch(r"[a-z][\w-]*", word)] if words[:1] == ["make"] else []


def _components(product: Product) -> Iterator[tuple[str, str]]:
    """What an architecture consists of, each with where it is declared."""
    for home in product.python.packages:
        inside = [path.removeprefix(f"{home}/") for path in product.paths if path.startswith(f"{home}/")]
        folders = sorted({path.split("/")[0] for path in inside if path.count("/") and path.endswith(".py")})
        modules = sorted(path for path in inside if path.endswith(".py") and "/" not in path and path[0] != "_")
        yield from ((name, f"{home}/{name}") for name in folders or modules)
    if not product.python.packages:
        yield from ((path, path) for path in product.python.files if path not in product.python.tests)
    if pinned := library.read(product):
        yield library.NAME, pinned.wheel or "requirements/"
    if product.pipeline:
        yield "dvc.yaml", "dvc.yaml"
    for path in COMPOSE:
        services = product.mapping(path).get("services")
        yield from ((str(name), path) for name in (services if isinstance(services, dict) else ()))
    for path in product.matching("deploy/base/*.yaml", "deploy/base/*.yml"):
        yield from ((name, path) for name in _workloads(product.text(path) or ""))


def _workloads(text: str) -> Iterator[str]:
    """The names of the workloads in a file of Kubernetes objects, read line by line: it may be of many documents."""
    for document in re.split(r"^---\s*$", text, flags=re.MULTILINE):
        kind = re.search(r"^kind:\s*(\w+)", document, re.MULTILINE)
        name = re.search(r"^metadata:\s*\n(?:\s+.*\n)*?\s+name:\s*['\"]?([\w.-]+)", document, re.MULTILINE)
        if kind and name and kind[1] in WORKLOADS:
            yield name[1]


def _component_of(span: str, components: dict[str, str]) -> str:
    """The component that a code span names: by its name, or by its path."""
    return next((name for name, where in components.items() if span in (name, where, f"{name}.py")), "")


def _other_words(line: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", re.sub(r"`[^`]*`", " ", line))


def _is_path(product: Product, span: str) -> bool:
    """Whether a code span means a file or folder here, and not a route, a type of media or another repository."""
    if not re.fullmatch(r"\w[\w.-]*(?:/[\w.-]+)*/?", span):
        return False
    if span.endswith("/") or FILE_NAME.search(span):
        return True
    return "/" in span and any(path.startswith(f"{span.split('/')[0]}/") for path in product.paths)


def _exists(product: Product, span: str) -> bool:
    """Whether there is such a file or folder, below the root, a package or docs, or an output of the pipeline."""
    homes = ("", "docs/", *(f"{home}/" for home in product.python.packages))
    outs = {out for stage in product.pipeline for out in stage.outs}
    return any(
        f"{home}{span}" in outs
        or f"{home}{span}" in product.paths
        or product.tree.size(f"{home}{span}") is not None
        or any(path.startswith(f"{home}{span}/") for path in product.paths)
        or any(out.startswith(f"{home}{span}/") or span.startswith(f"{out}/") for out in outs)
        for home in homes
    ) or any(path.endswith(f"/{span}") for path in product.paths)
