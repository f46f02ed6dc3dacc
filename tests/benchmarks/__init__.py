"""Benchmarks: they print figures, as ratios measured side by side, and assert nothing."""
