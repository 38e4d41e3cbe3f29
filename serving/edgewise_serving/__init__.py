"""The HTTP service, on top of the SDK."""
