"""The evaluation page: one file about one model, for the business, for risk and for engineers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.project.paths import EVALUATION_PAGE
from goldenpath.reports import business, formatting, page, provenance, risk, technical, verdict
from goldenpath.reports.inputs import Inputs, gather
from goldenpath.reports.measures import measure
from goldenpath.reports.verdict import Verdict

TEMPLATE = "evaluation.html.j2"


@dataclass(frozen=True)
class Written:
    """The page on disk and its one line."""

    path: Path
    headline: str


def write(root: Path = Path()) -> Written:
    """Draw the evaluation page from what the pipeline left behind. The same files always give the same page.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: A file is missing or cannot be read; the message names the command that makes it.
    """
    inputs = gather(root)
    judged = verdict.judge(inputs.metrics, inputs.params.value.currency)
    path = root / EVALUATION_PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(inputs, judged), encoding="utf-8", newline="\n")
    return Written(path, _headline(inputs, judged))


def render(inputs: Inputs, judged: Verdict) -> str:
    """The page itself."""
    made = provenance.read(inputs.lineage)
    name = HEADLINE[inputs.metrics["task"]]
    spoken = measure(name)
    return page.render(
        TEMPLATE,
        title=f"{inputs.contract.about.product}: evaluation",
        about=inputs.contract.about,
        task=inputs.metrics["task"],
        rows=inputs.metrics["rows"],
        target=inputs.signature.target,
        target_description=inputs.contract.target.description,
        currency=inputs.params.value.currency,
        confidence=formatting.share(inputs.params.evaluation.confidence, 0),
        verdict=judged,
        headline=(spoken.label, formatting.estimate(spoken.estimate(inputs.metrics["model"].get(name)))),
        model_digest=inputs.signature.model_sha256,
        provenance=made,
        validation=inputs.validation,
        business=business.describe(inputs),
        risk=risk.describe(inputs, made),
        technical=technical.describe(inputs, made),
    )


def _headline(inputs: Inputs, judged: Verdict) -> str:
    return f"{inputs.contract.about.product}: {judged.sentence} {judged.money}"
