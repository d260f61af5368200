"""The library of the steps: how steps run, folders of output, the sandbox as a process, checks."""
