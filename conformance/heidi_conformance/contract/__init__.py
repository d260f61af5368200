"""What the documents say, read once: operations, and what a request and a response hold."""
