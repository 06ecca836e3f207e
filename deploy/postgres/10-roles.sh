#!/bin/sh
# Runs once, on an empty data folder: roles and databases of both planes. The owner role migrates and bypasses row-level
# security; the app role serves and is bound by it. An environment's role reaches its own database only.
set -eu

password() { cat "/run/secrets/$1"; }

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$(password console_owner_password)" \
    --set app_password="$(password console_app_password)" \
    --set test_password="$(password test_env_password)" \
    --set live_password="$(password live_env_password)" <<'SQL'
CREATE ROLE chatadmin_owner LOGIN BYPASSRLS PASSWORD :'owner_password';
CREATE ROLE chatadmin_app   LOGIN NOBYPASSRLS PASSWORD :'app_password';
CREATE ROLE gateway_test    LOGIN PASSWORD :'test_password';
CREATE ROLE gateway_live    LOGIN PASSWORD :'live_password';

CREATE DATABASE chatadmin    OWNER chatadmin_owner;
CREATE DATABASE gateway_test OWNER gateway_test;
CREATE DATABASE gateway_live OWNER gateway_live;
REVOKE ALL ON DATABASE chatadmin, gateway_test, gateway_live FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE chatadmin TO chatadmin_app;

\connect chatadmin
GRANT USAGE ON SCHEMA public TO chatadmin_app;
ALTER DEFAULT PRIVILEGES FOR ROLE chatadmin_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO chatadmin_app;
ALTER DEFAULT PRIVILEGES FOR ROLE chatadmin_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO chatadmin_app;
SQL
