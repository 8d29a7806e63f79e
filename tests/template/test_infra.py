"""The infrastructure for the S3 remote, as far as it can be judged without a cloud: language, layout and rules.

No provider can be had from a package registry, so nothing here is planned or applied.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.template.generation import generate

Blocks = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def infra(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(template, tmp_path_factory.mktemp("infra"), data_remote="s3") / "infra"


def parsed(folder: Path) -> Blocks:
    """Every resource and every document of a policy, by type and name, with what stands in it."""
    found: Blocks = {}
    for path in sorted(folder.glob("*.tf")):
        content = hcl2.loads(path.read_text(encoding="utf-8"))
        for kind in ("resource", "data"):
            for block in content.get(kind, []):
                [(kind_name, named)] = block.items()
                [(name, body)] = named.items()
                found[f"{kind_name}.{name}".replace('"', "")] = json.loads(json.dumps(body).replace('\\"', ""))
    return found


def is_versioned(found: Blocks) -> bool:
    return "Enabled" in str(found.get("aws_s3_bucket_versioning.data"))


def is_encrypted(found: Blocks) -> bool:
    return "aws:kms" in str(found.get("aws_s3_bucket_server_side_encryption_configuration.data"))


def is_private(found: Blocks) -> bool:
    block = found.get("aws_s3_bucket_public_access_block.data", {})
    names = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    return all(block.get(name) is True for name in names)


def refuses_plain_text(found: Blocks) -> bool:
    text = str(found.get("aws_iam_policy_document.tls_only"))
    return (
        "Deny" in text
        and "aws:SecureTransport" in text
        and "tls_only.json" in str(found.get("aws_s3_bucket_policy.data"))
    )


def keeps_tags(found: Blocks) -> bool:
    return found.get("aws_ecr_repository.image", {}).get("image_tag_mutability") == "IMMUTABLE"


def grants_no_more_than_needed(found: Blocks) -> bool:
    granted = [name for name in found if re.fullmatch(r"aws_iam_policy_document\.(read|write)", name)]
    statements = [item for name in granted for item in found[name]["statement"]]
    actions = [action for item in statements for action in item["actions"]]
    wide = [item for item in statements if item["resources"] == ["*"]]
    return (
        len(granted) == 2
        and not any("*" in action or "Delete" in action for action in actions)
        and [item["actions"] for item in wide] == [["ecr:GetAuthorizationToken"]]
    )


def trusts_only_this_repository(found: Blocks) -> bool:
    text = str(found.get("aws_iam_policy_document.trust"))
    return "actions.githubusercontent.com:sub" in text and "actions.githubusercontent.com:aud" in text


RULES: list[tuple[Callable[[Blocks], bool], str, str, str]] = [
    (is_versioned, "main.tf", 'status = "Enabled"\n  }', 'status = "Suspended"\n  }'),
    (is_encrypted, "main.tf", '"aws:kms"', '"none"'),
    (is_private, "main.tf", "block_public_policy     = true", "block_public_policy     = false"),
    (refuses_plain_text, "main.tf", '"Deny"', '"Allow"'),
    (keeps_tags, "main.tf", '"IMMUTABLE"', '"MUTABLE"'),
    (grants_no_more_than_needed, "main.tf", '"s3:PutObject"', '"s3:*"'),
    (grants_no_more_than_needed, "main.tf", "[aws_ecr_repository.image.arn]", '["*"]'),
    (trusts_only_this_repository, "main.tf", "token.actions.githubusercontent.com:sub", "other"),
]


@pytest.mark.parametrize(("rule", "file", "old", "new"), RULES)
def test_a_rule_holds_and_notices_when_it_is_broken(
    infra: Path, tmp_path: Path, rule: Callable[[Blocks], bool], file: str, old: str, new: str
) -> None:
    shutil.copytree(infra, tmp_path / "infra")
    path = tmp_path / "infra" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    assert rule(parsed(infra))
    assert not rule(parsed(tmp_path / "infra"))


def test_only_projects_with_this_remote_have_it(template: Path, tmp_path: Path) -> None:
    assert not (generate(template, tmp_path) / "infra").exists()


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed, so its layout is not judged")
def test_is_laid_out_as_terraform_does(infra: Path) -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(infra)], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
