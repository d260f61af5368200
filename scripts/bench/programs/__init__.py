"""Programs that are measured, each in its own process and environment, which need not be ours.

They run as files, and import what they measure by name, because no environment has everything.
Those that measure in rounds write a line when they are ready, and one for each line that they read.
"""
