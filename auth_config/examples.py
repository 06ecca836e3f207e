"""The lines a webmaster adds for a signed-in customer, and server code that makes the code or token they carry.

The samples are whole: with a customer and the environment's variables they run as they stand. The tests run Python's and Node's;
PHP's were run by hand, for each kind of key and with and without PKCE (PHP 8.2, firebase/php-jwt 7.0.5); C#'s were only read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from areas.contract import Section
from auth_config import rules


@dataclass(frozen=True)
class Example:
    """`key` is unique on a page; `title` a language's or platform's name."""

    key: str
    title: str
    code: str


def snippet(brand: int, channel: str, mode: str, *, pkce: bool = False) -> str:
    """The four lines of a page. In cookie and anonymous mode there is no code to hand over."""
    lines = [f"cxone('init', '{brand}');"]
    if mode in {rules.OAUTH, rules.JWT}:
        what = "the one-time code of your provider" if mode == rules.OAUTH else "the token your server signed"
        given = "authorizationCode, codeVerifier" if mode == rules.OAUTH and pkce else "authorizationCode"
        lines += [
            f"// {what}, new for each page; before chat init",
            f"cxone('chat', 'setAuthorizationCode', {given});",
        ]
    lines.append(f"cxone('chat', 'init', {brand}, '{channel}');")
    return "\n".join(lines)


def examples(brand: int, channel: str, section: Section) -> list[Example]:
    """The snippet, then server code in four languages for the modes that want it; [] when nothing is to be added."""
    mode = section["mode"]
    if mode not in {rules.OAUTH, rules.JWT}:
        return []
    oauth = section["oauth"]
    page = snippet(brand, channel, mode, pkce=oauth["pkce"])
    made = [Example("page", "HTML", f"<script>\n{page}\n</script>")]
    sources = _CODE
    parts = _PKCE if oauth["pkce"] else {}
    if mode == rules.JWT:
        sources, parts = _JWT, _KEYS[_kind(section["jwt"])]
    values = {
        "CHANNEL": channel,
        "CLIENT": oauth["client_id"] or "your-client-id",
        "REDIRECT": oauth["redirect_uri"] or "https://www.example.com/callback",
        "SIGN_IN": oauth["sign_in_endpoint"] or "https://login.example.com/authorize",
        "SCOPES": oauth["scopes"],
        "ISSUER": section["jwt"]["issuer"] or "https://www.example.com",
    }
    for key, title, code in sources:
        if key in parts.get("without", ()):
            continue
        text = code
        for name in ("IMPORT", "MAKE", "SEND"):
            text = text.replace(f"%{name}%", parts.get(f"{key} {name}", ""))
        for name, value in values.items():
            text = text.replace(f"%{name}%", _quoted(key, value))
        made.append(Example(key, title, text))
    return made


def _kind(settings: Section) -> str:
    """Whose key signs: "shared", or the kind of the first public key ("RSA", "EC", "OKP")."""
    if settings["algorithm"] == "shared":
        return "shared"
    try:
        return str(rules.public_keys(settings["public_keys"])[0].key_type)
    except rules.BadKeys:
        return "RSA"


def _quoted(language: str, value: str) -> str:
    """Inside a string of the language: PHP's with single quotes, the others' with double ones."""
    if language == "php":
        return value.replace("\\", "\\\\").replace("'", "\\'")
    return json.dumps(value, ensure_ascii=False)[1:-1]


_JWT = (
    (
        "python",
        "Python",
        """import os, time, uuid
from joserfc import jwt  # pip install joserfc
%IMPORT%

