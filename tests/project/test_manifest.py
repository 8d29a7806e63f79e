"""The product manifest: what it says, what it may leave out, and what it cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError
from tests.sample import ROOT


def test_manifest_of_a_generated_project_is_read() -> None:
    found = manifest.load(ROOT)

    assert found.product.name
    assert found.product.criticality in manifest.CRITICALITIES
    assert found.kpi.label_lag_days == 3.0
    assert found.slo == manifest.Slo(availability=0.995, latency_p95_ms=100.0)
    assert found.cost == manifest.Cost("USD", 0.05)
    assert "rest" in found.serving
    assert found.deploy.environments == ("dev", "staging", "prod")


def test_manifest_that_is_silent_is_empty() -> None:
    assert manifest.parse("") == manifest.Manifest()
    assert manifest.parse("slo:\n") == manifest.Manifest()


def test_manifest_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"golden-path\.yaml: no such file"):
        manifest.load(tmp_path)


def test_manifest_of_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / manifest.PATH).write_bytes("product: {name: Verspätung}".encode("latin-1"))

    with pytest.raises(ProjectError, match=r"golden-path\.yaml: is not UTF-8"):
        manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: b: c", "is not YAML"),
        ("- product", "holds a list, want keys and values"),
        ("product: Shop", "product is 'Shop', want keys and values"),
        ("product: {name: [a, b]}", r"product\.name is \['a', 'b'\], want text"),
        ("product: {criticality: huge}", r"product\.criticality is 'huge', want one of low, medium, high"),
        ("kpi: {label_lag_days: soon}", r"kpi\.label_lag_days is 'soon', want a number of days"),
        ("kpi: {label_lag_days: -1}", r"kpi\.label_lag_days is -1, want a number of days"),
        ("kpi: {label_lag_day: 3}", r"kpi\.label_lag_day is not known\. Is kpi\.label_lag_days meant"),
        ("slo: {availability: 99.5}", r"slo\.availability is 99\.5, want a share"),
        ("slo: {latency_p95_ms: true}", r"slo\.latency_p95_ms is True, want a number of milliseconds"),
        ("slo: {latency_p95_ms: 0}", r"slo\.latency_p95_ms is 0, want a number of milliseconds"),
        ("slo: {latency_p95_ms: .inf}", r"slo\.latency_p95_ms is inf, want a number of milliseconds"),
        ("serving: rest", "serving is 'rest', want a list of names"),
        ("serving: [rest, fax]", "serving is 'fax', want one of rest, batch"),
        ("deploy: {to: nomad}", r"deploy\.to is 'nomad', want one of kubernetes, compose"),
        ("deploy: {environments: prod}", r"deploy\.environments is 'prod', want a list of names"),
        ("deploy: {enviroments: [prod]}", r"deploy\.enviroments is not known\. Is deploy\.environments meant"),
        ("deploy: {settings: [A]}", r"deploy\.settings is \['A'\], want names with values"),
        ("deploy: {settings: {auth: none}}", r"deploy\.settings: auth: want a NAME with a text or a number"),
        ("functions: {model: shop.model}", r"functions\.model is 'shop\.model', want module:function"),
        ("serivng: [rest]", "serivng is not known. Is serving meant"),
    ],
)
def test_manifest_that_cannot_mean_it_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ProjectError, match=rf"^golden-path\.yaml: {fault}"):
        manifest.parse(text)


def test_keys_of_the_team_are_left_alone() -> None:
    found = manifest.parse("team: {channel: '#shop'}\nproduct: {name: Shop, cost_centre: 7}")

    assert found.product.name == "Shop"


def test_required_value_that_is_missing_is_named() -> None:
    assert manifest.required(0.0, "slo.latency_p95_ms", "100") == 0.0
    with pytest.raises(ProjectError, match=r"golden-path\.yaml: deploy\.registry is missing\. Add it, such as ghcr"):
        manifest.required("", "deploy.registry", "ghcr.io/your-org")
