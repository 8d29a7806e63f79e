"""What an image has to hold, read from what Docker says of it; nothing is started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from goldenpath.delivery.image.identity import MODEL_DIGEST, REVISION, VERSION

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Gate:
    """The verdict of one gate.

    Attributes:
        name: The gate.
        passed: Whether it lets the image through.
        message: What was found, with the limit; where it fails, how to mend it.
    """

    name: str
    passed: bool
    message: str


def of_image(inspected: dict[str, Any], model_digest: str) -> Iterator[Gate]:
    """The gates that an image's configuration decides.

    Args:
        inspected: What ``docker image inspect`` says of the image.
        model_digest: The digest of the project's model, ``sha256:…``.
    """
    config: dict[str, Any] = inspected["Config"]
    yield _user(str(config.get("User") or ""))
    yield _command([*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])])
    yield _health_check((config.get("Healthcheck") or {}).get("Test") or [])
    yield _labels(config.get("Labels") or {}, model_digest)


def size(image_bytes: int, base_bytes: int, most_mb: float) -> Gate:
    """What the image adds to its base, against the budget.

    Args:
        image_bytes: Size of all layers, unpacked.
        base_bytes: Size of the base's layers, unpacked.
        most_mb: The budget in megabytes (10⁶ bytes).
    """
    added = (image_bytes - base_bytes) / MEGABYTE
    message = f"{added:.0f} MB beyond the base, of {most_mb:g} allowed by params.yaml: container.image_mb"
    if added <= most_mb:
        return Gate("size", True, message)
    return Gate("size", False, f"{message}. `docker history` shows the layer; drop what serving does not need")


def _user(user: str) -> Gate:
    number = user.partition(":")[0]
    if number.isdecimal() and int(number) > 0:
        return Gate("user", True, f"runs as {user}")
    if not number or number in ("0", "root"):
        return Gate("user", False, f"runs as root: want a line `USER 10001:10001`, found {user or 'none'}")
    return Gate("user", False, f"USER {user} is a name: Kubernetes can tell only from a number that it is not root")


def _command(words: list[str]) -> Gate:
    if not words:
        return Gate("command", False, 'has no command: want a line CMD ["python", …]')
    program = words[0].rpartition("/")[2]
    if program in ("sh", "bash", "dash", "ash"):
        shown = " ".join(words)
        return Gate(
            "command",
            False,
            f"starts through a shell, which keeps SIGTERM from the service: want words in brackets, found `{shown}`",
        )
    return Gate("command", True, " ".join(words))


def _health_check(test: list[str]) -> Gate:
    if not test or test == ["NONE"]:
        return Gate("health check", False, 'has none: want a line HEALTHCHECK … CMD ["python", …]')
    if test[0] != "CMD":
        found = " ".join(test[1:])
        return Gate("health check", False, f"goes through a shell: want words in brackets, found `{found}`")
    return Gate("health check", True, " ".join(test[1:]))


def _labels(labels: dict[str, str], model_digest: str) -> Gate:
    if missing := [name for name in (REVISION, VERSION, MODEL_DIGEST) if not labels.get(name)]:
        return Gate("labels", False, f"does not say its {', '.join(missing)}: build it with `goldenpath image build`")
    if labels[MODEL_DIGEST] != model_digest:
        words = f"is labelled with the model {labels[MODEL_DIGEST][:19]}, the project's is {model_digest[:19]}"
        return Gate("labels", False, f"{words}: run `goldenpath image build`")
    names = f"revision {labels[REVISION][:12]}, version {labels[VERSION]}, model {model_digest[:19]}"
    return Gate("labels", True, names)
