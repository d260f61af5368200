"""Many runs against one server: parts of the rules, rounds of other seeds, several processes."""
