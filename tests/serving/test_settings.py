from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.serving.settings import Settings, SettingsError, read


def test_what_is_not_set_or_empty_has_its_default() -> None:
    assert read({"MAX_ROWS": "", "AUTH": ""}) == Settings()


def test_variables_become_settings() -> None:
    found = read(
        {"ENVIRONMENT": "prod", "AUTH": "api-key", "API_KEYS_FILE": "/keys", "MAX_ROWS": "7", "REQUEST_SECONDS": "0.5"}
    )

    assert (found.environment, found.auth, found.api_keys_file) == ("prod", "api-key", Path("/keys"))
    assert (found.max_rows, found.request_seconds) == (7, 0.5)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"DRAIN_SECONDS": "nan"}, "DRAIN_SECONDS=nan: want seconds from 0 to 60."),
        ({"DRAIN_SECONDS": "61"}, "DRAIN_SECONDS=61: want seconds from 0 to 60."),
        ({"MAX_ROWS": "0"}, "MAX_ROWS=0: want rows from 1 to 100000."),
        ({"MAX_ROWS": "1.5"}, "MAX_ROWS=1.5: want rows from 1 to 100000."),
        ({"AUTH": "basic"}, "AUTH=basic: want one of none, api-key, jwt."),
        ({"ENVIRONMENT": "dev"}, "AUTH=none with ENVIRONMENT=dev"),
        ({"AUTH": "api-key"}, "AUTH=api-key needs API_KEYS_FILE"),
        ({"AUTH": "jwt", "JWT_KEYS_FILE": "/keys"}, "AUTH=jwt needs JWT_ISSUER and JWT_AUDIENCE"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace(".", r"\.")):
        read(variables)


def test_nobody_is_asked_on_a_laptop() -> None:
    assert read({"ENVIRONMENT": "local"}).auth == "none"
