"""Tables and pictures of a study of several runs, from the summaries that it keeps."""
