"""One figure a module, measured by its `rows`. The numbers of a smoke run mean nothing."""
