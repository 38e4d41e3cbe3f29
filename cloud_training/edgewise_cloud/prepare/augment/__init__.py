"""Synthetic training rows: one module a kind, its lists in data/."""
