"""`make secrets`: keys, passwords, addresses and a certificate for docker-compose.yml, one file each in secrets/.

What is there stays as it is, so running it again only adds what is missing. Replace `tls_certificate` and `tls_key` by
your own before visitors come.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kit import secrets as field_keys  # noqa: E402
from publishing import snapshot  # noqa: E402

HOSTS = {
    "CONSOLE_HOST": "console.localhost",
    "TEST_ENV_HOST": "chat-test.localhost",
    "LIVE_ENV_HOST": "chat.localhost",
}


def make(folder: Path) -> list[str]:
    """Write the files that are missing; returns their names."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    made: list[str] = []

    def keep(name: str, value: Callable[[], str]) -> str:
        path = folder / name
        if not path.exists():
            # Readable to all inside a folder that is not: a container's user is another than the one who runs this.
            path.write_text(value(), encoding="utf-8")
            path.chmod(0o644)
            made.append(name)
        return path.read_text(encoding="utf-8")

    def password() -> str:
        return secrets.token_urlsafe(32)

    keep("postgres_password", password)
    keep("secret_key", lambda: secrets.token_urlsafe(48))
    keep("field_encryption_keys", field_keys.new_key)
    # The mail server's, if EMAIL_HOST_USER is set: nobody but its operator knows it.
    keep("email_host_password", str)
    owner, app = keep("console_owner_password", password), keep("console_app_password", password)
    keep("database_owner_url", lambda: f"postgresql://chatadmin_owner:{owner}@postgres:5432/chatadmin")
    keep("database_url", lambda: f"postgresql://chatadmin_app:{app}@postgres:5432/chatadmin")
    redis = keep("redis_password", password)
    keep("redis_url", lambda: f"redis://:{redis}@redis:6379/0")
    signing = keep("publishing_signing_key", lambda: json.dumps(snapshot.new_signing_key()))
    keep("publisher_keys", lambda: json.dumps(snapshot.key_set(snapshot.public_jwk(signing))))
    for environment in ("test", "live"):
        role = keep(f"{environment}_env_password", password)
        keep(
            f"{environment}_env_database_url",
            lambda role=role, name=f"gateway_{environment}": (
                f"postgresql://{name}:{role}@postgres:5432/{name}"
            ),  # type: ignore[misc]
        )
        keep(f"{environment}_env_secret_key", lambda: secrets.token_urlsafe(48))
        private = keep(
            f"{environment}_env_decryption_keys",
            lambda: json.dumps(snapshot.key_set(snapshot.new_encryption_key())),
        )
        keep(
            f"{environment}_env_encryption_key",
            lambda private=private: json.dumps(snapshot.public_jwk(json.loads(private)["keys"][0])),  # type: ignore[misc]
        )
    if not ((folder / "tls_certificate").exists() and (folder / "tls_key").exists()):
        certificate, key = self_signed([os.environ.get(name, default) for name, default in HOSTS.items()])
        for name, text in (("tls_certificate", certificate), ("tls_key", key)):
            (folder / name).unlink(missing_ok=True)
            keep(name, lambda text=text: text)  # type: ignore[misc]
    return made


def self_signed(hosts: list[str]) -> tuple[str, str]:
    """A certificate for these names, for trying things out, and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )


if __name__ == "__main__":
    written = make(ROOT / "secrets")
    print(
        f"secrets/: {len(written)} files written{': ' + ', '.join(written) if written else ', all were there'}"
    )
