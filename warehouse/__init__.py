"""The DuckDB warehouse: settings, connections, SQL, checks and publishing. Imports none of its siblings."""
