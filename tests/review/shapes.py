"""Public repositories' shapes, rebuilt small: the layout, tools and habits of each, none of its text."""

from __future__ import annotations

import json
from collections.abc import Mapping

SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"


def notebook(*cells: str, ran: bool = True) -> str:
    """A notebook with cells of code, as it is saved after it ran or after its outputs were taken out."""
    output = [{"output_type": "stream", "name": "stdout", "text": ["0.83\n"]}]
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": number if ran else None,
                    "metadata": {},
                    "outputs": output if ran else [],
                    "source": [text],
                }
                for number, text in enumerate(cells, start=1)
            ],
            "metadata": {"kernelspec": {"name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


NOTEBOOK_FOLDER: Mapping[str, str] = {
    "EDA.ipynb": notebook("import pandas as pd\ndf = pd.read_csv('train.csv')", "df.describe()"),
    "final_model_v3.ipynb": notebook(
        "import pickle\nfrom sklearn.ensemble import RandomForestClassifier",
        "model = RandomForestClassifier().fit(X, y)\npickle.dump(model, open('model.pkl', 'wb'))",
        "model = pickle.load(open('model.pkl', 'rb'))\nmodel.score(X_test, y_test)",
    ),
    "train.csv": "id,age,left\n1,30,0\n2,41,1\n",
    "requirements.txt": "pandas\nscikit-learn\n",
    "README.md": "# Churn\n\nMy solution for the churn challenge.\n",
}
"""What a competition or a course leaves behind: notebooks with outputs, data in git, a pickle."""

COOKIECUTTER_DATA_SCIENCE: Mapping[str, str] = {
    "README.md": (
        "# churn\n\nPredicts churn.\n\n## Project Organization\n\n```\n├── Makefile\n├── data\n└── churn\n```\n"
    ),
    "Makefile": (
        "PROJECT_NAME = churn\n\n.PHONY: requirements\nrequirements:\n\tpip install -r requirements.txt\n\n"
        ".PHONY: lint\nlint:\n\truff format --check\n\truff check\n\n.PHONY: test\ntest:\n\tpytest tests\n\n"
        ".PHONY: data\ndata: requirements\n\tpython churn/dataset.py\n"
    ),
    "pyproject.toml": (
        '[build-system]\nrequires = ["flit_core >=3.2,<4"]\nbuild-backend = "flit_core.buildapi"\n\n'
        '[project]\nname = "churn"\nversion = "0.0.1"\nrequires-python = "~=3.11.0"\n\n[tool.ruff]\n'
        "line-length = 99\n"
    ),
    "requirements.txt": "loguru\npandas\nscikit-learn\ntyper\n",
    "churn/__init__.py": "from churn import config\n",
    "churn/config.py": (
        'from pathlib import Path\n\nPROJ_ROOT = Path(__file__).resolve().parents[1]\nDATA_DIR = PROJ_ROOT / "data"\n'
    ),
    "churn/dataset.py": (
        'import typer\n\napp = typer.Typer()\n\n\n@app.command()\ndef main():\n    print("done")\n\n\n'
        'if __name__ == "__main__":\n    app()\n'
    ),
    "churn/features.py": "def build(rows):\n    return rows\n",
    "churn/modeling/__init__.py": "",
    "churn/modeling/train.py": "import typer\n\napp = typer.Typer()\n",
    "churn/modeling/predict.py": "import typer\n\napp = typer.Typer()\n",
    "data/raw/.gitkeep": "",
    "models/.gitkeep": "",
    "notebooks/.gitkeep": "",
    "references/.gitkeep": "",
    "reports/figures/.gitkeep": "",
    "docs/mkdocs.yml": "site_name: churn\n",
    "docs/docs/index.md": "# churn documentation!\n",
    "tests/test_data.py": "def test_code_is_tested():\n    assert False\n",
    ".gitignore": "/data/\n.env\n",
}
"""A project as the template leaves it: a layout, a Makefile, and a test that fails until one is written."""

DVC_EXAMPLE: Mapping[str, str] = {
    "README.md": (
        "# DVC Get Started\n\nAn example project.\n\n## Installation\n\n```console\n"
        "$ pip install -r src/requirements.txt\n$ dvc repro\n```\n"
    ),
    "params.yaml": "prepare:\n  split: 0.20\n  seed: 20170428\ntrain:\n  seed: 20170428\n  n_est: 50\n",
    "dvc.yaml": (
        "stages:\n  prepare:\n    cmd: python src/prepare.py data/data.xml\n"
        "    deps: [data/data.xml, src/prepare.py]\n    params: [prepare.seed, prepare.split]\n"
        "    outs: [data/prepared]\n  train:\n    cmd: python src/train.py data/prepared model.pkl\n"
        "    deps: [data/prepared, src/train.py]\n    params: [train.n_est, train.seed]\n"
        "    outs: [model.pkl]\n  evaluate:\n    cmd: python src/evaluate.py model.pkl\n"
        "    deps: [model.pkl, src/evaluate.py]\n    metrics: [{eval/metrics.json: {cache: false}}]\n"
    ),
    "data/data.xml.dvc": "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f\n  size: 14445097\n  path: data.xml\n",
    "data/.gitignore": "/data.xml\n/prepared\n",
    ".dvc/config": (
        "[core]\n    remote = storage\n['remote \"storage\"']\n    url = https://remote.example.com/get-started\n"
    ),
    ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
    "src/requirements.txt": "dvc[s3]>=3\nscikit-learn\npandas\n",
    "src/prepare.py": (
        "import random\nimport sys\n\nimport yaml\n\n"
        "params = yaml.safe_load(open('params.yaml'))['prepare']\nrandom.seed(params['seed'])\n"
    ),
    "src/train.py": (
        "import pickle\nimport sys\n\nimport yaml\nfrom sklearn.ensemble import RandomForestClassifier\n\n"
        "params = yaml.safe_load(open('params.yaml'))['train']\n\n\ndef train(x, y):\n"
        "    return RandomForestClassifier(n_estimators=params['n_est'], random_state=params['seed']).fit(x, y)\n"
    ),
    "src/evaluate.py": (
        "import json\nimport pickle\nimport sys\n\nmodel = pickle.load(open(sys.argv[1], 'rb'))\n"
        "json.dump({'auc': 0.9}, open('eval/metrics.json', 'w'))\n"
    ),
    "eval/metrics.json": '{"auc": 0.9}',
    ".github/workflows/cml.yaml": (
        "name: CML\non: [push]\njobs:\n  run:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - run: dvc repro\n"
    ),
}
"""A tutorial of data versioning: real stages and parameters, data behind a pointer, no lock of the run, no tests."""

MLFLOW_EXAMPLE: Mapping[str, str] = {
    "README.md": (
        "# MLflow example\n\nTrains a regression on wine quality.\n\n```sh\nmlflow run . -P alpha=0.5\n```\n"
    ),
    "MLproject": (
        "name: wine\npython_env: python_env.yaml\nentry_points:\n  main:\n    parameters:\n"
        "      alpha: {type: float, default: 0.5}\n    command: python train.py {alpha}\n"
    ),
    "python_env.yaml": (
        "python: '3.11'\nbuild_dependencies: [pip]\ndependencies:\n  - mlflow>=2\n  - scikit-learn==1.4.2\n  - pandas\n"
    ),
    "train.py": (
        "import sys\n\nimport mlflow\nimport pandas as pd\nfrom sklearn.linear_model import ElasticNet\n\n"
        "with mlflow.start_run():\n    alpha = float(sys.argv[1])\n    data = pd.read_csv('wine-quality.csv')\n"
        "    model = ElasticNet(alpha=alpha, random_state=42).fit(data.drop(columns='quality'), data['quality'])\n"
        "    mlflow.log_param('alpha', alpha)\n    mlflow.sklearn.log_model(model, 'model')\n"
    ),
    "predict.py": "import mlflow.pyfunc\n\nmodel = mlflow.pyfunc.load_model('models:/wine/Production')\n",
    "wine-quality.csv": "acidity,sugar,quality\n7.0,20.7,6\n6.3,1.6,6\n",
    "train.ipynb": notebook("import mlflow\nmlflow.autolog()", ran=False),
}
"""A tutorial of tracking: one script that logs its runs to a server, whatever model is called Production."""

HARDENED = f"""\
name: CI
on:
  workflow_dispatch:
  pull_request:
  push:
    branches: [main]
permissions: {{}}
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{SHA} # v7.0.1
      - run: pipx run nox -s lint
      - run: pre-commit run --all-files
  checks:
    needs: [lint]
    runs-on: ${{{{ matrix.os }}}}
    strategy:
      matrix: {{os: [ubuntu-latest, macos-latest]}}
    steps:
      - uses: actions/checkout@{SHA} # v7.0.1
      - run: pip install -e. --group test
      - run: pytest -ra --cov
  pass:
    if: always()
    needs: [lint, checks]
    runs-on: ubuntu-latest
    steps:
      - run: test "$RESULTS" = success
"""
PYTHON_PACKAGE: Mapping[str, str] = {
    "README.md": (
        "# churn\n\n[![CI](https://example.com/badge.svg)](https://example.com)\n\n## Install\n\n```bash\n"
        "pip install churn\npytest\npython -c 'import churn'\n```\n"
    ),
    "pyproject.toml": (
        '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n\n'
        '[project]\nname = "churn"\ndynamic = ["version"]\nrequires-python = ">=3.10"\n'
        'dependencies = ["numpy"]\n\n[dependency-groups]\ntest = ["pytest>=6", "pytest-cov>=3"]\n'
        'dev = [{include-group = "test"}]\n\n[tool.pytest.ini_options]\nminversion = "6.0"\n'
        'testpaths = ["tests"]\n\n[tool.mypy]\nstrict = true\n\n[tool.ruff.lint]\n'
        'extend-select = ["B", "I"]\n'
    ),
    "src/churn/__init__.py": (
        '"""Churn."""\n\nfrom __future__ import annotations\n\n__all__ = ["rate"]\n\n\n'
        'def rate(left: int, all_: int) -> float:\n    """Return the share that left."""\n'
        "    return left / all_\n"
    ),
    "src/churn/py.typed": "",
    "tests/test_package.py": (
        "from __future__ import annotations\n\nimport churn\n\n\ndef test_rate() -> None:\n"
        "    assert churn.rate(1, 4) == 0.25\n"
    ),
    "noxfile.py": (
        "import nox\n\n\n@nox.session\ndef tests(session: nox.Session) -> None:\n"
        "    session.install('-e.', '--group=test')\n    session.run('pytest')\n"
    ),
    ".pre-commit-config.yaml": (
        'repos:\n  - repo: https://example.com/astral-sh/ruff-pre-commit\n    rev: "v0.14.0"\n'
        "    hooks:\n      - id: ruff-check\n      - id: ruff-format\n"
        "  - repo: https://example.com/pre-commit/mirrors-mypy\n    rev: v1.18.0\n    hooks:\n"
        "      - id: mypy\n"
    ),
    ".github/workflows/ci.yml": HARDENED,
    "docs/index.md": "# churn\n",
    "LICENSE": "BSD 3-Clause License\n",
    ".gitignore": "__pycache__/\n",
}
"""A modern library: sources under src, tests, strict types, hooks and hardened CI, and no model at all."""

SHAPES: Mapping[str, Mapping[str, str]] = {
    "a folder of notebooks": NOTEBOOK_FOLDER,
    "a cookiecutter-data-science project": COOKIECUTTER_DATA_SCIENCE,
    "a DVC example": DVC_EXAMPLE,
    "an MLflow example": MLFLOW_EXAMPLE,
    "a Python package with CI": PYTHON_PACKAGE,
}
