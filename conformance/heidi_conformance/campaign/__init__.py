"""Many runs against one server: rounds of other seeds, several processes, one verdict."""
