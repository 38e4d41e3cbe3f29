"""The student: one small encoder with a head for each task, trained on many sets whose labels differ."""

from __future__ import annotations
