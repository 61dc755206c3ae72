"""Configuration: found beside the model, read strictly, outweighed by the command line."""

from guidelines.config.file import FILES, find_file, load
from guidelines.config.place import ConfigError
from guidelines.config.values import FAIL_ON, Config, overridden, settings

__all__ = [
    "FAIL_ON",
    "FILES",
    "Config",
    "ConfigError",
    "find_file",
    "load",
    "overridden",
    "settings",
]
