from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from goldenpath.serving import auth
from goldenpath.serving.rest.api_key import made
from goldenpath.serving.rest.http_errors import Refused
from goldenpath.serving.settings import Settings, SettingsError

ISSUER, AUDIENCE = "https://id.example.com", "flights"
SIGNING = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
PRIVATE: dict[str, Any] = ECAlgorithm.to_jwk(SIGNING, as_dict=True)
OCT = {"kty": "oct", "alg": "HS256"}


def claims(**changes: Any) -> dict[str, Any]:
    found = {"iss": ISSUER, "aud": AUDIENCE, "sub": "shop", "exp": time.time() + 60}
    return {name: value for name, value in (found | changes).items() if value is not None}


def token(key: Any = SIGNING, algorithm: str = "ES256", kid: str = "one", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, {"kid": kid})


def public(key: Any = SIGNING, **more: str) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "one"} | more


@pytest.fixture
def key_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "keys"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def tokens(key_file: Callable[[str], Path]) -> auth.Callers:
    path = key_file(json.dumps({"keys": [public(use="sig"), {"kid": "x", "use": "enc", "kty": "?"}]}))
    return auth.callers(Settings(auth="jwt", jwt_keys_file=path, jwt_issuer=ISSUER, jwt_audience=AUDIENCE))


def bearer(text: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {text}".encode()}


def test_a_caller_is_known_by_each_of_its_keys(key_file: Callable[[str], Path]) -> None:
    (old, old_line), (new, new_line) = made("shop"), made("shop")
    callers = auth.callers(Settings(auth="api-key", api_keys_file=key_file(f"# rotated\n{old_line}\n{new_line}\n")))

    assert [callers.name({b"x-api-key": key.encode()}) for key in (old, new)] == ["shop", "shop"]


@pytest.mark.parametrize("headers", [{}, {b"x-api-key": b""}, {b"x-api-key": b"guess"}])
def test_a_caller_without_a_known_key_is_refused(key_file: Callable[[str], Path], headers: dict[bytes, bytes]) -> None:
    callers = auth.callers(Settings(auth="api-key", api_keys_file=key_file(made("shop")[1])))

    with pytest.raises(Refused) as refusal:
        callers.name(headers)

    assert (refusal.value.status, refusal.value.headers) == (401, ((b"www-authenticate", b"ApiKey"),))


@pytest.mark.parametrize("text", ["", "# none yet\n"])
def test_a_file_without_a_key_is_refused(key_file: Callable[[str], Path], text: str) -> None:
    with pytest.raises(SettingsError, match=r"API_KEYS_FILE=.*: holds no key"):
        auth.callers(Settings(auth="api-key", api_keys_file=key_file(text)))


@pytest.mark.parametrize("line", ["gp-5EcReT", "shop gp-5EcReT", f"gp-5EcReT {'0' * 63}"])
def test_a_line_that_may_be_a_key_is_told_by_its_number(key_file: Callable[[str], Path], line: str) -> None:
    with pytest.raises(SettingsError, match=r"API_KEYS_FILE=.*: line 3: want a name and the SHA-256") as refusal:
        auth.callers(Settings(auth="api-key", api_keys_file=key_file(f"{made('shop')[1]}\n\n{line}\n")))

    assert "5EcReT" not in str(refusal.value)


def test_a_file_of_keys_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        auth.callers(Settings(auth="api-key", api_keys_file=tmp_path / "none"))


def test_a_signed_token_tells_its_subject_again_and_again(tokens: auth.Callers) -> None:
    headers = bearer(token())

    assert [tokens.name(headers), tokens.name(headers)] == ["shop", "shop"]


def unsigned() -> str:
    return jwt.encode(claims(), None, "none", {"kid": "one"})


def signed_by_a_word() -> str:
    return jwt.encode(claims(), "a" * 32, "HS256", {"kid": "one"})


@pytest.mark.parametrize(
    "text",
    [
        lambda: token(STRANGER),
        lambda: token(kid="two"),
        lambda: token(exp=time.time() - 60),
        lambda: token(iss="https://elsewhere.example.com"),
        lambda: token(aud="another"),
        *[partial(token, **{name: None}) for name in ("exp", "iss", "aud", "sub")],
        signed_by_a_word,
        unsigned,
        *[lambda text=text: text for text in ("no.token", "\x00", "")],
    ],
)
def test_a_token_that_proves_nothing_is_refused(tokens: auth.Callers, text: Callable[[], str]) -> None:
    with pytest.raises(Refused) as refusal:
        tokens.name(bearer(text()))

    assert refusal.value.status == 401


def test_a_token_that_was_good_is_refused_once_it_is_over(
    tokens: auth.Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(token(exp=time.time() - 60))
    monkeypatch.setattr(auth, "LEEWAY_SECONDS", 3600)
    assert tokens.name(headers) == "shop"

    monkeypatch.setattr(auth, "LEEWAY_SECONDS", 0)  # as if an hour had gone by

    with pytest.raises(Refused):
        tokens.name(headers)


def wrong_algorithm() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {"keys": [RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"alg": "HS256"}]}


@pytest.mark.parametrize(
    "keys",
    [
        *["no JSON", "[]", "{}", {"keys": []}],
        *[{"keys": [{"k": "c2VjcmV0", **more}]} for more in ({}, OCT, OCT | {"alg": "none-of-them"})],
        {"keys": [PRIVATE]},
        wrong_algorithm,
    ],
)
def test_keys_that_could_sign_or_are_none_are_refused(key_file: Callable[[str], Path], keys: Any) -> None:
    text = keys if isinstance(keys, str) else json.dumps(keys() if callable(keys) else keys)
    settings = Settings(auth="jwt", jwt_keys_file=key_file(text), jwt_issuer=ISSUER, jwt_audience=AUDIENCE)

    with pytest.raises(SettingsError, match="JWT_KEYS_FILE") as refusal:
        auth.callers(settings)

    assert "c2VjcmV0" not in str(refusal.value)
    assert PRIVATE["d"] not in str(refusal.value)
