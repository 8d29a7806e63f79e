"""The page's second part: where the model could be wrong, for whom, and what it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.project.contract import Column
from goldenpath.reports import charts, formatting
from goldenpath.reports.business import wilson
from goldenpath.reports.formatting import Estimate
from goldenpath.reports.inputs import Inputs
from goldenpath.reports.measures import Measure, measure
from goldenpath.reports.provenance import Provenance

NOTABLE_LOSS = 0.2
"""A group is notably worse off when its loss or cost is a fifth above the whole's, beyond chance. A judgement."""
NOTABLE_SCORE = 0.05
"""The same for scores between 0 and 1, of which a share would say little. A judgement."""
NOTABLE_BIAS = 0.05
"""A group's mean probability is notably off when it misses the observed share by this much, beyond chance."""
PERSONAL = ("confidential", "restricted")
EXTRA = {
    "binary": ("recall", "precision"),
    "multiclass": ("accuracy", "balanced_accuracy"),
    "regression": ("rmse", "r2"),
}


@dataclass(frozen=True)
class Range:
    """A number on a scale that a table's column shares; places are percent of the scale's width.

    Attributes:
        value: Its place.
        low: The place of its interval's lower end; None without interval.
        high: The place of its interval's upper end.
        whole: The place of the whole's number.
    """

    value: float
    low: float | None
    high: float | None
    whole: float | None


@dataclass(frozen=True)
class Cell:
    """A number and its interval in words, and drawn where the column has a scale."""

    number: str
    interval: str = ""
    drawn: Range | None = None


