"""From a pushed version to production and back, by the project's own ``cd.yml``, which ``act`` runs for real.

Git's server, the image registry and the engine are real ones on loopback. Argo CD, which needs a cluster, is played by
``Follower``: it runs in each environment what the main branch says, pulled by digest.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template import watchers
from tests.template.act import Outcome, Runner
from tests.template.docker import PASSWORD, USER, Engine, Registry, free_port
from tests.template.forge import TOKEN, Forge, forge
from tests.template.generation import generate, git, lend
from tests.template.test_delivery import done, excuse

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

CD = Path(".github/workflows/cd.yml")
ENVIRONMENTS = ("dev", "staging", "prod")
V1, V2 = "flight-delays@v1.0.0", "flight-delays@v2.0.0"
EVIDENCE = "- run: .venv/bin/goldenpath evidence"
PROVED = {"TR-07": "goldenpath push", "CQ-15": "goldenpath gate deploy"}
"""The receipts of ``goldenpath evidence`` of which v1 gets the real proof; test_maturity.py runs all of it for real."""
ASKED_FOR = {"CQ-02": "true", "TR-06": "true"}
"""Those that promote asks for, over a command that takes no time."""


@dataclass
class Follower:
    """Runs in each environment what the main branch tells it to, as a controller in a cluster would.

    Attributes:
        repository: The bare repository that it follows.
        engine: Where it runs containers; signed in to the registry.
        ports: The port of each environment's service.
        deaf: Environments that do not follow for now.
    """

    repository: Path
    engine: Engine
    ports: Mapping[str, int]
    deaf: set[str] = field(default_factory=set)
    running: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[Follower]:
        """Follow until the end of the block."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._follow, args=(stopped,))
        thread.start()
        try:
            yield self
        finally:
            stopped.set()
            thread.join()
            for environment in list(self.running):
                self.engine.run("rm", "--force", environment)

    def _follow(self, stopped: threading.Event) -> None:
        while not stopped.wait(0.3):
            for environment in ENVIRONMENTS:
                wanted = self._wanted(environment)
                if wanted and environment not in self.deaf and self.running.get(environment) != wanted:
                    self._run(environment, wanted)

    def _wanted(self, environment: str) -> str:
        """The image of an environment by the main branch; empty where nothing was promoted."""
        found = yaml.safe_load(git(self.repository, "show", f"main:deploy/overlays/{environment}/kustomization.yaml"))
        [image] = found["images"]
        return f"{image['newName']}@{image['digest']}" if found["commonAnnotations"]["golden-path/model"] else ""

    def _run(self, environment: str, image: str) -> None:
        self.engine.run("rm", "--force", environment)
        port = f"127.0.0.1:{self.ports[environment]}:8000"
        for words in (
            ("pull", "--quiet", image),
            ("run", "--detach", "--read-only", "--cap-drop", "ALL", "--publish", port, "--name", environment, image),
        ):
            answer = self.engine.run(*words)
            if answer.returncode:
                self.faults.append(f"docker {words[0]}: {answer.stderr}")
        self.running[environment] = image


@dataclass(frozen=True)
class Delivered:
    """A run of the workflow, and what git said right after it.

    Attributes:
        outcome: How it ended.
        models: The model of each environment, as ``goldenpath status`` tells in a fresh clone.
        ran: The image that ran in each environment.
        trail: The subjects of the commits that changed overlays, the oldest first.
        reasons: The reasons that they give.
        tags: All tags.
    """

    outcome: Outcome
    models: Mapping[str, str]
    ran: Mapping[str, str]
    trail: list[str]
    reasons: list[str]
    tags: set[str]


