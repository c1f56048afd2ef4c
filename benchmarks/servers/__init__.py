"""The servers that are measured, each a process of its own; all run the same echo."""
