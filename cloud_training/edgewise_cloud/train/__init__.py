"""Training commands: catalogue in, files of a bundle out."""

from __future__ import annotations
