"""The forms a model can be converted to; the list is `forms.json`."""
