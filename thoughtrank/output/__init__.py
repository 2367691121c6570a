"""What the program prints and stores as text: progress bars, library logging, terminal encodings, escaping, redaction."""
