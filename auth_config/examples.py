"""The lines a webmaster adds for a signed-in customer, and server code that makes the code or token they carry."""

from __future__ import annotations

from dataclasses import dataclass

from areas.contract import Section
from auth_config import rules


@dataclass(frozen=True)
class Example:
    """`key` is unique on a page; `title` a language's or platform's name."""

    key: str
    title: str
    code: str


def snippet(brand: int, channel: str, mode: str) -> str:
    """The four lines of a page. In cookie and anonymous mode there is no code to hand over."""
    lines = [f"cxone('init', '{brand}');"]
    if mode in {rules.OAUTH, rules.JWT}:
        what = "the one-time code of your provider" if mode == rules.OAUTH else "the token your server signed"
        lines += [
            f"// {what}, new for each page; before chat init",
            "cxone('chat', 'setAuthorizationCode', authorizationCode);",
        ]
    lines.append(f"cxone('chat', 'init', {brand}, '{channel}');")
    return "\n".join(lines)


def examples(brand: int, channel: str, section: Section) -> list[Example]:
    """The snippet, then server code in four languages for the modes that want it; [] when nothing is to be added."""
    mode = section["mode"]
    if mode not in {rules.OAUTH, rules.JWT}:
        return []
    made = [Example("page", "HTML", f"<script>\n{snippet(brand, channel, mode)}\n</script>")]
    sources = _JWT if mode == rules.JWT else _CODE
    oauth = section["oauth"]
    values = {
        "CHANNEL": channel,
        "CLIENT": oauth["client_id"] or "your-client-id",
        "REDIRECT": oauth["redirect_uri"] or "https://www.example.com/callback",
        "SIGN_IN": oauth["sign_in_endpoint"] or "https://login.example.com/authorize",
        "SCOPES": oauth["scopes"],
        "ISSUER": section["jwt"]["issuer"] or "https://www.example.com",
    }
    for key, title, code in sources:
        text = code
        for name, value in values.items():
            text = text.replace(f"%{name}%", _quotable(value))
        made.append(Example(key, title, text))
    return made


def _quotable(value: str) -> str:
    """Inside a string of any of the four languages."""
    return (
        value.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("'", "\\'")
        .replace("$", "")
        .replace("</", "<\\/")
    )


_JWT = (
    (
        "python",
        "Python",
        """import os, time, uuid, jwt  # pip install pyjwt

token = jwt.encode(
    {"sub": customer.id, "given_name": customer.first_name, "family_name": customer.last_name,
     "aud": "%CHANNEL%", "iss": "%ISSUER%", "iat": int(time.time()), "exp": int(time.time()) + 300,
     "jti": str(uuid.uuid4())},
    os.environ["CHAT_SIGNING_SECRET"], algorithm="HS256",
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
], getenv('CHAT_SIGNING_SECRET'), 'HS256');""",
    ),
    (
        "node",
        "Node",
        """import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";  // npm install jose

const token = await new SignJWT({ given_name: customer.firstName, family_name: customer.lastName })
  .setProtectedHeader({ alg: "HS256" })
  .setSubject(customer.id).setAudience("%CHANNEL%").setIssuer("%ISSUER%")
  .setIssuedAt().setExpirationTime("5 minutes").setJti(randomUUID())
  .sign(new TextEncoder().encode(process.env.CHAT_SIGNING_SECRET));""",
    ),
    (
        "csharp",
        "C#",
        """using Microsoft.IdentityModel.JsonWebTokens;  // dotnet add package Microsoft.IdentityModel.JsonWebTokens
using Microsoft.IdentityModel.Tokens;

var key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("CHAT_SIGNING_SECRET")!));
var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor {
    Audience = "%CHANNEL%", Issuer = "%ISSUER%", Expires = DateTime.UtcNow.AddMinutes(5),
    Claims = new Dictionary<string, object> {
        ["sub"] = customer.Id, ["given_name"] = customer.FirstName, ["family_name"] = customer.LastName,
        ["jti"] = Guid.NewGuid().ToString(),
    },
    SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256),
});""",
    ),
)

# The provider makes the code: the customer is signed in already, so prompt=none brings one back at once.
_CODE = (
    (
        "python",
        "Python",
        """import secrets
from urllib.parse import urlencode

session["state"] = secrets.token_urlsafe(24)
# The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
address = "%SIGN_IN%?" + urlencode({
    "response_type": "code", "client_id": "%CLIENT%", "redirect_uri": "%REDIRECT%",
    "scope": "%SCOPES%", "state": session["state"], "prompt": "none",
})""",
    ),
    (
        "php",
        "PHP",
        """$_SESSION['state'] = bin2hex(random_bytes(24));
// The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
$address = '%SIGN_IN%?' . http_build_query([
    'response_type' => 'code', 'client_id' => '%CLIENT%', 'redirect_uri' => '%REDIRECT%',
    'scope' => '%SCOPES%', 'state' => $_SESSION['state'], 'prompt' => 'none',
]);""",
    ),
    (
        "node",
        "Node",
        """import { randomBytes } from "node:crypto";

req.session.state = randomBytes(24).toString("base64url");
// The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
const address = "%SIGN_IN%?" + new URLSearchParams({
  response_type: "code", client_id: "%CLIENT%", redirect_uri: "%REDIRECT%",
  scope: "%SCOPES%", state: req.session.state, prompt: "none",
});""",
    ),
    (
        "csharp",
        "C#",
        """var state = Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
HttpContext.Session.SetString("state", state);
// The customer comes back to %REDIRECT%?code=…&state=…: compare the state, then write the code into the page.
var address = QueryHelpers.AddQueryString("%SIGN_IN%", new Dictionary<string, string?> {
    ["response_type"] = "code", ["client_id"] = "%CLIENT%", ["redirect_uri"] = "%REDIRECT%",
    ["scope"] = "%SCOPES%", ["state"] = state, ["prompt"] = "none",
});""",
    ),
)
