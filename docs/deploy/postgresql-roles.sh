#!/bin/bash
# Runs once, when the database is made. Two roles: the owner migrates, the application only reads and writes rows.
# Where the database stands on a host of its own, run it there by hand, as a user who may make roles, with POSTGRES_USER, POSTGRES_DB,
# DB_OWNER_PASSWORD and DB_APP_PASSWORD in the environment.
# After each migration students/append_only.py takes UPDATE, DELETE and TRUNCATE on the audit table from the application.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --set owner_password="$DB_OWNER_PASSWORD" --set app_password="$DB_APP_PASSWORD" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE yidang_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE yidang_app LOGIN PASSWORD :'app_password';
REVOKE ALL ON DATABASE yidang FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE yidang TO yidang_owner, yidang_app;
GRANT USAGE, CREATE ON SCHEMA public TO yidang_owner;
GRANT USAGE ON SCHEMA public TO yidang_app;
ALTER DEFAULT PRIVILEGES FOR ROLE yidang_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO yidang_app;
ALTER DEFAULT PRIVILEGES FOR ROLE yidang_owner IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO yidang_app;
SQL
