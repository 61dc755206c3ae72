"""The findings that a project starts with: held back until they get worse."""
