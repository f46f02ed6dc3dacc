"""Prefect's REST API, read only, without importing Prefect (prefect-contract 2, 3.1)."""
