"""Who is there: an API key, or a token that an identity provider has signed.

``AUTH=api-key``: the header ``X-API-Key``. The file of keys has one line per key, ``name sha256``: keys themselves are
nowhere but with their callers. Two lines of one name let a caller change keys without a gap. Keys are random, 256 bits
long (``goldenpath api-key``), so a plain SHA-256 cannot be turned back; it would not do for passwords.

``AUTH=jwt``: the header ``Authorization: Bearer``. A token must be signed by a key of the file, with that key's own
algorithm, and name the issuer, the audience, a subject and an expiry that is not over.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt import PyJWK

from goldenpath.serving.rest.http_errors import Refused, refused
from goldenpath.serving.settings import Settings, SettingsError

ALGORITHMS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""Signatures that are accepted, with the kind of key: public keys only, so that nothing here could sign a token."""
ALGORITHM_OF_KIND = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""For keys that do not say which algorithm they are for."""
LEEWAY_SECONDS = 10
"""How far two clocks may be apart."""
REMEMBERED = 1024
"""Tokens whose signature was checked already: checking one takes as long as a prediction."""
_KEY_LINE = re.compile(r"([A-Za-z0-9][\w.-]{0,63})\s+([0-9a-f]{64})")

Headers = Mapping[bytes, bytes]


class Callers(Protocol):
    """Tells who asks."""

    def name(self, headers: Headers) -> str:
        """The caller's name.

        Raises:
            Refused: With status 401, where the headers do not prove who asks.
        """
        ...


def callers(settings: Settings) -> Callers:
    """Who may ask, by the settings.

    Raises:
        SettingsError: A file of keys cannot be used.
    """
    if settings.auth == "api-key" and settings.api_keys_file:
        return ApiKeys(_read(settings.api_keys_file, "API_KEYS_FILE"), settings.api_keys_file)
    if settings.auth == "jwt" and settings.jwt_keys_file:
        keys = _read(settings.jwt_keys_file, "JWT_KEYS_FILE")
        return Tokens(keys, settings.jwt_keys_file, settings.jwt_issuer, settings.jwt_audience)
    return Anybody()


class Anybody:
    """Everybody may ask, and nobody has a name."""

    def name(self, headers: Headers) -> str:  # noqa: ARG002  # whatever they hold
        """No name."""
        return ""


class ApiKeys:
    """Callers that have a key."""

    def __init__(self, text: str, path: Path) -> None:
        self._keys: list[tuple[str, bytes]] = []
        for number, line in enumerate(text.splitlines(), 1):
            if not (told := line.split("#")[0].strip()):
                continue
            if (match := _KEY_LINE.fullmatch(told)) is None:  # its words may be a key
                raise SettingsError(
                    f"API_KEYS_FILE={path}: line {number}: want a name and the SHA-256 of a key, as "
                    "`goldenpath api-key caller` tells them."
                )
            self._keys.append((match[1], bytes.fromhex(match[2])))
        if not self._keys:
            raise SettingsError(f"API_KEYS_FILE={path}: holds no key. Make one: goldenpath api-key caller")

    def name(self, headers: Headers) -> str:
        """The name beside the key's digest; every digest is compared, each in constant time."""
        given = hashlib.sha256(headers.get(b"x-api-key", b"")).digest()
        name = ""
        for owner, digest in self._keys:
            if hmac.compare_digest(digest, given):
                name = owner
        if not name:
            raise _unknown("want a key in the header X-API-Key", b"ApiKey")
        return name


class Tokens:
    """Callers that an identity provider has given a token."""

    def __init__(self, text: str, path: Path, issuer: str, audience: str) -> None:
        self._issuer, self._audience = issuer, audience
        self._seen: dict[bytes, tuple[str, float]] = {}
        try:
            keys = [item for item in json.loads(text)["keys"] if item.get("use", "sig") == "sig"]
            algorithms = [_algorithm(item, path) for item in keys]  # before errors that show a key whole
            self._keys = {
                item.get("kid"): (PyJWK.from_dict(item), algorithm)
                for item, algorithm in zip(keys, algorithms, strict=True)
            }
        except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
            if isinstance(error, SettingsError):
                raise
            raise SettingsError(f"JWT_KEYS_FILE={path}: is no JSON Web Key Set: {error}") from error
        if not self._keys:
            raise SettingsError(f"JWT_KEYS_FILE={path}: holds no key that signs.")

    def name(self, headers: Headers) -> str:
        """The token's subject."""
        kind, _, text = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not text:
            raise _unknown("want a token in the header Authorization: Bearer", b"Bearer")
        mark = hashlib.sha256(text).digest()
        subject, expires = self._seen.get(mark, ("", 0.0))
        if time.time() < expires + LEEWAY_SECONDS:
            return subject
        claims = self._checked(text)
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[mark] = (str(claims["sub"]), float(claims["exp"]))
        return str(claims["sub"])

    def _checked(self, text: bytes) -> Mapping[str, Any]:
        try:
            key, algorithm = self._keys[jwt.get_unverified_header(text).get("kid")]
            claims: Mapping[str, Any] = jwt.decode(
                text,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except KeyError:
            raise _unknown("the token is signed by an unknown key", b'Bearer error="invalid_token"') from None
        except (jwt.PyJWTError, ValueError) as error:
            words = str(error) if isinstance(error, jwt.PyJWTError) else "is no token"
            raise _unknown(f"the token is refused: {words}", b'Bearer error="invalid_token"') from None
        return claims


def _algorithm(item: Mapping[str, Any], path: Path) -> str:
    """The one signature that a key is for."""
    algorithm = str(item.get("alg") or ALGORITHM_OF_KIND.get(str(item.get("kty")), ""))
    if algorithm not in ALGORITHMS or ALGORITHMS[algorithm] != item.get("kty") or "d" in item:
        raise SettingsError(
            f"JWT_KEYS_FILE={path}: key {item.get('kid')}: want the public half of a key for one of "
            f"{', '.join(ALGORITHMS)}."
        )
    return algorithm


def _unknown(message: str, challenge: bytes) -> Refused:
    return refused(401, "unauthorized", "credentials", message, (b"www-authenticate", challenge))


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "is no text"
        raise SettingsError(f"{name}={path}: cannot be read: {words}.") from error
