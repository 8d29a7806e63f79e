"""What differs between environments: environment variables, read once, when the service starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from goldenpath.project.errors import ProjectError

Auth = Literal["none", "api-key", "jwt"]

OPEN_ENVIRONMENT = "local"
"""Where a service may answer without asking who is there."""
MOST_DRAIN_SECONDS = 60
MIB = 1 << 20
OFF = "off"
"""What stands for no file and no folder, as an empty value does."""
REDIS_URL = (
    "redis://host:port/0, or redis://name:password@host:port/0, where a password's /, # and @ are written %2F, %23 and "
    "%40. What was given may hold a password, so it is not shown"
)
"""The URL of a Redis server, as errors ask for it."""


class SettingsError(ProjectError):
    """A setting cannot be used; the message says which, and what is wanted."""


@dataclass(frozen=True)
class Settings:
    """How the service runs. Each attribute is the environment variable of its name in capitals.

    Attributes:
        environment: Where it runs: ``local``, or an environment of golden-path.yaml.
        auth: How callers prove who they are; ``none`` only in ``OPEN_ENVIRONMENT``.
        api_keys_file: Names and digests of the keys, for ``api-key``; see :mod:`.auth`.
        jwt_keys_file: The issuer's public keys as a JSON Web Key Set, for ``jwt``.
        jwt_issuer: The ``iss`` that a token must have.
        jwt_audience: The ``aud`` that a token must have.
        max_body_bytes: The largest body of a request.
        max_rows: Most rows of a request; more belong into a batch.
        max_concurrent: Most requests that are answered at once; others are told to come back.
        request_seconds: How long the head, the body and the answer of a request may take, each.
        drain_seconds: How long to serve on after SIGTERM.
        prediction_log: The folder of the prediction log; None keeps none.
        prediction_log_key_file: The key of hashes in it.
        variant: What metrics and log call the model that answers.
        routes: The plan of an experiment, which lets a second model answer or look on; see :mod:`.routing`.
        cache: Where answers are kept for who asks the same again; see :mod:`.cache`.
    """

    environment: str = "local"
    auth: Auth = "none"
    api_keys_file: Path | None = None
    jwt_keys_file: Path | None = None
    jwt_issuer: str = ""
    jwt_audience: str = ""
    max_body_bytes: int = MIB
    max_rows: int = 1000
    max_concurrent: int = 64
    request_seconds: float = 2.0
    drain_seconds: float = 0.0
    prediction_log: Path | None = None
    prediction_log_key_file: Path | None = None
    variant: str = "champion"
    routes: Path | None = None
    cache: str = "memory"


def read(variables: Mapping[str, str]) -> Settings:
    """Read settings; what is not set, or empty, has its default.

    Raises:
        SettingsError: A value cannot be used, or one that it needs is missing.
    """
    given = _Given(variables)
    default = Settings()
    auth = variables.get("AUTH") or default.auth
    if auth not in get_args(Auth):
        raise SettingsError(f"AUTH={auth}: want one of {', '.join(get_args(Auth))}.")
    settings = Settings(
        environment=variables.get("ENVIRONMENT") or default.environment,
        auth=auth,  # type: ignore[arg-type]  # compared above
        api_keys_file=given.path("API_KEYS_FILE"),
        jwt_keys_file=given.path("JWT_KEYS_FILE"),
        jwt_issuer=variables.get("JWT_ISSUER", ""),
        jwt_audience=variables.get("JWT_AUDIENCE", ""),
        max_body_bytes=int(given.number("MAX_BODY_BYTES", "bytes", 1024, 64 * MIB, default.max_body_bytes)),
        max_rows=int(given.number("MAX_ROWS", "rows", 1, 100_000, default.max_rows)),
        max_concurrent=int(given.number("MAX_CONCURRENT", "requests", 1, 10_000, default.max_concurrent)),
        request_seconds=given.number("REQUEST_SECONDS", "seconds", 0.1, 60, default.request_seconds),
        drain_seconds=given.number("DRAIN_SECONDS", "seconds", 0, MOST_DRAIN_SECONDS, default.drain_seconds),
        prediction_log=given.path("PREDICTION_LOG"),
        prediction_log_key_file=given.path("PREDICTION_LOG_KEY_FILE"),
        variant=variables.get("VARIANT") or default.variant,
        routes=given.path("ROUTES"),
        cache=variables.get("CACHE") or default.cache,
    )
    _check_auth(settings)
    if settings.routes and settings.variant != default.variant:
        raise SettingsError(f"VARIANT={settings.variant} with ROUTES={settings.routes}: the plan names the variants.")
    return settings


class _Given:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def path(self, name: str) -> Path | None:
        text = self._variables.get(name, "")
        return None if text in ("", OFF) else Path(text)

    def number(self, name: str, unit: str, least: float, most: float, default: float) -> float:
        text = self._variables.get(name) or str(default)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most or (isinstance(default, int) and value != int(value)):
            raise SettingsError(f"{name}={text}: want {unit} from {least} to {most}.")
        return value


def _check_auth(settings: Settings) -> None:
    needed: dict[Auth, dict[str, object]] = {
        "none": {},
        "api-key": {"API_KEYS_FILE": settings.api_keys_file},
        "jwt": {
            "JWT_KEYS_FILE": settings.jwt_keys_file,
            "JWT_ISSUER": settings.jwt_issuer,
            "JWT_AUDIENCE": settings.jwt_audience,
        },
    }
    if settings.auth == "none" and settings.environment != OPEN_ENVIRONMENT:
        raise SettingsError(
            f"AUTH=none with ENVIRONMENT={settings.environment}: anybody could ask the model. Set AUTH to api-key or "
            f"jwt; none is for {OPEN_ENVIRONMENT}."
        )
    lacking = [name for name, value in needed[settings.auth].items() if not value]
    if lacking:
        raise SettingsError(f"AUTH={settings.auth} needs {' and '.join(lacking)}: see docs/how-to/serving.md.")
