"""Choosing a backend by what works here and what was measured here.

`select.py` decides; `trials.py` tries candidates in child processes (`trial.py` is what runs in them);
`profiles.py` knows classes of devices; `store.py` remembers a choice.
"""
