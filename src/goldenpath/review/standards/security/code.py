"""What lies in the repository: no secrets, and no code that runs what it loads."""

from __future__ import annotations

import re

from goldenpath.review.evidence import receipts, signed
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product import loaders, secrets
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_number, of_receipt
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, passed, unknown

SCANNERS = re.compile(r"\b(?:gitleaks|trufflehog|detect-secrets|ggshield|kingfisher)\b")
SCANNER_FILES = (".gitleaks.toml", ".gitleaksignore", ".secrets.baseline", ".trufflehogignore")


class SEC01(Criterion):
    """A secret that was pushed once is public for ever: deleting the file does not take it out of anybody's clone.

    So the history is read and not only the checkout. What was found must be revoked at its issuer first; only then is
    there a point in cleaning up.
    """

    id = "SEC-01"
    title = "No secrets in history"
    level = 0
    part = Part.SECURITY
    proofs = (Proof.EXECUTED, Proof.RECEIPT)
    verify = (
        "no private key and no token of thirteen kinds with an unmistakable shape in the checkout, nor in any change "
        "of the history; where that is longer than 500 commits or 32 MiB, a receipt of gitleaks, trufflehog, "
        "detect-secrets, ggshield or kingfisher vouches for the older part (facts: findings, commits) and the newer is "
        "read. This proves that no known kind of token leaked; passwords without a shape are for the scanner. A secret "
        "that is only in history can be attested as revoked, for at most 365 days, by naming its commit"
    )
    fix = "revoke the secret where it was issued, then remove it; goldenpath attest SEC-01 for what stays in history"
    effort = Effort.HOURS
    sources = ("OpenSSF Scorecard", "OWASP Top 10 A07", "CIS Software Supply Chain Security Guide 1.5")
    gaming = "A secret deleted by a later commit, and a receipt of a command that scans nothing: both are refused."
    attestable = 365
    waits = True

    @staticmethod
    def check(product: Product) -> Verdict:
        git, commit = product.git, product.commit
        present = _in_checkout(product)
        if present:
            facts = [Evidence(f"{item.kind}, by its shape", item.path, item.line) for item in present[:5]]
            return failed(f"{len(present)} secrets lie in the checkout", *facts)
        if git is None or commit is None:
            return unknown(
                "there is no history to read; nothing in the files looks like a secret", Evidence("git init")
            )
        found = receipts.find(product, "SEC-01", about=SCANNER_FILES)
        scanned = found.receipt
        if scanned is not None and (fault := _scan_fault(product, scanned)):
            return failed(fault, of_receipt(scanned))
        since = scanned.commit if scanned is not None else ""
        history = secrets.in_history(git, commit, since, product.prefix)
        if history.secrets:
            return _leaked(product, history.secrets)
        proof = [Evidence(f"{history.commits} commits read", command="git log --patch")]
        if scanned is not None:
            proof.append(of_receipt(scanned))
        if not history.complete:
            why = "the clone is shallow" if git.is_shallow else "the history is longer than a review reads"
            hint = (
                "git fetch --unshallow"
                if git.is_shallow
                else "goldenpath record SEC-01 --fact findings=0 --fact commits=N -- gitleaks git"
            )
            return unknown(f"{why}; the part that was read is clean", Evidence(why, command=hint), *proof)
        return passed("nothing in the checkout or its history looks like a secret", *proof)


