"""What question sources that read rows (files, datasets) share: reading, checking and splitting rows."""
