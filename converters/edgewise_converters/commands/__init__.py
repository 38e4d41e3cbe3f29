"""Commands of the converters, found by entry points."""
