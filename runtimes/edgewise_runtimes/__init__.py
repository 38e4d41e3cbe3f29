"""Backends that run models on a device, and what they can be told about the machine."""
