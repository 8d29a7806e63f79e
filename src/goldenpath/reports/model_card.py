"""The model card, ``docs/model-card.md``, which ``make run`` writes.

Every number and digest comes from the pipeline's reports, and the words from ``contract.yaml`` and
``golden-path.yaml``, so that the card is that of the model beside it. Format:
https://huggingface.co/docs/hub/model-cards. What it speaks of follows Mitchell et al., Model Cards for Model Reporting,
2019.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.project import manifest
from goldenpath.project.manifest import Manifest
from goldenpath.project.paths import MODEL, MODEL_CARD, RAW
from goldenpath.reports import formatting, provenance, risk, verdict
from goldenpath.reports.inputs import Inputs, gather
from goldenpath.reports.measures import measure

TASKS = {"regression": "tabular-regression"}
CLASSIFICATION = "tabular-classification"


def write(root: Path = Path()) -> bool:
    """Write the card from what the pipeline left behind. The same files always give the same card.

    Args:
        root: The project's folder.

    Returns:
        Whether the card changed; else only the file's time does, by which it counts as current.

    Raises:
        ProjectError: A file is missing or cannot be read; the message names the command that makes it.
    """
    text = render(gather(root), manifest.load(root))
    path = root / MODEL_CARD
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        os.utime(path)
        return False
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


def render(inputs: Inputs, declared: Manifest) -> str:
    """The card itself."""
    header = yaml.safe_dump(_header(inputs), sort_keys=False, allow_unicode=True, width=float("inf"))
    parts = (
        ("Intended use", _use(inputs, declared)),
        ("Limitations and out-of-scope use", _limitations(inputs)),
        ("Training data", _data(inputs)),
        ("Evaluation", _evaluation(inputs)),
        ("Risks and fairness", _risks(inputs)),
        ("Where it comes from", _origin(inputs)),
    )
    body = "\n\n".join(f"## {title}\n\n{chr(10).join(lines)}" for title, lines in parts)
    title = formatting.harmless(inputs.contract.about.product)
    return f"---\n{header}---\n# Model card: {title}\n\n<!-- Written by `make run`; do not edit. -->\n\n{body}\n"


def _header(inputs: Inputs) -> dict[str, Any]:
    task = TASKS.get(inputs.metrics["task"], CLASSIFICATION)
    name = inputs.contract.about.product
    figures = [
        {"type": metric, "name": metric.replace("_", " "), "value": found["value"]}
        for metric, found in inputs.metrics["model"].items()
        if found["value"] is not None
    ]
    result = {
        "task": {"type": task},
        "dataset": {"type": "tabular", "name": f"{name}, test part", "split": "test"},
        "metrics": figures,
    }
    return {
        "library_name": "onnx",
        "pipeline_tag": task,
        "tags": ["tabular", inputs.metrics["task"]],
        "model-index": [{"name": name, "results": [result]}],
    }


def _use(inputs: Inputs, declared: Manifest) -> Iterator[str]:
    about, product = inputs.contract.about, declared.product
    yield f"{_line(product.purpose)} {_line(about.usage)}".rstrip()
    yield ""
    yield (
        f"The model predicts `{inputs.signature.target}` from {len(inputs.signature.inputs)} columns of "
        f"`contract.yaml`. {_line(about.purpose)}"
    )
    yield (
        f"It is owned by {product.owner}; questions go to {product.contact}. Its criticality is "
        f"{product.criticality}, and it is served by {formatting.listed(list(declared.serving))}."
    )


def _limitations(inputs: Inputs) -> Iterator[str]:
    yield _line(inputs.contract.about.limitations) or "The contract names no limitation."
    yield ""
    yield (
        "The model is for rows that keep the contract; others are refused, not guessed at. It does not say why "
        "something happens, and it knows nothing newer than its training data."
    )
    missing = [column.name for column in inputs.contract.features if not column.required]
    if missing:
        yield f"Values may be missing in {_names(missing)}; a prediction from few values is worth less."


def _data(inputs: Inputs) -> Iterator[str]:
    checked = inputs.validation
    yield (
        f"{formatting.counted(checked['rows'], 'row')} read, of which {checked['valid']:,} keep the contract and "
        f"{checked['quarantined']:,} were set aside. The model learned from the training part; the validation part "
        "chose when to stop, and the test part was seen once, to judge."
    )
    yield ""
    yield "| part | rows | from | to |"
    yield "|---|---|---|---|"
    for part in ("train", "validation", "test"):
        found = inputs.split[part]
        ends = " | ".join(formatting.timestamp(found.get(end)) for end in ("from", "to"))
        yield f"| {part} | {found['rows']:,} | {ends} |"


def _evaluation(inputs: Inputs) -> Iterator[str]:
    judged = verdict.judge(inputs.metrics, inputs.params.value.currency)
    confidence = formatting.share(inputs.params.evaluation.confidence, 0)
    yield f"{judged.sentence} {judged.money}"
    yield ""
    yield f"On {inputs.metrics['rows']:,} test rows, with {confidence} bootstrap intervals:"
    yield ""
    rivals = list(inputs.metrics["baseline"])
    yield f"| metric | model | {' | '.join(rivals)} |"
    yield f"|---|---|{'---|' * len(rivals)}"
    for name, found in inputs.metrics["model"].items():
        spoken = measure(name, inputs.params.value.currency)
        others = [formatting.estimate(spoken.estimate(inputs.metrics["baseline"][rival].get(name))) for rival in rivals]
        yield f"| {spoken.label} | {formatting.estimate(spoken.estimate(found))} | {' | '.join(others)} |"


def _risks(inputs: Inputs) -> Iterator[str]:
    found = risk.describe(inputs, provenance.read(inputs.lineage))
    protected = [column.name for column in inputs.contract.having("protected")]
    if protected:
        seen = [column.name for column in inputs.contract.having("protected") if column in inputs.contract.features]
        sees = f"The model itself reads {_names(seen)}." if seen else "The model itself reads none of them."
        yield f"The evaluation reports on each group of the protected columns {_names(protected)}. {sees}"
    else:
        yield "No column of the contract is protected, so nothing is reported about groups of people."
    if found.personal:
        yield f"Personal or secret data: {_names(list(found.personal))}."
    else:
        yield "No column of the contract is classified as personal or secret."
    headline = HEADLINE[inputs.metrics["task"]]
    judged = [record for record in inputs.segments if record["metrics"] and record["metrics"].get(headline) is not None]
    if judged:
        spoken = measure(headline)
        order = sorted(judged, key=lambda record: record["metrics"][headline], reverse=not spoken.higher_is_better)
        worst = order[0]
        yield (
            f"Of {formatting.counted(len(judged), 'group')} with enough rows to judge, {_cell(worst['column'])} "
            f"{_cell(str(worst['group']))} is served worst: "
            f"{spoken.label} {formatting.number(worst['metrics'][headline])}."
        )
    yield "What could go wrong, and what holds it down, stands in [risk.md](risk.md)."
    concerns = [concern for concern in found.concerns if "changed since" not in concern]
    if concerns:
        yield ""
        yield from (f"- {_line(concern)}" for concern in concerns)


def _origin(inputs: Inputs) -> Iterator[str]:
    made = provenance.read(inputs.lineage)
    digests = dict(made.digests)
    commit = f"`{made.commit}`" if made.commit else "no commit"
    changes = " with uncommitted changes" if made.dirty else ""
    yield f"Trained from {commit}{changes} on {formatting.timestamp(made.finished)} (UTC)."
    yield ""
    yield "| what | SHA-256 |"
    yield "|---|---|"
    yield from (f"| `{path}` | `{digests[str(path)]}` |" for path in (MODEL, RAW) if str(path) in digests)


def _names(names: list[str]) -> str:
    return formatting.listed([f"`{name}`" for name in names], most=40)


def _line(text: str | None) -> str:
    """Text as one line of Markdown that holds no HTML and no table's bar."""
    return formatting.harmless(" ".join((text or "").split())).replace("<", "&lt;").replace("|", "\\|")


def _cell(text: str) -> str:
    return _line(formatting.shortened(text, 60))
