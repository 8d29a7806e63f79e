"""Debian's packages that tests need, installed where they are missing; as a program, all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
STREAMS = {"redis-server": "redis-server", "redis-cli": "redis-tools"}
"""What events and caches need: programs, and Debian's package of each."""
WATCHERS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-pushgateway": "prometheus-pushgateway",
    **STREAMS,
}
CONTAINERS = {
    "dockerd": "docker.io",
    "/usr/bin/docker": "docker.io",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "iptables": "iptables",
    "docker-registry": "docker-registry",
}
BROWSERS = {"chromium": "chromium", "npm": "npm"}
WAIT = "DPkg::Lock::Timeout=300"
"""Another worker may be installing."""


def install(programs: Mapping[str, str]) -> str:
    """Install what is missing, and start nothing of it.

    Args:
        programs: Programs, and the package of each.

    Returns:
        Why it cannot be done, or nothing.
    """
    missing = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if not missing:
        return ""
    if os.geteuid() != 0:
        return f"{', '.join(missing)} can be installed by root only"
    # Debian starts what it installs, unless the machine's policy says no; these tests start their own.
    is_ours = not POLICY.exists()
    if is_ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
    try:
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "--quiet", "-o", WAIT, *words],
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        if is_ours:
            POLICY.unlink(missing_ok=True)
    return ""


if __name__ == "__main__":
    sys.exit(install(WATCHERS | CONTAINERS | BROWSERS) or None)
