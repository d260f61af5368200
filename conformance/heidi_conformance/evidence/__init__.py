"""What shows that a rule is broken: requests, in as few as possible, that anybody can repeat."""
