"""Where questions come from: generated word problems, or a file of the user's own."""
