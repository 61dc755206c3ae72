"""The commands, one a file: its name is the command's, its ``command`` what runs.

A file added here is a command: nothing lists them.
"""