now = int(time.time())
token = jwt.encode(
    %SEND%,
    {"sub": customer.id, "given_name": customer.first_name, "family_name": customer.last_name,
     "aud": "%CHANNEL%", "iss": "%ISSUER%", "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())},
    %MAKE%,
)""",
    ),
    (
        "php",
        "PHP",
        """use Firebase\\JWT\\JWT;  // composer require firebase/php-jwt

$token = JWT::encode([
    'sub' => $customer->id, 'given_name' => $customer->firstName, 'family_name' => $customer->lastName,
    'aud' => '%CHANNEL%', 'iss' => '%ISSUER%', 'iat' => time(), 'exp' => time() + 300,
    'jti' => bin2hex(random_bytes(16)),
], %MAKE%, %SEND%);""",
    ),
    (
        "node",
        "Node",
        """import { randomUUID } from "node:crypto";
import { %IMPORT% } from "jose";  // npm install jose

const token = await new SignJWT({ given_name: customer.firstName, family_name: customer.lastName })
  .setProtectedHeader({ alg: "%SEND%" })
  .setSubject(customer.id).setAudience("%CHANNEL%").setIssuer("%ISSUER%")
  .setIssuedAt().setExpirationTime("5 minutes").setJti(randomUUID())
  .sign(%MAKE%);""",
    ),
    (
        "csharp",
        "C#",
        """using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;  // dotnet add package Microsoft.IdentityModel.JsonWebTokens
using Microsoft.IdentityModel.Tokens;

%MAKE%
var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor {
    Audience = "%CHANNEL%", Issuer = "%ISSUER%", Expires = DateTime.UtcNow.AddMinutes(5),
    Claims = new Dictionary<string, object> {
        ["sub"] = customer.Id, ["given_name"] = customer.FirstName, ["family_name"] = customer.LastName,
        ["jti"] = Guid.NewGuid().ToString(),
    },
    SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.%SEND%),
});""",
    ),
)

# What signs, by the kind of key the channel trusts; private keys as PEM in CHAT_PRIVATE_KEY.
_KEYS = {
    "shared": {
        "python IMPORT": "from joserfc.jwk import OctKey",
        "python SEND": '{"alg": "HS256"}',
        "python MAKE": 'OctKey.import_key(os.environ["CHAT_SIGNING_SECRET"])',
        "php MAKE": "getenv('CHAT_SIGNING_SECRET')",
        "php SEND": "'HS256'",
        "node IMPORT": "SignJWT",
        "node SEND": "HS256",
        "node MAKE": "new TextEncoder().encode(process.env.CHAT_SIGNING_SECRET)",
        "csharp MAKE": 'var key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("CHAT_SIGNING_SECRET")!));',
        "csharp SEND": "HmacSha256",
    },
    "RSA": {
        "python IMPORT": "from joserfc.jwk import RSAKey",
        "python SEND": '{"alg": "RS256"}',
        "python MAKE": 'RSAKey.import_key(os.environ["CHAT_PRIVATE_KEY"])',
        "php MAKE": "getenv('CHAT_PRIVATE_KEY')",
        "php SEND": "'RS256'",
        "node IMPORT": "importPKCS8, SignJWT",
        "node SEND": "RS256",
        "node MAKE": 'await importPKCS8(process.env.CHAT_PRIVATE_KEY, "RS256")',
        "csharp MAKE": """var rsa = RSA.Create();
rsa.ImportFromPem(Environment.GetEnvironmentVariable("CHAT_PRIVATE_KEY")!);
var key = new RsaSecurityKey(rsa);""",
        "csharp SEND": "RsaSha256",
    },
    "EC": {
        "python IMPORT": "from joserfc.jwk import ECKey",
        "python SEND": '{"alg": "ES256"}',
        "python MAKE": 'ECKey.import_key(os.environ["CHAT_PRIVATE_KEY"])',
        "php MAKE": "getenv('CHAT_PRIVATE_KEY')",
        "php SEND": "'ES256'",
        "node IMPORT": "importPKCS8, SignJWT",
        "node SEND": "ES256",
        "node MAKE": 'await importPKCS8(process.env.CHAT_PRIVATE_KEY, "ES256")',
        "csharp MAKE": """var ec = ECDsa.Create();
