"""The image registry: OCI distribution endpoints, one host and port for each account."""