@dataclass(frozen=True)
class Group:
    """One group of rows, with what it is flagged for; the cells are in the order of the table's heads."""

    name: str
    rows: int
    cells: tuple[Cell, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """The groups of one column.

    Attributes:
        column: The column.
        protected: Whether the law or decency protects these groups.
        description: What the column means.
        heads: The heads of the cells.
        whole: The cells of all test rows together.
        groups: The groups that have enough rows.
        unjudged: The groups that have not, in words; empty when there are none.
    """

    column: str
    protected: bool
    description: str
    heads: tuple[str, ...]
    whole: tuple[Cell, ...]
    groups: tuple[Group, ...]
    unjudged: str


@dataclass(frozen=True)
class Risk:
    """What the risk section tells.

    Attributes:
        concerns: What a reviewer should look at first.
        calibration: How good the probabilities are, in words.
        calibration_chart: The same, drawn; None where it cannot be.
        groups: Segments and protected groups.
        periods: Which data the model learned from and was judged on.
        quarantine: The validation report in words.
        columns: Every column of the contract.
        personal: The columns above ``internal``.
    """

    concerns: tuple[str, ...]
    calibration: tuple[str, ...]
    calibration_chart: Markup | None
    groups: tuple[Groups, ...]
    periods: tuple[str, ...]
    quarantine: str
    columns: tuple[Column, ...]
    personal: tuple[str, ...]


def describe(inputs: Inputs, provenance: Provenance) -> Risk:
    """Gather the risk section."""
    groups = _groups(inputs)
    return Risk(
        concerns=tuple(_concerns(inputs, provenance, groups)),
        calibration=_calibration(inputs),
        calibration_chart=_calibration_chart(inputs),
        groups=groups,
        periods=_periods(inputs),
        quarantine=_quarantine(inputs),
        columns=inputs.contract.columns,
        personal=tuple(column.name for column in inputs.contract if column.classification in PERSONAL),
    )


def _concerns(inputs: Inputs, provenance: Provenance, groups: Sequence[Groups]) -> list[str]:
    found = []
    if inputs.lineage is None:
        found.append("There is no lineage: nobody can say which code and data this model came from.")
    elif not provenance.commit:
        found.append("The model was trained outside git: its code cannot be looked up.")
    if provenance.dirty:
        found.append("The model was trained from uncommitted changes: its commit does not reproduce it.")
    if inputs.signature.contract_sha256 != inputs.contract.sha256:
        found.append("contract.yaml has changed since the model was exported. Run make run.")
    if _differ(provenance.parameters or {}, inputs.params.model_dump(mode="json")):
        found.append("params.yaml has changed since the model was exported. Run make run.")
    flagged = {
        role: [
            f"{table.column} {group.name}"
            for table in groups
            if table.protected == protected
            for group in table.groups
            if group.flags
        ]
        for role, protected in (("protected group", True), ("segment", False))
    }
    found += [
        f"{formatting.counted(len(names), role)} notably worse off than the whole: {formatting.listed(names, 8)}."
        for role, names in flagged.items()
        if names
    ]
    found += _below_floors(inputs)
    unjudged = sum(1 for record in inputs.segments if record["metrics"] is None)
    if unjudged:
        least = inputs.params.evaluation.min_segment_rows
        found.append(
            f"{formatting.counted(unjudged, 'group')} with fewer than {least:,} test rows could not be judged."
        )
    if inputs.segments == []:
        found.append("No column has the role segment or protected: an average may hide whom the model fails.")
    shift = _target_shift(inputs)
    if shift:
        found.append(shift)
    if inputs.parity.get("flipped_decisions"):
        found.append(f"{inputs.parity['flipped_decisions']:,} decisions differ between training and serving.")
    return found


def _below_floors(inputs: Inputs) -> Iterator[str]:
    """The groups that miss a floor of ``params.yaml``, by metric."""
    judged = [record for record in inputs.segments if record["metrics"] is not None]
    for metric, floor in inputs.params.gates.segments.items():
        missing = [
            f"{record['column']} {record['group']}"
            for record in judged
            if not floor.holds(record["metrics"].get(metric))
        ]
        if missing:
            label = measure(metric).label
            groups = formatting.counted(len(missing), "group")
            yield f"{groups} below the floor for {label}: {formatting.listed(missing, 8)}."


def _differ(recorded: Any, current: Any) -> bool:
    """Whether a parameter that was recorded has another value now; new ones are at their default and change nothing."""
    if isinstance(recorded, Mapping) and isinstance(current, Mapping):
        return any(_differ(recorded[key], current[key]) for key in recorded if key in current)
    return bool(recorded != current)


def _target_shift(inputs: Inputs) -> str:
    """The share of positives in training and test, when chance does not explain the difference."""
    if inputs.metrics["task"] != "binary":
        return ""
    shares = {part: _positive_share(inputs, inputs.split[part]) for part in ("train", "test")}
    train, test = shares["train"], shares["test"]
    if train is None or test is None:
        return ""
    rows = inputs.split["test"]["rows"]
    likely = wilson(test * rows, rows, inputs.params.evaluation.confidence)
    if likely.low is None or likely.high is None or likely.low <= train <= likely.high:
        return ""
    return (
        f"Positives were {formatting.share(train)} of the training rows and {formatting.share(test)} of the test rows: "
        "the world moved, and probabilities learned before may be off."
    )


def _positive_share(inputs: Inputs, part: Mapping[str, Any]) -> float | None:
    if "target_shares" in part:
        found = part["target_shares"].get(str(inputs.signature.classes[-1]))
        return None if found is None else float(found)
    mean = part.get("target_mean")
    if mean is None:
        return None
    return float(mean) if inputs.signature.classes[-1] in (True, 1) else 1 - float(mean)


def _calibration(inputs: Inputs) -> tuple[str, ...]:
    task = inputs.metrics["task"]
    if task == "regression":
        return _bias(inputs)
    if task == "multiclass":
        return ("With more than two classes the log loss below stands for the quality of the probabilities.",)
    error = measure("calibration_error").estimate(inputs.metrics["model"].get("calibration_error"))
    if error.value is None:
        return ("Not measured on these test rows.",)
    rival = inputs.metrics["baseline"].get("simple", {}).get("calibration_error")
    model, simple = error.times(100), measure("calibration_error").estimate(rival).times(100)
    return (
        "When the model says 30 %, about 30 of 100 such rows should be positive.",
        f"On average it is off by {formatting.estimate(model)} points; "
        f"the simple baseline by {formatting.estimate(simple)}.",
    )


def _bias(inputs: Inputs) -> tuple[str, ...]:
    """How far the predictions are off on the whole, from groups of as good as equal size."""
    points = inputs.plots.get("predicted_actual", [])
    if not points:
        return ("Not measured on these test rows.",)
    predicted, actual = (sum(point[name] for point in points) / len(points) for name in ("predicted", "actual"))
    means = f"{formatting.number(predicted)} on average; the mean of what happened is {formatting.number(actual)}"
    return (
        f"The model predicts {means}: a difference of {formatting.signed(predicted - actual)}.",
        "“Predicted and actual” in the technical part shows where it is off.",
    )


def _calibration_chart(inputs: Inputs) -> Markup | None:
    points = inputs.plots.get("calibration", [])
    if not points:
        return None
    return charts.lines(
        [charts.Line("model", [point["predicted"] for point in points], [p["observed"] for p in points], points=True)],
        "Predicted probability",
        "Observed share of positives",
        title="What the model predicts against what happened, in groups of rows with similar predictions",
        diagonal="perfect",
    )


def _groups(inputs: Inputs) -> tuple[Groups, ...]:
    by_column: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in inputs.segments:
        by_column.setdefault((record["role"], record["column"]), []).append(record)
    order = sorted(by_column.items(), key=lambda item: item[0][0] != "protected")
    return tuple(_table(inputs, role, column, records) for (role, column), records in order)


def _table(inputs: Inputs, role: str, column: str, records: Sequence[Mapping[str, Any]]) -> Groups:
    task, currency = inputs.metrics["task"], inputs.params.value.currency
    drawn = (HEADLINE[task], "cost_per_row")
    judged = [record for record in records if record["metrics"] is not None]
    scales = {name: _scale(inputs, judged, name) for name in drawn}
    rates = ("observed", "predicted") if any(record.get("observed") is not None for record in judged) else ()
    spelled = {"binary": ("positives", "mean probability")}.get(task, ("mean target", "mean prediction"))
    heads = [_head(measure(name, currency)) for name in drawn]
    heads += [words_ for words_, _ in zip(spelled, rates, strict=False)]
    heads += [measure(name).label for name in EXTRA[task]]
    say = formatting.share if task == "binary" else formatting.number
    groups = []
    for record in judged:
        cells = [_cell(inputs, record, name, scales[name]) for name in drawn]
        cells += [Cell(say(record.get(name))) for name in rates]
        cells += [Cell(_plain(name, record["metrics"].get(name))) for name in EXTRA[task]]
        groups.append(Group(record["group"], record["rows"], tuple(cells), _flags(inputs, record)))
    everyone = {name: measure(name).estimate(inputs.metrics["model"].get(name)) for name in (*drawn, *EXTRA[task])}
    whole = [Cell(*formatting.parts(everyone[name])) for name in drawn]
    whole += [Cell("") for _ in rates]
    whole += [Cell(_plain(name, everyone[name].value)) for name in EXTRA[task]]
    small = [f"{record['group']} ({record['rows']:,})" for record in records if record["metrics"] is None]
    names = [item.name for item in inputs.contract]
    return Groups(
        column=column,
        protected=role == "protected",
        description=inputs.contract[column].description if column in names else "",
        heads=tuple(heads),
        whole=tuple(whole),
        groups=tuple(groups),
        unjudged=f"Too few test rows to judge (under {inputs.params.evaluation.min_segment_rows:,}): "
        f"{formatting.listed(small, 12)}."
        if small
        else "",
    )


def _head(spoken: Measure) -> str:
    return f"{spoken.label} ({'higher' if spoken.higher_is_better else 'lower'} is better)"


def _plain(name: str, value: float | None) -> str:
    """A metric without interval; scores between 0 and 1 all get three decimals, to stand well below each other."""
    return formatting.number(value, 3) if measure(name).higher_is_better else formatting.number(_rounded(value))


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


def _estimate(record: Mapping[str, Any], name: str) -> Estimate:
    ends = (record.get("intervals") or {}).get(name) or {}
    found = {"value": record["metrics"].get(name), "low": ends.get("low"), "high": ends.get("high")}
    return measure(name).estimate(found)


def _scale(inputs: Inputs, records: Sequence[Mapping[str, Any]], name: str) -> tuple[float, float] | None:
    whole = measure(name).estimate(inputs.metrics["model"].get(name))
    found = [whole, *(_estimate(record, name) for record in records)]
    ends = [end for item in found for end in (item.value, item.low, item.high) if end is not None]
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def _cell(inputs: Inputs, record: Mapping[str, Any], name: str, scale: tuple[float, float] | None) -> Cell:
    found = _estimate(record, name)
    number, ends = formatting.parts(found) if found.low is not None else (formatting.number(_rounded(found.value)), "")
    if scale is None or found.value is None:
        return Cell(number, ends)
    start, width = scale[0], scale[1] - scale[0]

    def place(end: float | None) -> float | None:
        return None if end is None else round((end - start) / width * 100, 1)

    whole = place(measure(name).estimate(inputs.metrics["model"].get(name)).value)
    drawn = Range(place(found.value) or 0.0, place(found.low), place(found.high), whole)
    return Cell(number, ends, drawn)


def _flags(inputs: Inputs, record: Mapping[str, Any]) -> tuple[str, ...]:
    headline = HEADLINE[inputs.metrics["task"]]
    flags = [
        f"{'lower' if measure(name).higher_is_better else 'higher'} {measure(name).label}"
        for name in (headline, "cost_per_row")
        if _notably_worse(inputs, record, name)
    ]
    observed, predicted = record.get("observed"), record.get("predicted")
    if inputs.metrics["task"] == "binary" and observed is not None and predicted is not None:
        likely = wilson(observed * record["rows"], record["rows"], inputs.params.evaluation.confidence)
        beyond = likely.low is not None and likely.high is not None and not likely.low <= predicted <= likely.high
        if beyond and abs(predicted - observed) >= NOTABLE_BIAS:
            flags.append("probability too high" if predicted > observed else "probability too low")
    return tuple(flags)


def _notably_worse(inputs: Inputs, record: Mapping[str, Any], name: str) -> bool:
    spoken = measure(name)
    group, whole = _estimate(record, name), spoken.estimate(inputs.metrics["model"].get(name)).value
    if group.value is None or group.low is None or group.high is None or whole is None:
        return False
    if spoken.higher_is_better:
        return group.high < whole and group.value <= whole - NOTABLE_SCORE
    return group.low > whole and group.value >= whole + NOTABLE_LOSS * abs(whole)


def _periods(inputs: Inputs) -> tuple[str, ...]:
    verbs = {
        "train": "It learned from",
        "validation": "Its threshold was chosen on"
        if inputs.metrics["task"] == "binary"
        else "Held out in between were",
        "test": "Everything on this page was measured on",
    }
    by = {"time": "the newest rows are held out", "entity": "whole entities are held out", "random": "at random"}
    found = []
    for part, verb in verbs.items():
        facts = inputs.split[part]
        period = (
            f", from {formatting.timestamp(facts['from'])} to {formatting.timestamp(facts['to'])}"
            if facts.get("from")
            else ""
        )
        unseen = ", which it had never seen" if part == "test" else ""
        found.append(f"{verb} {formatting.counted(facts['rows'], 'row')}{period}{unseen}.")
    return (*found, f"The rows were divided by {inputs.params.split.by}: {by[inputs.params.split.by]}.")


def _quarantine(inputs: Inputs) -> str:
    found = inputs.validation
    if not found["quarantined"]:
        return f"All {found['rows']:,} rows keep the contract; nothing was set aside."
    tolerated, part = found.get("tolerated_share"), formatting.share(found["quarantined"] / found["rows"])
    return (
        f"{found['quarantined']:,} of {found['rows']:,} rows ({part}) broke "
        "the contract and were set aside: the model neither learned from them nor was judged on them."
        + (f" Up to {formatting.share(tolerated)} are tolerated." if tolerated is not None else "")
    )