@dataclass(frozen=True)
class Shop:
    """A project whose origin, registry and environments are at work.

    Attributes:
        project: The clone of the person who registers versions.
        forge: Where it is shared.
        follower: What runs the environments.
        runner: What runs workflows.
        settings: The environment of their jobs.
    """

    project: Path
    forge: Forge
    follower: Follower
    runner: Runner
    settings: Mapping[str, str]

    def deliver(
        self, event: str, told: Mapping[str, Any], *, proofs: Mapping[str, str] = ASKED_FOR, wait: int = 120
    ) -> Delivered:
        """Run ``cd.yml`` for an event.

        Args:
            event: Its name.
            told: What GitHub tells of it.
            proofs: The commands that stand for all proofs of the evidence, by the criteria that they prove.
            wait: Seconds to wait for a service.
        """
        text = (self.project / CD).read_text(encoding="utf-8")
        recorded = [f".venv/bin/goldenpath record {name} -- {command}" for name, command in proofs.items()]
        for old, new in (
            (re.escape(EVIDENCE), f"- run: {' && '.join(recorded)}"),
            # act knows no variables of environments, only of a repository.
            (r"SECONDS_TO_WAIT: \d+", f"SECONDS_TO_WAIT: {wait}"),
            (r"\$\{\{ vars\.SERVICE_URL \}\}", "${{ vars[format('SERVICE_URL_{0}', env.ENVIRONMENT)] }}"),
        ):
            text, count = re.subn(old, new, text)
            assert count, f"{old} is not in {CD}"
        workflow = self.runner.home / "cd.yml"
        workflow.write_text(text, encoding="utf-8")
        words = ["--no-skip-checkout", "--secret", f"GITHUB_TOKEN={TOKEN}", "--var", f"REGISTRY_USER={USER}"]
        words += ["--secret", f"REGISTRY_PASSWORD={PASSWORD}"]
        for environment, port in self.follower.ports.items():
            words += ["--var", f"SERVICE_URL_{environment}=http://127.0.0.1:{port}"]
        outcome = self.runner.run(event, told, self.project, workflow, *words, **self.settings)
        assert self.follower.faults == [], outcome.all_said
        clone = self.runner.home / "fresh"
        shutil.rmtree(clone, ignore_errors=True)
        git(self.runner.home, "clone", "--quiet", str(self.forge.repository), str(clone))
        (clone / ".venv").symlink_to(self.project / ".venv")
        rows = json.loads(done(clone, "status", "--json"))["environments"]
        log = ("log", "--reverse", "--author=github-actions")
        return Delivered(
            outcome,
            {row["environment"]: row["model"] for row in rows},
            dict(self.follower.running),
            git(clone, *log, "--format=%s", "--", "deploy/overlays").splitlines(),
            git(clone, *log, "--format=%(trailers:key=Reason,valueonly)", "--", "deploy/overlays").split("\n"),
            set(git(clone, "tag").split()),
        )


@pytest.fixture(scope="module")
def shop(
    template: Path, walked: Path, engine: Engine, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """The walked project, as generated for the tests' registry, shared; its environments follow it."""
    folder = tmp_path_factory.mktemp("cd")
    project = folder / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv", "cache"))
    own = generate(template, folder / "own", container_registry=f"{registry.host}/team/models")
    for name in git(own, "ls-files").splitlines():
        if name != "docs/model-card.md":
            shutil.copy2(own / name, project / name)
    lend(walked, project)
    (project / ".dvc/config.local").write_text(f"[cache]\n    dir = {walked / '.dvc' / 'cache'}\n")
    config = project / ".dvc/config"
    config.write_text(re.sub(r"url = .*", f"url = {folder / 'storage'}", config.read_text()))
    for tag in git(project, "tag").split():
        git(project, "tag", "--delete", tag)
    git(project, "update-ref", "-d", "refs/notes/goldenpath")  # what other tests have proved
    git(project, "commit", "--quiet", "--all", "--message", "Keep images and data here")
    excuse(project)
    login = {"DOCKER_CONFIG": str(folder / "docker")}
    signed_in = replace(engine, environment={**engine.environment, **login})
    answer = signed_in.run("login", "--username", USER, "--password-stdin", registry.host, text=PASSWORD)
    assert answer.returncode == 0, answer.stderr
    with forge(folder) as shared:
        git(project, "remote", "add", "origin", str(shared.repository))
        git(project, "push", "--quiet", "origin", "main")
        follower = Follower(shared.repository, signed_in, {name: free_port() for name in ENVIRONMENTS})
        (folder / "act").mkdir()
        settings = {"LENT_CACHE": "", **engine.environment, **shared.environment}
        watchers.install()  # what is missing a job installs itself, by sudo, which is on GitHub's machines
        with follower.at_work():
            yield Shop(project, shared, follower, Runner(walked, folder / "act"), settings)


def publish_version(shop: Shop, tag: str) -> dict[str, Any]:
    """Register the committed model and push everything, as a person does; what GitHub tells of it."""
    done(shop.project, "register", tag.rpartition("@v")[2])
    done(shop.project, "push")
    git(shop.project, "push", "--quiet", "origin", "main", tag)
    shop.forge.pass_gates(git(shop.project, "rev-parse", "HEAD"))
    return {"ref": f"refs/tags/{tag}", "ref_type": "tag", "ref_name": tag}


@pytest.fixture(scope="module")
def first(shop: Shop) -> Delivered:
    """v1 was pushed."""
    return shop.deliver("push", publish_version(shop, V1), proofs=ASKED_FOR | PROVED)


@pytest.fixture(scope="module")
def second(shop: Shop, first: Delivered) -> Delivered:
    """v2, another model, was pushed; staging does not follow."""
    assert first.outcome.jobs["prod"] == "success", first.outcome.all_said
    git(shop.project, "pull", "--quiet", "--rebase", "origin", "main")
    params = shop.project / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("max_iter: 150", "max_iter: 140"), encoding="utf-8")
    git(shop.project, "commit", "--quiet", "--all", "--message", "Want fewer trees")
    done(shop.project, "run")
    git(shop.project, "commit", "--quiet", "--all", "--message", "Train the model")
    pushed = publish_version(shop, V2)
    shop.follower.deaf.add("staging")
    try:
        return shop.deliver("push", pushed, wait=12)
    finally:
        shop.follower.deaf.clear()


