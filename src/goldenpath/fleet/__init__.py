"""The library's versions in projects: locks, upgrades, and steps that a project takes over."""
