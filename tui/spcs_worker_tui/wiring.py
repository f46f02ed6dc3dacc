"""Builds adapters and hands them to operations."""
