"""Code: a package that is linted, hooked, stripped and reviewed before it comes to the main line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from goldenpath.review.evidence import receipts
from goldenpath.review.product import change_trail, code_roles, import_graph, lint, makefile, pull_request
from goldenpath.review.product.product import Product
from goldenpath.review.product.workflows import Job, Step
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_texts, elsewhere, of_receipt
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

HOOK_TOOLS = (
    *("ruff", "flake8", "pylint", "black", "isort", "mypy", "pyright", "ty", "bandit", "nbstripout", "nbqa"),
    *("detect-private-key", "detect-secrets", "gitleaks", "trufflehog"),
)
MOST_EXCUSED = 1 / 200
"""Lint comments per line of code; three are always allowed."""
YOUNG = 10
"""Changes below which a history says nothing about habits."""
MOST_DIRECT = 0.10
FORGE_DAYS = 90
ASK_FORGE = (
    "goldenpath record CQ-06 --fact required_approvals=1 -- "
    "gh api repos/{owner}/{repo}/branches/main/protection/required_pull_request_reviews"
)
_FITS = re.compile(r"\.(?:fit|partial_fit|fit_transform|train|fine_tune)\(")
_RUNS_NOTEBOOK = re.compile(r"\.ipynb\b|\bpapermill\b|\bnotebook\s+run\b")
_EXECUTES = re.compile(r"\bpapermill\b|--execute\b|\bjupyter[ -]execute\b|\bnotebook\s+run\b")
_RUNS_IN_CODE = r"^\s*(?:import|from)\s+(?:papermill|nbclient)\b|\bExecutePreprocessor\("
_TIDIES_NOTEBOOK = re.compile(r"\bnbstripout\b|--clear-output\b|\bruff\b|\bblack\b|\bjupytext\b|\bgit\b|\brm\b")


class CQ01(Criterion):
    """Code in notebooks cannot be tested, reviewed line by line or imported by a service.

    A package can. Notebooks stay welcome for exploring; what trains and serves the model must not run in one. This is
    the step that leaves level 0.
    """

    id = "CQ-01"
    title = "Package, not notebook"
    level = 1
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.EXECUTED)
    verify = (
        "pyproject.toml (or setup.cfg, setup.py) makes an installable project; a package holds functions that do "
        "something; no stage, make target or workflow runs a notebook, itself or by papermill or nbclient; a model "
        "that notebooks fit is fitted in the package too, or by the pinned library's training. Whether every file "
        "parses is asked by CQ-04"
    )
    fix = "`goldenpath new`, and the notebook's code into src/<package>/source.py and model.py of that project"
    effort = Effort.DAYS
    sources = ("Google MLOps levels: level 0", "Microsoft MLOps maturity model: level 1", "Cookiecutter Data Science")
    gaming = "A package of empty functions beside the notebook that does the work: empty ones count as none."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        if not product.python.packages:
            notebook = next((Evidence("code lives here", item.path) for item in product.notebooks), None)
            return failed("there is no Python package", *filter(None, [notebook]))
        if ran := _notebook_on_path(product):
            return failed("a notebook is on the pipeline's path", ran)
        texts = {path: product.text(path) or "" for path in product.python.modules}
        working = next(
            (path for path, text in texts.items() if "def " in text and code_roles.works(product, path)), None
        )
        if working is None:
            return failed(
                "the package holds no function that does anything", Evidence("hollow", product.python.packages[0])
            )
        own = [
            item for item in product.notebooks if "{{" not in item.path
        ]  # a template's notebooks are another product's
        fits = next((item for item in own if any(map(_FITS.search, item.code))), None)
        train = code_roles.training(product)
        is_fitted = any(map(_FITS.search, texts.values())) or (train and code_roles.is_librarys(product, train))
        if fits and not is_fitted:
            return failed("the model is fitted in a notebook only", Evidence("fits a model", fits.path))
        if fault := _uninstallable(product):
            return failed("the package cannot be installed", fault)
        names = ", ".join(product.python.packages)
        return passed(f"{names} holds the code", Evidence(f"{len(texts)} modules", product.python.packages[0]))


class CQ04(Criterion):
    """Undefined names, unused imports and mutable defaults are found by a machine in milliseconds.

    People who review should not spend their attention on what a linter sees. The platform's rules are the same for all
    teams, so that somebody who joins another one reads the same code; a team's own configuration may add to them.
    """

    id = "CQ-04"
    title = "Lint clean"
    level = 1
    part = Part.CODE_QUALITY
    proofs = (Proof.EXECUTED,)
    verify = (
        f"ruff with the platform's rules ({', '.join(lint.RULES)}) finds nothing, the repository's own configuration "
        "set aside; comments that excuse a finding name its rule, and there are at most three, or one in 200 lines"
    )
    fix = "`ruff check --fix`, then `make lint`"
    effort = Effort.MINUTES
    sources = ("mllint", "PEP 8", "OpenSSF Scorecard: SAST")
    gaming = "Rules switched off in the repository, or `# noqa` on whole files: neither is listened to."
    waits = True
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        command = f"ruff check --isolated --select {','.join(lint.RULES)} ."
        try:
            problems = lint.run(product)
        except lint.NoRuffError as error:
            return unknown(
                f"the code could not be linted: {error}", Evidence("install it beside the tool", command=command)
            )
        if not product.python.files:
            return failed("there is no Python file to lint", Evidence("code in notebooks is not linted"))
        open_ = [item for item in problems if not item.excused]
        facts = [
            Evidence(f"{item.rule} {item.text}", item.path, item.line, command) for item in (open_ or problems)[:5]
        ]
        if open_:
            return failed(f"{len(open_)} findings", *facts)
        lines = sum((product.text(path) or "").count("\n") for path in product.python.files)
        if len(problems) > max(3, lines * MOST_EXCUSED):
            return failed(f"{len(problems)} findings are excused by comments, in {lines} lines", *facts)
        return passed(f"no finding in {lines} lines, {len(problems)} excused", Evidence("clean", command=command))


class CQ05(Criterion):
    """What fails in CI after ten minutes could have failed at the commit in two seconds.

    Hooks are that early answer, but each person may leave them out. So CI runs the same hooks on all files: then they
    are a promise of the repository, not a habit of some.
    """

    id = "CQ-05"
    title = "Hooks enforced"
    level = 1
    part = Part.CODE_QUALITY
    verify = (
        ".pre-commit-config.yaml has a hook of a known tool; a pull request runs `pre-commit run --all-files`, "
        "directly or through make, and its failure counts"
    )
    fix = ".pre-commit-config.yaml of the template, and `pre-commit run --all-files` in `make lint`"
    effort = Effort.MINUTES
    sources = ("pre-commit documentation: usage in continuous integration", "Scientific Python Development Guide")
    gaming = "A configuration whose hooks run `true`: only hooks of tools that look at code count."

    @staticmethod
    def check(product: Product) -> Verdict:
        path = ".pre-commit-config.yaml"
        hooks = list(_hooks(product.mapping(path)))
        known = [hook for hook in hooks if _is_known(product, hook) and _is_run(product, hook)]
        if not known:
            said = "has no hook of a tool that looks at code" if path in product.paths else "is missing"
            return failed(f"{path} {said}", Evidence(f"{len(hooks)} hooks", path))
        asked = pull_request.read(product)
        for command in asked.commands:
            if command.runs("pre-commit", "prek") and re.search(r"\brun\b.*(?:--all-files|-a\b)", command.text):
                words = f"{len(hooks)} hooks, and a pull request runs them on all files"
                return passed(words, Evidence(f"runs `{command.text}`", command.path, command.line))
        for workflow in asked.workflows:
            if any(step.uses.startswith("pre-commit/action@") and not step.may_fail for step in _steps(workflow.jobs)):
                return passed(f"{len(hooks)} hooks, run by pre-commit/action", Evidence("runs them", workflow.path))
        if verdict := elsewhere(product, "the hooks may run"):
            return verdict
        if "ci" in product.mapping(path):
            return unknown("pre-commit.ci may run the hooks, and keeps no record here", Evidence("ci:", path))
        fix = Evidence("no pull request runs it", command="pre-commit run --all-files")
        return failed("hooks are configured, and nothing makes anybody run them", fix, Evidence("hooks", path))


class CQ06(Criterion):
    """Two people see what one overlooks, and nobody should be able to put a model into production alone.

    Reviews also spread knowledge of the product. What counts is the main line as it really grew: changes that somebody
    other than their author let in.
    """

    id = "CQ-06"
    title = "Reviewed changes"
    level = 1
    part = Part.CODE_QUALITY
    verify = (
        f"CODEOWNERS names who reviews every file. Of the last 50 first-parent changes by people at most "
        f"{MOST_DIRECT:.0%} came without a second person, once there are {YOUNG} after the first commit. Squashed pull "
        "requests do not say who approved: for those, a receipt of the forge's rules (required_approvals ≥ 1; 90 days)."
        " Not counted are deployments: commits that change image and model of one overlay and nothing else, say so in "
        "the trailers of `goldenpath promote` or `goldenpath rollback`, and have their tag in the registry"
    )
    fix = f"protect the main branch (one approval, by code owners); `{ASK_FORGE}`"
    effort = Effort.MINUTES
    sources = ("OpenSSF Scorecard: Code-Review", "OpenSSF Scorecard: Branch-Protection", "NIST SSDF PW.7")
    proofs = (Proof.PARSED, Proof.RECEIPT)
    gaming = (
        "Approvals by bots, or by the author under the same address: neither is a second person. A change that calls "
        "itself a deployment: trailers, tag and every other line of the overlay are compared."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        owners = product.owners
        if not owners.of_everything:
            fact = Evidence("no rule for *", owners.path or ".github/CODEOWNERS")
            return failed("nobody is asked to review files that no narrower rule names", fact)
        asked = Evidence(f"{', '.join(sorted(owners.of_everything))} answer for every file", owners.path)
        if product.git is None or product.commit is None:
            return unknown("there is no history to judge", Evidence("commit the project", command="git init"))
        trail = change_trail.read(product)
        if trail.deployed:
            asked = replace(asked, text=f"{asked.text}; {len(trail.deployed)} deployments are not counted")
        if trail.changes < YOUNG and trail.is_cut:
            return unknown("the clone is shallow", Evidence("fetch the history", command="git fetch --unshallow"))
        if trail.changes < YOUNG:
            return passed(f"{trail.changes} changes are too few to judge; {asked.text}", asked)
        counts = f"of {trail.changes} changes {len(trail.reviewed)} were reviewed, {len(trail.direct)} came straight"
        if len(trail.direct) > trail.changes * MOST_DIRECT:
            shown = [Evidence(f"{item.sha[:9]} {item.subject}") for item in trail.direct[:3]]
            return failed(counts, *shown, asked)
        if len(trail.reviewed) >= trail.changes * (1 - MOST_DIRECT):
            return passed(counts, asked)
        found = receipts.find(product, CQ06.id, (owners.path,), FORGE_DAYS)
        approvals = found.receipt.facts.get("required_approvals") if found.receipt else None
        if found.receipt is None:
            refused = [Evidence(f"a receipt does not count: {reason}") for reason in found.rejected]
            words = f"{counts}; the others came by pull requests, whose approvals git does not keep"
            return unknown(words, Evidence("ask the forge", command=ASK_FORGE), *refused)
        if not isinstance(approvals, int) or approvals < 1:
            return failed("the forge asks for no approval", of_receipt(found.receipt))
        return passed(f"{counts}; the forge asks for {approvals} approvals", of_receipt(found.receipt), asked)


class CQ07(Criterion):
    """Outputs in notebooks leak rows of data into git for ever, and drown the change in noise.

    A committed table of customers cannot be taken back without rewriting history. Stripped notebooks are small, can be
    compared, and show what was done, not what it happened to print.
    """

    id = "CQ-07"
    title = "Clean notebooks"
    level = 1
    part = Part.CODE_QUALITY
    verify = "no code cell of any notebook holds an output or a count of runs, and every notebook can be read"
    fix = "`nbstripout notebooks/*.ipynb`; `make hooks` does it at every commit"
    effort = Effort.MINUTES
    sources = ("nbstripout", "EU GDPR Art. 5: data minimisation", "Cookiecutter Data Science")

    @staticmethod
    def check(product: Product) -> Verdict:
        broken = [Evidence(item.fault, item.path) for item in product.notebooks if item.fault]
        if broken:
            return failed(f"{len(broken)} notebooks cannot be read", *broken[:5])
        dirty = [item for item in product.notebooks if item.with_output]
        if dirty:
            shown = [
                Evidence(f"{item.with_output} cells", item.path, None, f"nbstripout {item.path}") for item in dirty[:5]
            ]
            return failed(f"{len(dirty)} notebooks hold outputs", *shown)
        return passed(f"{len(product.notebooks)} notebooks, none with outputs", Evidence("clean", command="nbstripout"))


def _uninstallable(product: Product) -> Evidence | None:
    """What keeps the project from being installed; None where a build tool can."""
    setup, settings = product.text("setup.py") or "", product.text("setup.cfg") or ""
    if re.search(r"\bsetup\(", setup) or re.search(r"^\[metadata\]", settings, re.MULTILINE):
        return None
    tools = product.pyproject.get("tool")
    is_named = isinstance(tools, dict) and any(isinstance(tools.get(name), dict) for name in ("poetry", "flit"))
    lacking = [key for key in ("build-system", "project") if key not in product.pyproject]
    if is_named and "project" in lacking:
        lacking.remove("project")
    return Evidence(f"lacks {' and '.join(f'[{key}]' for key in lacking)}", "pyproject.toml") if lacking else None


def _notebook_on_path(product: Product) -> Evidence | None:
    """The first stage, recipe or step of a workflow that runs a notebook."""
    for stage in product.pipeline:
        line = product.line_of("dvc.yaml", rf"^\s+{re.escape(stage.name.partition('@')[0])}\s*:")
        called = (item.text for item in pull_request.commands_of(product, stage.command, "dvc.yaml", line))
        if text := next((text for text in (stage.command, *called) if _RUNS_NOTEBOOK.search(text)), ""):
            return Evidence(f"stage {stage.name} runs `{text}`", "dvc.yaml", line)
        module = import_graph.run_by(product, stage.command)
        if module and (line := product.line_of(module, _RUNS_IN_CODE)):
            return Evidence(f"stage {stage.name} runs a notebook from its code", module, line)
    made = makefile.read(product)
    commands = [(line.command, made.path, line.number) for lines in made.recipes.values() for line in lines]
    for workflow in product.workflows:
        for _, step in workflow.runs():
            lines = [line.strip() for line in step.run.splitlines() if line.strip()]
            commands += [(line, workflow.path, product.line_with(workflow.path, line) or 1) for line in lines]
    for text, path, number in commands:
        for part in re.split(r"&&|\|\||[;|]", text):
            if _RUNS_NOTEBOOK.search(part) and (_EXECUTES.search(part) or not _TIDIES_NOTEBOOK.search(part)):
                return Evidence(f"runs `{text}`", path, number)
    return None


def _hooks(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every hook of a pre-commit configuration."""
    repos = config.get("repos")
    for repo in repos if isinstance(repos, list) else []:
        found = repo.get("hooks") if isinstance(repo, dict) else None
        yield from (hook for hook in (found if isinstance(found, list) else []) if isinstance(hook, dict))


def _is_known(product: Product, hook: dict[str, Any]) -> bool:
    """Whether a hook runs a tool that looks at code: by its entry, or by its id where it has none."""
    entry = str(hook.get("entry") or "")
    if not entry:
        return str(hook.get("id") or "").startswith(HOOK_TOOLS)
    called = pull_request.commands_of(product, re.sub(r"^(?:ba)?sh\s+-\w*c\s+['\"]?", "", entry), "", None)
    return any(command.runs(*HOOK_TOOLS) for command in called)


def _is_run(product: Product, hook: dict[str, Any]) -> bool:
    """Whether a hook is run on any file without being asked for by name."""
    stages, wanted, left_out = (hook.get(key) for key in ("stages", "files", "exclude"))
    if stages and set(as_texts(stages)) <= {"manual"}:
        return False
    if not wanted and not left_out:
        return True
    try:
        takes, leaves = re.compile(str(wanted or "")), re.compile(str(left_out or r"^$"))
    except re.error:
        return False
    return any(takes.search(path) and not leaves.search(path) for path in product.paths)


def _steps(jobs: Iterable[Job]) -> Iterator[Step]:
    return (step for job in jobs if not job.may_fail for step in job.steps)
