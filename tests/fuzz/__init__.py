"""Fuzzing: whatever the parsers of foreign input are given, they read it or refuse it.

`tests/fuzz/run` runs all targets, or the ones named, and follows coverage; see there.
"""
