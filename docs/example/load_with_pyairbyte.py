"""Load Auth0 with PyAirbyte into DuckDB: `python load_with_pyairbyte.py config.json`, where PyAirbyte is installed.

For PostgreSQL, put a PostgresCache here, and look into docs/run.md first: it rounds keys that consist of digits.
"""

import json
import sys
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache

#: What is read incrementally is merged by its key; other tables are replaced, so that deleted rows do not stay.
MERGED = ["users", "logs"]
REPLACED = ["clients", "organizations", "organization_members"]

config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
source = airbyte.get_source(
    "source-auth0",
    config={**config, "users_deletion_tombstones": True},
    local_executable=Path(sys.executable).with_name("source-auth0"),
)
source.check()
cache = DuckDBCache(db_path=Path("auth0.duckdb"))
source.read(cache, streams=MERGED)
source.read(cache, streams=REPLACED, write_strategy="replace", force_full_refresh=True)
cache.run_sql_query("CREATE OR REPLACE VIEW current_users AS SELECT * FROM users WHERE _ab_cdc_deleted_at IS NULL")
