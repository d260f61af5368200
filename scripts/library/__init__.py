"""What the steps stand on: how steps run, folders of output, the sandbox as a process, checks."""
