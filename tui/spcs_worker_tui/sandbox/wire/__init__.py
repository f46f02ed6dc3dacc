"""HTTP: logins, sessions, tokens, queries, uploads."""
