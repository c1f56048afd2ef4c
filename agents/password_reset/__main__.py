"""Serves password_reset."""

from agents.password_reset.settings import PasswordResetSettings
from shared.a2a import main

main("password_reset", PasswordResetSettings, "agents.password_reset.app")
