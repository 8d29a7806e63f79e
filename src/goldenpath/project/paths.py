"""Where every file of the pipeline lies, relative to the project's folder. ``dvc.yaml`` names the same files."""

from pathlib import Path

DVC_LOCK = Path("dvc.lock")
REQUIREMENTS = Path("requirements/train.txt")

RAW = Path("data/raw.parquet")
VALID = Path("data/valid.parquet")
QUARANTINE = Path("data/quarantine.parquet")
SPLIT = Path("data/split")

ESTIMATORS = Path("models/estimators.skops")
DECISION = Path("models/decision.json")
MODEL = Path("models/model.onnx")
SIGNATURE = Path("models/signature.json")
LINEAGE = Path("models/lineage.json")
REFERENCE = Path("models/reference.json")
CHALLENGER = Path("models/challenger")

VALIDATION_REPORT = Path("reports/validation.json")
SPLIT_REPORT = Path("reports/split.json")
METRICS = Path("reports/metrics.json")
SEGMENTS = Path("reports/segments.json")
PARITY = Path("reports/parity.json")
PLOTS = Path("reports/plots")
IMPORTANCE = PLOTS / "importance.json"
STALENESS = Path("reports/staleness.json")
GATES = Path("reports/gates.json")
EVALUATION_PAGE = Path("reports/evaluation.html")
MODEL_CARD = Path("docs/model-card.md")
OPENAPI = Path("docs/openapi.json")
SBOM = Path("reports/sbom.cdx.json")
CONTRACT_DIFF = Path("reports/contract-diff.json")
DATA_CHECK = Path("reports/data-check.json")
LOCK_CHECK = Path("reports/lock-check.json")
SECRETS = Path("reports/secrets.json")
PREDICTION_LOG = Path("logs/predictions")
DRIFT = Path("reports/drift.json")
DRIFT_DRILL = Path("reports/drift-drill.json")
PERFORMANCE = Path("reports/performance.json")
REPLAY = Path("reports/replay.json")
EXPERIMENTS = Path("reports/experiments")
RETRAIN = Path("reports/retrain.json")

WEB = Path("build/web")
WEB_PACKAGES = Path("build/web-packages/node_modules")
STAGE_COSTS = Path(".stage-costs")


def split_file(part: str) -> Path:
    """The rows of one part of the split: ``train``, ``validation`` or ``test``."""
    return SPLIT / f"{part}.parquet"