class SEC05(Criterion):
    """Loading a pickle runs whatever program is in it, with all the rights of the service.

    A model file travels through storage, registries and laptops, and whoever can write to one of those would own
    production. Formats that hold only data close that door; a digest compared before loading at least locks it.
    """

    id = "SEC-05"
    title = "Safe model loading"
    level = 2
    part = Part.SECURITY
    proofs = (Proof.EXECUTED,)
    verify = (
        "no code outside the tests, notebooks included, loads with pickle, dill, cloudpickle, joblib, marshal, shelve, "
        "read_pickle, mlflow's loaders, torch.load without weights_only=True, numpy.load with allow_pickle, Keras with "
        "safe_mode=False, or skops with types taken from the file, under any alias, unless an `if` that stops compares "
        "a digest before it in the same function. ONNX, safetensors and skops with a list of trusted types are fine"
    )
    fix = "store models with skops and serve ONNX, as the library's stages do"
    sources = ("OWASP Machine Learning Security Top 10 ML06", "OWASP Top 10 A08", "SLSA v1.0 Verification")
    gaming = "Aliases, getattr, import_module, a digest compared after loading or by assert: names are resolved."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        if not product.python.files and not product.notebooks:
            return failed("there is no code that could load a model", Evidence("no Python file, no notebook"))
        found = loaders.unsafe(product)
        if found:
            facts = [Evidence(f"{item.name} {item.reason}", item.path, item.line) for item in found[:5]]
            return failed(f"{len(found)} places run code from a file", *facts)
        count = len(product.python.files) + len(product.notebooks)
        return passed(f"none of {count} files loads what could run code", Evidence("syntax trees read"))


def _in_checkout(product: Product) -> list[secrets.Secret]:
    """Secrets in files that history does not hold: all of them without one, else what is changed or new."""
    if product.from_commit:
        return []
    paths = product.paths
    if product.git is not None and product.commit is not None:
        prefix, committed = product.prefix, set(product.git.tracked) - product.git.changed
        paths = frozenset(path for path in paths if f"{prefix}{path}" not in committed)
    found: list[secrets.Secret] = []
    for path in sorted(paths):
        size = product.tree.size(path)
        if size is None or size > secrets.LARGEST:
            continue
        try:
            found += secrets.in_text(product.tree.read(path) or b"", path)
        except BrokenFileError:
            continue  # a link that leads out of the product: what is there is not the product's
    return found


def _scan_fault(product: Product, receipt: Receipt) -> str:
    """Why a scanner's receipt proves nothing; empty where it does."""
    findings, commits = (as_number(receipt.facts.get(key)) for key in ("findings", "commits"))
    if not SCANNERS.search(f"{receipt.command} {receipt.facts.get('scanner', '')}"):
        return "the receipt is of no scanner that is known"
    if findings != 0:
        return f"the scanner tells {findings} findings"
    counted = product.git.run("rev-list", "--count", receipt.commit) if product.git else None
    if counted is None or commits is None or commits < int(counted):
        return f"the scanner read {commits} of {(counted or '').strip()} commits"
    return ""


def _leaked(product: Product, found: tuple[secrets.Secret, ...]) -> Verdict:
    """Secrets in history: those that are still in the checkout, and those that may be attested as revoked."""
    facts = [
        Evidence(
            f"{item.kind}, by its shape; since {item.commit}",
            item.path.removeprefix(product.prefix),
            command=f"git show {item.commit}",
        )
        for item in found[:5]
    ]
    still = [item for item in found if any(other.kind == item.kind for other in _of_file(product, item.path))]
    if still:
        return failed(f"{len(still)} secrets lie in the checkout and in history", *facts)
    entry, refused = signed.valid(product, "attestation", "SEC-01", 365)
    unnamed = [item.commit for item in found if entry is None or item.commit[:7] not in f"{entry.words} {entry.link}"]
    if entry is not None and not unnamed:
        words = Evidence(f"{entry.signer}: {entry.words} ({entry.link})", entry.path, entry.line)
        return Verdict(Status.ATTESTED, f"{len(found)} secrets in history, revoked by {entry.signer}", (words, *facts))
    why = [Evidence(f"an attestation does not count: it {item.fault}", item.path, item.line) for item in refused]
    return failed(f"{len(found)} secrets lie in history", *facts, *why)


def _of_file(product: Product, path: str) -> list[secrets.Secret]:
    path = path.removeprefix(product.prefix)
    size = product.tree.size(path) if path in product.paths else None
    if size is None or size > secrets.LARGEST:
        return []
    return secrets.in_text(product.tree.read(path) or b"", path)
