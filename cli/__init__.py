"""The `shorttrack` command."""
