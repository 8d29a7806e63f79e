"""Compare what git names with what runs: ``goldenpath infra-diff``, and ``infra-diff prod`` for one environment.

Kubernetes is asked by ``kubectl diff`` of each overlay, in the cluster of the current context; a host with Compose by
its containers; Terraform, where there is ``infra/``, by a plan. Nothing is changed anywhere. What cannot be asked is
told and fails: an unreachable cluster is no cluster without differences.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from goldenpath.delivery import desired_state, host
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.repository import facts

INFRA = Path("infra")
_OBJECT = re.compile(r"^diff .*/(?P<name>\S+)$", re.MULTILINE)
"""A line of ``kubectl diff`` that begins an object's differences."""
_RESOURCE = re.compile(r"^  # (?P<name>\S+) (?:will|must) be ", re.MULTILINE)
"""A line of Terraform's plan that begins a resource's."""
_SAME, _DIFFERS = 0, {"kubectl": 1, "terraform": 2}
"""How each program ends; any other way is an error."""


class UnknownDifferencesError(ProjectError):
    """What runs cannot be asked, so that nothing is known of differences."""

    exit_code = Exit.INCONCLUSIVE
    outcome = "cannot tell"


def infra_diff(root: Path, environment: str = "") -> Exit:
    """Compare, print every difference, and tell the recorder of a receipt how many there are.

    Args:
        root: The project's folder.
        environment: The environment to compare; all unless told.

    Returns:
        ``OK`` where nothing differs, ``FAILED`` where something does.

    Raises:
        UnknownDifferencesError: It cannot be told.
    """
    try:
        environments = promoted(root, environment)
        tools, found = compare(root, environments)
    except ProjectError as error:
        raise UnknownDifferencesError(str(error)) from error
    facts.tell({"tool": ", ".join(tools), "changes": len(found), "environments": environments})
    about = " and ".join([*environments, *([str(INFRA)] if "terraform" in tools else [])])
    if found:
        print("\n".join([f"infra-diff failed. {len(found)} differences in {about}:", *found]), file=sys.stderr)
        return Exit.FAILED
    print(f"{about}: what runs is what git names, by {' and '.join(tools)}.")
    return Exit.OK


def promoted(root: Path, environment: str) -> list[str]:
    """The environments to which something has been promoted, or the one that is named.

    Raises:
        ProjectError: It does not exist, or nothing was promoted, so that git names nothing that could run.
    """
    if environment:
        desired_state.check_environment(root, environment)
    names = [environment] if environment else desired_state.environments(root)
    found = [name for name in names if not desired_state.read(root, name).is_empty]
    if not found:
        raise ProjectError(
            f"{', '.join(names)}: nothing was promoted there, so git names nothing that runs. First: goldenpath promote"
        )
    return found


def compare(root: Path, environments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Ask every program about what it runs.

    Returns:
        The programs that were asked, and every difference, in words.

    Raises:
        ProjectError: One of them could not be asked.
    """
    tools, found = [], []
    for environment in environments:
        path = desired_state.path_of(root, environment)
        if path.name == host.BASE.name:
            tools.append("docker")
            found += [f"{environment}: {fault}" for fault in host.differences(root, path)]
        else:
            tools.append("kubectl")
            found += [f"{environment}: {name} differs" for name in _in_cluster(environment, path)]
    if any((root / INFRA).glob("*.tf")):
        tools.append("terraform")
        found += [f"{INFRA}: {name} differs" for name in _in_cloud()]
    return list(dict.fromkeys(tools)), found


def _in_cluster(environment: str, path: PurePosixPath) -> Iterator[str]:
    words = ("diff", "-k", str(path.parent))
    mend = "Choose a context that reaches its cluster: kubectl config use-context NAME"
    shown = _differences("kubectl", words, environment, mend)
    yield from ([found["name"] for found in _OBJECT.finditer(shown)] or ["an object"]) if shown else ()


def _in_cloud() -> Iterator[str]:
    words = (f"-chdir={INFRA}", "plan", "-detailed-exitcode", "-input=false", "-lock=false", "-no-color")
    mend = f"{INFRA}/README.md says how to initialise it; values of its variables come as TF_VAR_bucket=…"
    shown = _differences("terraform", words, str(INFRA), mend)
    yield from ([found["name"] for found in _RESOURCE.finditer(shown)] or ["an output"]) if shown else ()


def _differences(tool: str, words: Sequence[str], about: str, mend: str) -> str:
    """What a program shows of differences; empty where there are none.

    Raises:
        ProjectError: It is not installed, or could not compare.
    """
    program = os.environ.get(tool.upper()) or tool
    try:
        done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ProjectError(
            f"{program} cannot be run, so nothing is known of {about}. Install it, or name it: {tool.upper()}=path"
        ) from error
    if done.returncode == _SAME:
        return ""
    # A program that shows nothing has compared nothing, whatever it ends with.
    if done.returncode == _DIFFERS[tool] and done.stdout.strip():
        return done.stdout
    said = [line.strip(" │╷╵") for line in done.stderr.splitlines() if line.strip(" │╷╵")]
    reason = next((line for line in said if line.lower().startswith("error")), (said or ["it gave no reason"])[-1])
    raise ProjectError(f"{tool} could not compare, so nothing is known of {about}: {reason.rstrip('.')}. {mend}")
