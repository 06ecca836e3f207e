"""`make secrets`: keys, passwords, addresses and a certificate for docker-compose.yml, one file each in secrets/.

What is there stays as it is, so running it again only adds what is missing. Replace `tls_certificate` and `tls_key` by
your own before visitors come.

    make secrets ARGS="add KEY"       a new key beside the old one: signing, test, live, or fields
    make secrets ARGS="switch KEY"    from now on the new one is used
    make secrets ARGS="remove KEY"    the old one goes

docs/operating.md says what to restart, and when.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    # Of a bucket for visitors' files, if GATEWAY_FILES_S3_BUCKET is set: [default], aws_access_key_id, aws_secret_access_key.
    keep("s3_credentials", str)
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
        # Empty: what an environment keeps of providers lies under a key made of its secret key.
        keep(f"{environment}_env_field_encryption_keys", str)
        private = keep(
            f"{environment}_env_decryption_keys",
            lambda: json.dumps(snapshot.key_set(snapshot.new_encryption_key())),
        )
        keep(
            f"{environment}_env_encryption_key",
            lambda private=private: json.dumps(snapshot.public_jwk(json.loads(private)["keys"][0])),  # type: ignore[misc]
        )
    if not ((folder / "tls_certificate").exists() and (folder / "tls_key").exists()):
        certificate, key = self_signed(hosts(folder.parent))
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


class NotNow(Exception):
    """A step of a change of keys that does not come now; the message says which does."""


#: Key -> (what uses it, the set of those that are accepted). Of `fields` both are one comma list, the newest first.
_PLACES = {
    "signing": ("publishing_signing_key", "publisher_keys"),
    "test": ("test_env_encryption_key", "test_env_decryption_keys"),
    "live": ("live_env_encryption_key", "live_env_decryption_keys"),
}
KEYS = (*_PLACES, "fields")


def change(folder: Path, step: str, key: str) -> str:
    """Take one step ("add", "switch", "remove") of changing a key; returns what to do next. Raises NotNow."""
    if key == "fields":
        return _change_fields(folder, step)
    used, accepted = (folder / name for name in _PLACES[key])
    waiting = folder / f"{used.name}.next"
    known: list[dict[str, Any]] = json.loads(accepted.read_text(encoding="utf-8"))["keys"]
    if step == "add":
        if waiting.exists() or len(known) > 1:
            raise NotNow(f"{accepted.name} has a second key already: switch, then remove.")
        new = snapshot.new_signing_key() if key == "signing" else snapshot.new_encryption_key()
        mine, theirs = (
            (new, snapshot.public_jwk(new)) if key == "signing" else (snapshot.public_jwk(new), new)
        )
        _write(waiting, json.dumps(mine))
        _write(accepted, json.dumps(snapshot.key_set(*known, theirs)))
        return f"Restart the environments, then: switch {key}."
    if step == "switch":
        if not waiting.exists():
            raise NotNow(f"There is no new key: add {key} first.")
        _write(used, waiting.read_text(encoding="utf-8"))
        waiting.unlink()
        return f"Restart console, worker and beat, run seal_again, then: remove {key}."
    if waiting.exists() or len(known) < 2:
        raise NotNow(
            f"The old key is in use: switch {key} first." if waiting.exists() else "There is no old key."
        )
    now = snapshot.public_jwk(used.read_text(encoding="utf-8"))
    left = [one for one in known if snapshot.public_jwk(one) == now]
    _write(accepted, json.dumps(snapshot.key_set(*left)))
    return "Restart the environments: the old key opens nothing any more."


def _change_fields(folder: Path, step: str) -> str:
    file = folder / "field_encryption_keys"
    known = [one.strip() for one in file.read_text(encoding="utf-8").split(",")]
    if step == "add":
        if len(known) > 1:
            raise NotNow("There is an old key still: remove fields first.")
        _write(file, ",".join([field_keys.new_key(), *known]))
        return "Restart console, worker and beat, run rotate_field_keys, then: remove fields."
    if step == "switch":
        raise NotNow("The newest key is used as soon as console and worker are restarted.")
    if len(known) < 2:
        raise NotNow("There is no old key.")
    _write(file, known[0])
    return "Restart console, worker and beat."


def _write(path: Path, text: str) -> None:
    """In its place: a file that a container has mounted is the same file afterwards."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def hosts(folder: Path) -> list[str]:
    """The three names: from the environment, else from the `.env` beside docker-compose.yml, else those of this machine."""
    file = folder / ".env"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    said = {
        name.strip(): value.strip().strip("\"'") for name, _, value in (line.partition("=") for line in lines)
    }
    return [os.environ.get(name) or said.get(name) or default for name, default in HOSTS.items()]


def main(arguments: list[str]) -> int:
    folder = ROOT / "secrets"
    if not arguments:
        written = make(folder)
        print(
            f"secrets/: {len(written)} files written{': ' + ', '.join(written) if written else ', all were there'}"
        )
        return 0
    if len(arguments) != 2 or arguments[0] not in {"add", "switch", "remove"} or arguments[1] not in KEYS:
        print(f'usage: make secrets [ARGS="add|switch|remove {"|".join(KEYS)}"]', file=sys.stderr)
        return 2
    try:
        print(change(folder, *arguments))
    except (NotNow, FileNotFoundError) as refused:
        print(f"Nothing was changed. {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
