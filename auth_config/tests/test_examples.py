"""The server code that is shown runs as it stands: its tokens sign in, its addresses lead to a real provider."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import ECKey, OKPKey, RSAKey

from auth_config import rules
from auth_config.examples import examples
from auth_config.section import EMPTY
from auth_config.tests.oidc import ROOT, node

CHANNEL = "chat_8f14e45f-ceea-467f-a9e5-9e5d8a5f9d11"
SECRET = "a shared secret of the tests, long enough"
ODD = 'it\'s "odd" \\ $x é </script>'


def run(language: str, code: str, folder: Path, **variables: str) -> Any:
    """What the sample leaves in `token` or `address`, and in the session."""
    if language == "python":
        file = folder / "sample.py"
        before = "import json, types\ncustomer = types.SimpleNamespace(id='42', first_name='Zoé', last_name='Roy')\nsession = {}\n"
        after = "\nprint(json.dumps([globals().get('token') or address, session]))\n"
        command = [sys.executable, str(file)]
    else:
        file = folder / "sample.mjs"
        before = (
            "const customer = {id: '42', firstName: 'Zoé', lastName: 'Roy'}; const req = {session: {}};\n"
        )
        after = (
            "\nconsole.log(JSON.stringify([typeof token === 'undefined' ? address : token, req.session]));\n"
        )
        # Where it would be installed beside the site's own code.
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        command = [node(), str(file)]
    file.write_text(before + code + after, encoding="utf-8")
    done = subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sample(section: dict[str, Any], language: str) -> str:
    return next(one.code for one in examples(1009, CHANNEL, section) if one.key == language)


# Sites' libraries still sign under the former name of the algorithm (RFC 9864).
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.parametrize("kind", ["shared", "RSA", "EC", "OKP"])
def test_a_token_of_the_sample_signs_in(tmp_path: Path, language: str, kind: str) -> None:
    keys: dict[str, RSAKey | ECKey | OKPKey] = {
        "RSA": RSAKey.generate_key(2048),
        "EC": ECKey.generate_key("P-256"),
        "OKP": OKPKey.generate_key("Ed25519"),
    }
    section = copy.deepcopy(EMPTY) | {"mode": "jwt"}
    section["jwt"] |= {"issuer": ODD, "secrets": [SECRET]}
    variables = {"CHAT_SIGNING_SECRET": SECRET}
    if kind != "shared":
        section["jwt"] |= {"algorithm": "public", "public_keys": keys[kind].as_pem(private=False).decode()}
        variables = {"CHAT_PRIVATE_KEY": keys[kind].as_pem(private=True).decode()}
    token, _session = run(language, sample(section, language), tmp_path, **variables)
    claims = rules.read_token(section["jwt"], token, channel=CHANNEL, now=time.time())
    assert rules.person(section["mapping"], claims).customer == "42"
    assert (claims["given_name"], claims["family_name"], claims["iss"]) == ("Zoé", "Roy", ODD)
    assert rules.ticket(claims, token).startswith("jti:")


@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.parametrize("pkce", [False, True])
def test_the_address_of_the_sample_asks_for_a_code(tmp_path: Path, language: str, pkce: bool) -> None:
    section = copy.deepcopy(EMPTY) | {"mode": "oauth"}
    section["oauth"] |= {
        "client_id": ODD, "redirect_uri": "https://www.example.com/callback?a=b&c='d'", "pkce": pkce,
        "sign_in_endpoint": "https://login.example.com/authorize", "scopes": "openid profile",
    }  # fmt: skip
    address, session = run(language, sample(section, language), tmp_path)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
    challenge = {
        "code_challenge": create_s256_code_challenge(session["verifier"]), "code_challenge_method": "S256",
    } if pkce else {}  # fmt: skip
    assert asked == {
        "response_type": "code", "client_id": ODD, "redirect_uri": section["oauth"]["redirect_uri"],
        "scope": "openid profile", "state": session["state"], "prompt": "none", **challenge,
    }  # fmt: skip
    page = sample(section, "page")
    assert ("authorizationCode, codeVerifier" in page) is pkce


def test_a_text_stays_within_its_string_in_every_language_and_no_mark_is_left() -> None:
    for mode, group in (("jwt", {"issuer": ODD}), ("oauth", {"client_id": ODD, "pkce": True})):
        section = copy.deepcopy(EMPTY) | {"mode": mode}
        section[mode] |= group
        made = {one.key: one.code for one in examples(1009, CHANNEL, section)}
        assert list(made) == ["page", "python", "php", "node", "csharp"]
        assert "'it\\'s \"odd\" \\\\ $x é </script>'" in made["php"]
        assert '"it\'s \\"odd\\" \\\\ $x é </script>"' in made["csharp"]
        for code in made.values():
            assert not any(f"%{name}%" in code for name in ("IMPORT", "MAKE", "SEND", "CHANNEL", "ISSUER"))
        assert made["php"].count("%") == made["csharp"].count("%") == 0
