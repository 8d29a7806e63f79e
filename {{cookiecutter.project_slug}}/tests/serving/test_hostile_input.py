"""Whatever is sent, the service answers by its document, and never with a fault of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from running_service import Start
from schemathesis import GenerationMode

from {{ cookiecutter.package_name }}.release.api_key import made

EXAMPLES = 30
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_predict_keeps_its_document_whatever_is_sent(start: Start, tmp_path: Path, mode: GenerationMode) -> None:
    key, line = made("schemathesis")
    (tmp_path / "keys").write_text(line)
    service = start(AUTH="api-key", API_KEYS_FILE=str(tmp_path / "keys"))
    headers = {"X-API-Key": key}
    document = schemathesis.openapi.from_url(f"http://127.0.0.1:{service.port}/openapi.json", headers=headers)

    @QUIET
    @given(case=document["/predict"]["POST"].as_strategy(generation_mode=mode))
    def is_answered_by_the_document(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers)

    is_answered_by_the_document()
