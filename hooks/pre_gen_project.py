"""Refuse bad answers that reached generation unjudged: from a replay file, or through cookiecutter's API.

All other ways in are stopped by ``accept_answers`` at the end of ``cookiecutter.json``, before a folder is made. The
judge is the same: it runs while this file is rendered, and hands over its verdict as a JSON list of ASCII strings,
which is a Python list too. No answer is rendered into this source.
"""

import sys

FAULTS: list[str] = {{ answer_faults(cookiecutter) | jsonify }}  # fmt: skip

if FAULTS:
    sys.exit("\n".join(["Refused:", *(f"  {fault}" for fault in FAULTS)]))
