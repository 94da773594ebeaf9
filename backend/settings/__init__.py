"""TOML to frozen settings; an error names file, key, value and what was expected."""

from backend.settings.addresses import Address, parse_address
from backend.settings.load import DEFAULT_PATH, load_settings, parse_settings
from backend.settings.quantities import format_rate, format_size, parse_rate, parse_size
from backend.settings.reading import Expected
from backend.settings.roster import NodeSettings, RosterKind
from backend.settings.schema import RuntimeKind, Settings
from backend.settings.write import explain, without_effect, write_settings

__all__ = [
    "DEFAULT_PATH",
    "Address",
    "Expected",
    "NodeSettings",
    "RosterKind",
    "RuntimeKind",
    "Settings",
    "explain",
    "format_rate",
    "format_size",
    "load_settings",
    "parse_address",
    "parse_rate",
    "parse_settings",
    "parse_size",
    "without_effect",
    "write_settings",
]
