"""What happens between a text and its answers. Private: use `edgewise.Analyzer`."""
