"""Files on disk: run folders, cached stage artifacts, tables, and imported candidates. No other room names a path."""
