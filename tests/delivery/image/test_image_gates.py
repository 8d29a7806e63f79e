from __future__ import annotations

from typing import Any

import pytest

from goldenpath.delivery.image import gates

DIGEST = f"sha256:{'a' * 64}"
SOUND: dict[str, Any] = {
    "User": "10001:10001",
    "Entrypoint": None,
    "Cmd": ["python", "-m", "product.serving"],
    "Healthcheck": {"Test": ["CMD", "python", "-m", "product.serving.health"]},
    "Labels": {
        "org.opencontainers.image.revision": "b" * 40,
        "org.opencontainers.image.version": "0.1.0",
        "goldenpath.model.digest": DIGEST,
    },
}


def faults(**changed: Any) -> dict[str, str]:
    """The messages of the gates that refuse the sound image with these changes."""
    judged = gates.of_image({"Config": SOUND | changed}, DIGEST)
    return {gate.name: gate.message for gate in judged if not gate.passed}


def test_a_sound_image_passes() -> None:
    assert faults() == {}


@pytest.mark.parametrize(
    ("changed", "gate", "words"),
    [
        ({"User": ""}, "user", "runs as root"),
        ({"User": "root"}, "user", "runs as root"),
        ({"User": "0:0"}, "user", "runs as root"),
        ({"User": "app"}, "user", "USER app is a name"),
        ({"Cmd": ["/bin/sh", "-c", "python -m product.serving"]}, "command", "starts through a shell"),
        ({"Entrypoint": ["bash", "start.sh"]}, "command", "starts through a shell"),
        ({"Cmd": None}, "command", "has no command"),
        ({"Healthcheck": None}, "health check", "has none"),
        ({"Healthcheck": {"Test": ["NONE"]}}, "health check", "has none"),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "curl -f localhost"]}}, "health check", "goes through a shell"),
        ({"Labels": None}, "labels", "does not say its org.opencontainers.image.revision"),
        (
            {"Labels": {**SOUND["Labels"], "goldenpath.model.digest": "sha256:old"}},
            "labels",
            "is labelled with the model sha256:old",
        ),
    ],
)
def test_each_fault_is_refused_in_its_own_words(changed: dict[str, Any], gate: str, words: str) -> None:
    found = faults(**changed)

    assert list(found) == [gate]
    assert words in found[gate]


@pytest.mark.parametrize(("added", "passes"), [(200_000_000, True), (201_000_000, False)])
def test_the_size_beyond_the_base_has_a_budget(added: int, passes: bool) -> None:
    gate = gates.size(100_000_000 + added, 100_000_000, 200)

    assert gate.passed is passes
    assert f"{added // 1_000_000} MB beyond the base, of 200 allowed" in gate.message