ec.ImportFromPem(Environment.GetEnvironmentVariable("CHAT_PRIVATE_KEY")!);
var key = new ECDsaSecurityKey(ec);""",
        "csharp SEND": "EcdsaSha256",
    },
    # .NET has no Ed25519, and the PHP library wants the key in another form.
    "OKP": {
        "python IMPORT": "from joserfc.jwk import OKPKey",
        "python SEND": '{"alg": "Ed25519"}',
        "python MAKE": 'OKPKey.import_key(os.environ["CHAT_PRIVATE_KEY"]), algorithms=["Ed25519"]',
        "node IMPORT": "importPKCS8, SignJWT",
        "node SEND": "EdDSA",
        "node MAKE": 'await importPKCS8(process.env.CHAT_PRIVATE_KEY, "EdDSA")',
        "without": "php csharp",
    },
}

# The provider makes the code: the customer is signed in already, so prompt=none brings one back at once.
_CODE = (
    (
        "python",
        "Python",
        """%IMPORT%import secrets
from urllib.parse import urlencode

session["state"] = secrets.token_urlsafe(24)
%MAKE%# The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
address = "%SIGN_IN%?" + urlencode({
    "response_type": "code", "client_id": "%CLIENT%", "redirect_uri": "%REDIRECT%",
    "scope": "%SCOPES%", "state": session["state"], "prompt": "none",%SEND%
})""",
    ),
    (
        "php",
        "PHP",
        """$_SESSION['state'] = bin2hex(random_bytes(24));
%MAKE%// The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
$address = '%SIGN_IN%?' . http_build_query([
    'response_type' => 'code', 'client_id' => '%CLIENT%', 'redirect_uri' => '%REDIRECT%',
    'scope' => '%SCOPES%', 'state' => $_SESSION['state'], 'prompt' => 'none',%SEND%
]);""",
    ),
    (
        "node",
        "Node",
        """import { %IMPORT%randomBytes } from "node:crypto";

req.session.state = randomBytes(24).toString("base64url");
%MAKE%// The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
const address = "%SIGN_IN%?" + new URLSearchParams({
  response_type: "code", client_id: "%CLIENT%", redirect_uri: "%REDIRECT%",
  scope: "%SCOPES%", state: req.session.state, prompt: "none",%SEND%
});""",
    ),
    (
        "csharp",
        "C#",
        """using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

var state = Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
HttpContext.Session.SetString("state", state);
%MAKE%// The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
var address = QueryHelpers.AddQueryString("%SIGN_IN%", new Dictionary<string, string?> {
    ["response_type"] = "code", ["client_id"] = "%CLIENT%", ["redirect_uri"] = "%REDIRECT%",
    ["scope"] = "%SCOPES%", ["state"] = state, ["prompt"] = "none",%SEND%
});""",
    ),
)

# Where the channel asks for PKCE (RFC 7636): the verifier goes into the page beside the code.
_PKCE = {
    "python IMPORT": "import base64, hashlib\n",
    "python MAKE": """session["verifier"] = secrets.token_urlsafe(48)
challenge = base64.urlsafe_b64encode(hashlib.sha256(session["verifier"].encode()).digest()).rstrip(b"=").decode()
""",
    "python SEND": '\n    "code_challenge": challenge, "code_challenge_method": "S256",',
    "php MAKE": """$_SESSION['verifier'] = bin2hex(random_bytes(32));
$challenge = rtrim(strtr(base64_encode(hash('sha256', $_SESSION['verifier'], true)), '+/', '-_'), '=');
""",
    "php SEND": "\n    'code_challenge' => $challenge, 'code_challenge_method' => 'S256',",
    "node IMPORT": "createHash, ",
    "node MAKE": """req.session.verifier = randomBytes(36).toString("base64url");
const challenge = createHash("sha256").update(req.session.verifier).digest("base64url");
""",
    "node SEND": '\n  code_challenge: challenge, code_challenge_method: "S256",',
    "csharp MAKE": """var verifier = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
HttpContext.Session.SetString("verifier", verifier);
var challenge = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
""",
    "csharp SEND": '\n    ["code_challenge"] = challenge, ["code_challenge_method"] = "S256",',
}
