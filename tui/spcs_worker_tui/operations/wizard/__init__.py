"""The set-up wizard, without its screens."""
