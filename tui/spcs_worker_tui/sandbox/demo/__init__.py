"""The fleet that `--sandbox` shows."""
