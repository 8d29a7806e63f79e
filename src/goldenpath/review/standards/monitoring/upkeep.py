"""What the product rests on and costs: data of others, and money."""

from __future__ import annotations

import re

from goldenpath.review.product import compose
from goldenpath.review.product.deployments import OVERLAYS
from goldenpath.review.product.dvc import Stage
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.monitoring.facts import CONTRACT, PLACEHOLDER
from goldenpath.review.standards.proofs import as_mapping, as_mappings, as_number, as_texts, with_signature
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed

LABEL = "cost-center"


class MON10(Criterion):
    """Most failures of a model in production begin with a change in data that somebody else owns.

    A contract tells that somebody what is relied on, and a subscription tells the team before the change and not after
    it. Both are written down where the next person looks.
    """

    id = "MON-10"
    title = "Upstream changes announced"
    level = 3
    part = Part.MONITORING
    verify = (
        "contract.yaml has a version, columns and a support channel of scope `announcements` with a real url, and a "
        "stage of dvc.yaml reads the contract and data"
    )
    fix = "add support: to contract.yaml (ODCS: channel, url, scope: announcements)"
    effort = Effort.MINUTES
    sources = ("ML Test Score Monitor 1", "Open Data Contract Standard v3")
    gaming = (
        "A contract that nothing reads: a stage must depend on it. A channel still in the template's words is none."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        contract = product.mapping(CONTRACT)
        columns = [
            item for table in as_mappings(contract.get("schema")) for item in as_mappings(table.get("properties"))
        ]
        if not contract.get("version") or not columns:
            return failed(
                "there is no contract with a version and columns", Evidence("is what others rely on", CONTRACT)
            )
        if not any(CONTRACT in stage.deps and _reads_data(product, stage) for stage in product.pipeline):
            return failed("nothing holds the data against the contract", Evidence("no stage reads it", "dvc.yaml"))
        channels = [item for item in as_mappings(contract.get("support")) if item.get("scope") == "announcements"]
        line = product.line_of(CONTRACT, r"^support\b")
        if not channels:
            return failed(
                "nobody is told before the data changes", Evidence("no announcements in support:", CONTRACT, line)
            )
        urls = [str(item.get("url") or "") for item in channels]
        url = next(
            (url for url in urls if re.match(r"(?:https?://|mailto:)\S", url) and not PLACEHOLDER.search(url)), ""
        )
        if not url:
            return failed("the channel was never filled in", Evidence(f"url {urls[0] or 'is missing'}", CONTRACT, line))
        return passed(f"changes are announced on {url}", Evidence(url, CONTRACT, line))


class MON11(Criterion):
    """A prediction that costs more than it brings is a loss that no metric of the model shows.

    Costs can only be seen where every resource carries the product's mark, and only matter where a budget and a person
    who looks at it exist.
    """

    id = "MON-11"
    title = "Cost known and reviewed"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.ATTESTED)
    verify = (
        "golden-path.yaml has cost: monthly_budget, currency and cost_center; the overlay of every environment, or the "
        "base that it takes in, labels all resources with that cost-center (with Compose: all services); somebody "
        "attests the review of the costs for at most 35 days"
    )
    fix = (
        "add cost: to golden-path.yaml and the label to deploy/base/kustomization.yaml, or to every service of "
        "compose.yaml, then goldenpath attest MON-11"
    )
    sources = ("FinOps Framework, Allocation", "Google MLOps levels", "NIST AI RMF Map 3.2")
    gaming = "A label of another cost center, or in one environment only: all are compared."
    attestable = 35

    @staticmethod
    def check(product: Product) -> Verdict:
        manifest = product.manifest
        cost = as_mapping(product.mapping(MANIFEST).get("cost"))
        line = product.line_of(MANIFEST, r"^cost\b")
        lacking = [key for key in ("currency", "cost_center") if not cost.get(key)]
        if not (as_number(cost.get("monthly_budget")) or 0) > 0:
            lacking.insert(0, "monthly_budget")
        if lacking:
            return failed(f"cost lacks {', '.join(lacking)}", Evidence("cost: says what may be spent", MANIFEST, line))
        if not manifest.environments:
            return failed("no environment is declared", Evidence("deploy: environments", MANIFEST))
        for environment in manifest.environments:
            folder = f"{OVERLAYS}/{environment}"
            path = f"{folder}/kustomization.yaml"
            if path in product.paths or not compose.of_folder(product, folder):
                label = _cost_label(product, path)
            else:
                path = compose.of_folder(product, folder)
                label = _service_label(product, path)
            if label != str(cost["cost_center"]):
                words = f"resources of {environment} carry {label or 'no cost-center'}, want {cost['cost_center']}"
                return failed(words, Evidence("label cost-center", path))
        fact = Evidence(f"{cost['monthly_budget']} {cost['currency']} a month", MANIFEST, line)
        return with_signature(
            product, "MON-11", 35, "that the costs were reviewed", passed("the costs are known", fact)
        )


def _reads_data(product: Product, stage: Stage) -> bool:
    """Whether a stage reads what another wrote, or data that git does not keep."""
    return bool(product.pipeline.parents.get(stage.name)) or any(dep not in product.paths for dep in stage.deps)


def _service_label(product: Product, path: str) -> str:
    """The cost-center that all services of a file of Compose carry, by itself or by the file that it is merged into."""
    labels = {compose.labels(service).get(LABEL, "") for service in compose.services(product, path).values()}
    return labels.pop() if len(labels) == 1 else ""


def _cost_label(product: Product, path: str, depth: int = 0) -> str:
    """The cost-center that a kustomization puts on all of its resources, itself or by what it takes in."""
    raw = product.mapping(path)
    pairs = [
        as_mapping(raw.get("commonLabels")),
        *(as_mapping(item.get("pairs")) for item in as_mappings(raw.get("labels"))),
    ]
    if found := next((str(item[LABEL]) for item in pairs if item.get(LABEL)), ""):
        return found
    bases = [_joined(path, name) for name in as_texts(raw.get("resources")) if name.startswith("..")]
    labels = {_cost_label(product, base, depth + 1) for base in bases} if depth < 4 else set()
    return labels.pop() if len(labels) == 1 else ""


def _joined(path: str, relative: str) -> str:
    parts = path.split("/")[:-1]
    for part in relative.rstrip("/").split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join([*parts, "kustomization.yaml"])
