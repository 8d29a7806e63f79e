"""Everything besides code, data and contract that changes a result: ``params.yaml``, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError

PATH = Path("params.yaml")

Share = Annotated[float, Field(ge=0, le=1)]


class ParamsError(ProjectError):
    """``params.yaml`` cannot be used. The message names every fault, one a line."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Section):
    """Which raw data to read.

    Attributes:
        through: The last month to use, ``YYYY-MM``, of the contract's time; None for all there is.
        path: The file that holds the raw data, for a source that reads one.
        separator: The character between the fields of a CSV file.
        encoding: The character encoding of a CSV file.
        decimal: The decimal mark of a CSV file.
    """

    through: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    path: str | None = None
    separator: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."


class Validation(_Section):
    """When bad rows stop the pipeline.

    Attributes:
        tolerated_share: The share of rows that may break the contract; those rows are quarantined.
    """

    tolerated_share: Share


class Split(_Section):
    """How rows are divided.

    Attributes:
        by: ``time`` (the newest rows are held out), ``entity`` (whole entities are held out) or ``random``.
        validation: The share of rows for early stopping, the threshold and the calibration check.
        test: The share of rows for the final score.
        seed: Seed of the random division; not used by ``time``.
    """

    by: Literal["time", "entity", "random"]
    validation: Annotated[float, Field(gt=0, lt=0.5)]
    test: Annotated[float, Field(gt=0, lt=0.5)]
    seed: int


class Value(_Section):
    """What mistakes cost the business.

    Attributes:
        currency: The unit of the costs.
        missed: Cost of a positive that the model missed.
        false_alarm: Cost of an alarm that was false.
        wrong_class: Cost of a wrong class, with more than two classes.
        per_unit_error: Cost of one unit of absolute error, for regression.
    """

    currency: str
    missed: Annotated[float, Field(ge=0)] = 1.0
    false_alarm: Annotated[float, Field(ge=0)] = 1.0
    wrong_class: Annotated[float, Field(ge=0)] = 1.0
    per_unit_error: Annotated[float, Field(ge=0)] = 1.0


