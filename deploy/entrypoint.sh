#!/bin/sh
# Settings may be secrets in files: for each of these names, NAME_FILE is read into NAME.
set -eu
for name in SECRET_KEY DATABASE_URL DATABASE_OWNER_URL REDIS_URL PUBLISHING_SIGNING_KEY TEST_ENV_ENCRYPTION_KEY \
    LIVE_ENV_ENCRYPTION_KEY GATEWAY_SECRET_KEY GATEWAY_DATABASE_URL GATEWAY_PUBLISHER_KEYS GATEWAY_DECRYPTION_KEYS \
    FIELD_ENCRYPTION_KEYS GATEWAY_FIELD_ENCRYPTION_KEYS EMAIL_HOST_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        export "$name=$value"
        unset "${name}_FILE"
    fi
done
# To OpenSSL an empty name is a file that cannot be read, and nobody's certificate would be good.
[ -n "${SSL_CERT_FILE:-}" ] || unset SSL_CERT_FILE
exec "$@"