@pytest.fixture(scope="module")
def third(shop: Shop, second: Delivered) -> Delivered:
    """People brought v2 to production after all, and asked for the version before."""
    assert second.models["dev"] == V2, second.outcome.all_said
    git(shop.project, "pull", "--quiet", "--rebase", "origin", "main")
    done(shop.project, "receipts", "pull")
    for environment in ("staging", "prod"):
        done(shop.project, "promote", "2.0.0", environment)
        done(shop.project, "publish")
    asked = {"action": "rollback", "environment": "prod", "version": "", "reason": "answers are late"}
    return shop.deliver("workflow_dispatch", {"ref": "refs/heads/main", "inputs": asked}, wait=60)


def test_a_version_goes_through_all_environments_in_their_order(first: Delivered) -> None:
    assert first.outcome.jobs == dict.fromkeys(("build", *ENVIRONMENTS), "success"), first.outcome.all_said
    assert first.trail == [f"Promote {V1} to {name}" for name in ENVIRONMENTS]
    assert first.models == dict.fromkeys(ENVIRONMENTS, V1)
    assert {tag for tag in first.tags if "#" in tag} == {
        "flight-delays#dev#1",
        "flight-delays#staging#2",
        "flight-delays#prod#3",
    }


def test_every_environment_was_asked_and_answered_by_the_promoted_model(first: Delivered) -> None:
    for environment in ENVIRONMENTS:
        said = first.outcome.said[environment]
        assert re.search(f"{environment} answers by {V1} at http://127.0.0.1:[0-9]+: 20 times in a row", said), said


def test_the_image_that_runs_is_the_one_that_was_pushed_with_a_receipt(
    shop: Shop, registry: Registry, first: Delivered
) -> None:
    notes = git(shop.forge.repository, "notes", "--ref=refs/notes/goldenpath", "show", f"{V1}^{{commit}}")
    receipts = [json.loads(line) for line in notes.splitlines()]
    built = {item["facts"]["image"] for item in receipts if item["id"] == "TR-14"}
    commit = git(shop.forge.repository, "rev-parse", f"{V1}^{{commit}}")

    assert {registry.tags("team/models/flight-delays")[commit[:12]]} == built
    assert {image.partition("@")[2] for image in first.ran.values()} == built
    assert {item["id"] for item in receipts} == {"TR-14", *ASKED_FOR, *PROVED}


def test_what_does_not_answer_is_taken_back_and_production_not_reached(second: Delivered) -> None:
    jobs = {"build": "success", "dev": "success", "staging": "failure"}
    assert second.outcome.jobs == jobs, second.outcome.all_said
    assert "does not answer by the promoted model after 12 s" in second.outcome.said["staging"]
    assert second.trail[3:] == [f"Promote {V2} to dev", f"Promote {V2} to staging", f"Roll staging back to {V1}"]
    assert second.reasons[-1].startswith("the smoke test failed: https://github.com/")
    assert second.models == {"dev": V2, "staging": V1, "prod": V1}
    assert "flight-delays#staging#6" in second.tags


def test_production_is_rolled_back_by_hand(third: Delivered) -> None:
    assert third.outcome.jobs == {"by-hand": "success"}, third.outcome.all_said
    assert third.trail[-2:] == [f"Promote {V2} to prod", f"Roll prod back to {V1}"]
    assert third.reasons[-1] == "answers are late"
    assert third.models == {"dev": V2, "staging": V2, "prod": V1}
    assert f"prod answers by {V1}" in third.outcome.said["by-hand"]


def test_a_version_whose_gates_are_not_green_is_not_even_built(shop: Shop, third: Delivered) -> None:
    (shop.forge.repository / "green-commits").write_text("")

    outcome = shop.deliver("push", {"ref": f"refs/tags/{V2}", "ref_type": "tag", "ref_name": V2})

    assert outcome.outcome.jobs == {"build": "failure"}
    assert "no green run of ci.yml on main is known" in outcome.outcome.said["build"]
    assert outcome.trail == third.trail
