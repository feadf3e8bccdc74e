"""`make bench`: how quick the pages, an import and a document are, on a PostgreSQL, a Redis and a gunicorn of its own."""
