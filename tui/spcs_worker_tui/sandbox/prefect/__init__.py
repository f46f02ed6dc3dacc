"""A real Prefect server, supervised, and the gate in front of it."""
