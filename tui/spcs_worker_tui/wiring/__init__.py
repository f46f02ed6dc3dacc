"""Builds adapters and hands them to operations: one module for each area that stands alone.

What is slow to import is imported by the adapters when they are first used.
"""
