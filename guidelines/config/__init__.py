"""Configuration: found beside the model, read strictly, outweighed by the command line."""

from guidelines.config.file import find_file, load
from guidelines.config.place import ConfigError
from guidelines.config.values import FAIL_ON, Config, overridden, settings

__all__ = ["FAIL_ON", "Config", "ConfigError", "find_file", "load", "overridden", "settings"]
