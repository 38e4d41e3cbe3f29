"""Measuring a bundle's artifacts on this machine, side by side."""
