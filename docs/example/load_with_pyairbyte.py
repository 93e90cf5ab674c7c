"""Load a tenant with PyAirbyte: `python load_with_pyairbyte.py config.json`, where PyAirbyte is installed.

The tables are in a DuckDB file, or in the schema `auth0` of a PostgreSQL database that the second argument names, such
as `postgresql://user:password@host:5432/database`. Look into docs/run.md first: PostgreSQL's cache loses log events.
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import airbyte
from airbyte.caches import DuckDBCache, PostgresCache

#: What is read incrementally is merged by its key; other tables are replaced, so that deleted rows do not stay.
MERGED = ["users", "logs"]
REPLACED = ["clients", "organizations", "organization_members", "organization_member_roles"]

file, *database = sys.argv[1:]
config = json.loads(Path(file).read_text(encoding="utf-8"))
source = airbyte.get_source(
    "source-auth0",
    config={**config, "users_deletion_tombstones": True},
    local_executable=Path(sys.executable).with_name("source-auth0"),
)
source.check()
if database:
    at = urlsplit(database[0])
    where = {"host": at.hostname, "port": at.port or 5432, "database": at.path.strip("/"), "schema_name": "auth0"}
    cache = PostgresCache(**where, username=at.username, password=at.password or "")
else:
    cache = DuckDBCache(db_path=Path("auth0.duckdb"))
source.read(cache, streams=MERGED)
source.read(cache, streams=REPLACED, write_strategy="replace", force_full_refresh=True)
present = f"SELECT * FROM {cache.schema_name}.users WHERE _ab_cdc_deleted_at IS NULL"  # noqa: S608 - a name of this program
cache.execute_sql(f"CREATE OR REPLACE VIEW current_users AS {present}")
