"""What is measured, each in a process and an environment of its own, which need not be ours.

They are run as files, and import what they measure by name: no environment has it all. Those
that measure in rounds write a line when they are ready, and one for each line that they read.
"""
