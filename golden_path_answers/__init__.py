"""Judges the answers a project is generated from, before anything is written.

``rules`` holds the judgement, ``names`` the names that are already taken, and ``extension`` is how cookiecutter and
cruft reach both.
"""