class Evaluation(_Section):
    """How the model is judged.

    Attributes:
        bootstrap: Number of bootstrap resamples behind each interval.
        confidence: Coverage of the intervals.
        min_segment_rows: Segments with fewer test rows are not judged on their own.
        importance_rows: Number of test rows for permutation importance.
        seed: Seed of the resampling.
    """

    bootstrap: Annotated[int, Field(ge=20)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    min_segment_rows: Annotated[int, Field(gt=0)]
    importance_rows: Annotated[int, Field(gt=0)]
    seed: int


class Floor(_Section):
    """The worst value of a metric that a group may have.

    Attributes:
        min: At least this, for metrics of which more is better.
        max: At most this, for metrics of which less is better.
    """

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Floor:
        if (self.min is None) == (self.max is None):
            raise ValueError("want min or max")
        return self

    def holds(self, value: float | None) -> bool:
        """Whether a value is good enough; one that is not defined is not."""
        if value is None:
            return False
        return value >= self.min if self.min is not None else self.max is not None and value <= self.max


class DataGate(_Section):
    """What changed data has to hold, beside the contract.

    Attributes:
        lost_share: The share of the base's rows that may be gone.
    """

    lost_share: Share = 0.01


class Margin(_Section):
    """By how much a candidate may be worse than the champion.

    Attributes:
        absolute: In the units of the metric.
        relative: As a share of the champion's value, for metrics whose unit is that of the target or of money.
    """

    absolute: Annotated[float, Field(ge=0)] | None = None
    relative: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Margin:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError("want absolute or relative")
        return self

    def beside(self, champion: float) -> float:
        """The margin in the units of the metric, beside a champion of this value."""
        return self.absolute if self.absolute is not None else (self.relative or 0.0) * abs(champion)


class Calibration(_Section):
    """How far probabilities may lie from what happens: the expected calibration error.

    Attributes:
        max: The largest error on the held-out rows.
        margin: How much more of it than the champion's there may be.
    """

    max: Annotated[float, Field(gt=0, le=1)] | None = None
    margin: Annotated[float, Field(ge=0, le=1)] | None = None


class Latency(_Section):
    """How long one row may take, in milliseconds, on one thread and without the network.

    Attributes:
        p50_ms: The median.
        p99_ms: What one row in a hundred exceeds.
        times_champion: The median beside the champion's, both measured in the same run.
    """

    p50_ms: Annotated[float, Field(gt=0)] | None = None
    p99_ms: Annotated[float, Field(gt=0)] | None = None
    times_champion: Annotated[float, Field(ge=1)] | None = None


class TrainingCost(_Section):
    """What one run of the train stage may cost.

    Attributes:
        seconds: Wall clock.
        peak_memory_mib: The most memory at any time, in MiB.
    """

    seconds: Annotated[float, Field(gt=0)] | None = None
    peak_memory_mib: Annotated[float, Field(gt=0)] | None = None


class Retires(_Section):
    """The champion that is replaced without a comparison, because the two do not answer the same question.

    It names one model, so it ends by itself: the next candidate has another champion.

    Attributes:
        model: The first 12 or more digits of the champion's SHA-256.
        reason: Why it cannot be compared.
    """

    model: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    reason: Annotated[str, Field(min_length=10)]


class Gates(_Section):
    """What a model and its data have to hold before they are merged; a limit that is not set turns its gate off.

    Attributes:
        floors: Worst values over all held-out rows, by metric.
        non_inferiority: Margins against the champion over all held-out rows, by metric.
        segments: Floors for every group of segments and protected columns, by metric.
        segment_non_inferiority: Margins against the champion in every such group, by metric.
        fairness: Largest gaps between two groups of a protected column, by metric.
        calibration: How far probabilities may lie from what happens.
        latency: How long one row may take.
        size_mib: The largest size of the ONNX file, in MiB.
        training: What training may cost.
        retires: The champion that is replaced without a comparison.
        data: Limits for changed data.
    """

    floors: dict[str, Floor] = {}
    non_inferiority: dict[str, Margin] = {}
    segments: dict[str, Floor] = {}
    segment_non_inferiority: dict[str, Margin] = {}
    fairness: dict[str, Annotated[float, Field(gt=0)]] = {}
    calibration: Calibration | None = None
    latency: Latency | None = None
    size_mib: Annotated[float, Field(gt=0)] | None = None
    training: TrainingCost | None = None
    retires: Retires | None = None
    data: DataGate = DataGate()


class Container(_Section):
    """What the container image may take.

    Attributes:
        image_mb: Megabytes (10⁶ bytes) that it may add to its base, unpacked.
        ready_seconds: Seconds from ``docker run`` to the first 200 of ``/readyz``.
        stop_seconds: Seconds from SIGTERM to the end of the process.
    """

    image_mb: Annotated[float, Field(gt=0)] = 200
    ready_seconds: Annotated[float, Field(gt=0)] = 1.5
    stop_seconds: Annotated[float, Field(gt=0)] = 10


class Limits(_Section):
    """From where on an effect counts.

    Attributes:
        moved: Worth a look.
        alarm: Worth a call.
    """

    moved: Annotated[float, Field(gt=0)]
    alarm: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _in_order(self) -> Limits:
        if self.moved > self.alarm:
            raise ValueError("moved lies above alarm")
        return self


class Drift(_Section):
    """When the rows that a model answers are no longer those that it learned from.

    Attributes:
        min_rows: With fewer rows nothing is said.
        significance: The false discovery rate over all columns; what may be chance is no drift, however large.
        psi: Of the population stability index.
        distance: Of the Kolmogorov-Smirnov distance of numbers and the total variation of categories.
        missing: Of what the share of missing values has changed by, up or down.
        unseen: Of the share of categories that training never met.
        overall: Of the columns that moved, as a share of the importance of all.
    """

    min_rows: Annotated[int, Field(gt=0)] = 500
    significance: Annotated[float, Field(gt=0, lt=1)] = 0.01
    psi: Limits = Limits(moved=0.1, alarm=0.25)
    distance: Limits = Limits(moved=0.1, alarm=0.2)
    missing: Limits = Limits(moved=0.02, alarm=0.1)
    unseen: Limits = Limits(moved=0.01, alarm=0.05)
    overall: Limits = Limits(moved=0.1, alarm=0.25)


class Performance(_Section):
    """How answers are judged once the truth is known.

    Attributes:
        window: What is judged together.
        min_labels: Fewer labels are not judged.
        match_hours: How far a label without a prediction's id may lie from the prediction, for one entity.
    """

    window: Literal["day", "week"] = "week"
    min_labels: Annotated[int, Field(gt=0)] = 200
    match_hours: Annotated[float, Field(gt=0)] = 24.0


class Staleness(_Section):
    """The study of how a model ages.

    Attributes:
        train_share: The oldest rows, which the model of the study learns from.
        ages: Into how many ages of equal length the other rows are divided.
        max_iter: Trees of the study's model, which has to be cheap.
    """

    train_share: Annotated[float, Field(gt=0, lt=1)] = 0.4
    ages: Annotated[int, Field(ge=3)] = 6
    max_iter: Annotated[int, Field(gt=0)] = 60


class Monitoring(_Section):
    """How the model in production is watched.

    Attributes:
        drift: When rows have moved.
        performance: How answers are judged once the truth is known.
        staleness: The study of how a model ages.
    """

    drift: Drift = Drift()
    performance: Performance = Performance()
    staleness: Staleness = Staleness()


Trigger = Literal["schedule", "drift", "performance", "age"]


class Budget(_Section):
    """What retraining may take in thirty days; people's own trainings count too.

    Attributes:
        runs: Trainings.
        minutes: Of their stages, wall clock.
    """

    runs: Annotated[int, Field(ge=0)] = 6
    minutes: Annotated[float, Field(ge=0)] = 120.0


class Retraining(_Section):
    """When a candidate is trained without anybody asking.

    Attributes:
        triggers: What may start one.
        every_days: How long after the last training the schedule asks for another.
        cooldown_days: How long after the last training nothing but a person may ask for another.
        budget: What all may take.
    """

    triggers: tuple[Trigger, ...] = ("schedule", "drift", "performance", "age")
    every_days: Annotated[float, Field(gt=0)] = 28.0
    cooldown_days: Annotated[float, Field(ge=0)] = 7.0
    budget: Budget = Budget()

    @field_validator("triggers")
    @classmethod
    def _once(cls, names: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
        if len({*names}) < len(names):
            raise ValueError("names a trigger twice")
        return names


class Export(_Section):
    """How far the ONNX graph may differ from scikit-learn on the test split.

    Attributes:
        tolerance: Largest difference of a score, relative to the largest of one, the score and, for regression, the
            scores' spread.
        share: Share of rows that must lie within the tolerance.
    """

    tolerance: Annotated[float, Field(gt=0)]
    share: Share


class Params(_Section):
    """The whole of ``params.yaml``.

    Attributes:
        problem: What kind of target the contract's target is.
        positive_class: The class that counts as positive, with exactly two classes.
        features: Whatever the team's ``source.py`` reads of it.
        model: Whatever the team's ``model.py`` reads of it.
    """

    problem: Literal["classification", "regression"]
    positive_class: str | bool | int | float | None = None
    data: Data
    features: dict[str, Any] = {}
    validation: Validation
    split: Split
    model: dict[str, Any] = {}
    value: Value
    evaluation: Evaluation
    gates: Gates = Gates()
    container: Container = Container()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()
    export: Export


def load(path: Path = PATH) -> Params:
    """Read and check the parameters.

    Raises:
        ParamsError: The file is missing, is not YAML, or holds a value out of its range or an unknown key.
    """
    try:
        return Params.model_validate(yaml_text.load(path.read_bytes()))
    except FileNotFoundError as error:
        raise ParamsError(f"{path}: no such file. Run from the project's folder.") from error
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        faults = (f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ParamsError("\n".join(faults)) from error
