"""Tables: any of CSV, JSONL and Parquet in, any of them out. See `formats`."""
