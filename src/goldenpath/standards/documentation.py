"""Documentation: what the product is for, for whom, and how others can run it, change it and trust it."""

from __future__ import annotations

from goldenpath.product.manifest import NAME as MANIFEST
from goldenpath.product.product import Product
from goldenpath.standards.criterion import Criterion, Effort, Part
from goldenpath.standards.verdict import Evidence, Verdict, failed, passed

WANTED = ("name", "purpose", "owner", "contact", "serving")
ASGI = ("fastapi", "starlette", "flask", "litestar", "bentoml")


class DOC01(Criterion):
    """A level belongs to a product, not to a repository.

    The manifest says what the product is, who answers for it, what a mistake costs and how it is served. Everything
    else in a review depends on it: which criteria apply, whom to ask, how strict to be.
    """

    id = "DOC-01"
    title = "Product manifest"
    level = 0
    part = Part.DOCUMENTATION
    verify = (
        "golden-path.yaml names the product, its purpose, owner, contact, criticality, serving modes and environments; "
        "CODEOWNERS names the same owner; a web framework in the code needs an online mode in the manifest"
    )
    fix = "edit golden-path.yaml and .github/CODEOWNERS"
    effort = Effort.MINUTES
    sources = ("NIST AI RMF Govern 1.6", "ML Test Score")
    gaming = "An owner that nobody is: the same handle must own the files in CODEOWNERS, where reviews are asked of it."

    @staticmethod
    def check(product: Product) -> Verdict:
        manifest = product.manifest
        if not manifest.present:
            return failed(f"there is no {MANIFEST}", Evidence("it declares what the product is", MANIFEST))
        missing = [name for name in WANTED if not getattr(manifest, name)]
        if missing:
            return failed(f"{MANIFEST} lacks {', '.join(missing)}", Evidence(f"lacks {', '.join(missing)}", MANIFEST))
        if manifest.owner not in product.owners.everyone:
            owners = product.owners.path or ".github/CODEOWNERS"
            fact = Evidence(f"{manifest.owner} is not in it", owners)
            return failed(f"the owner, {manifest.owner}, owns no file", fact)
        if not manifest.is_online and (served := _web_framework(product)):
            return failed("the code serves requests, the manifest says it does not", served)
        line = product.line_of(MANIFEST, r"\bowner\b")
        return passed(f"owned by {manifest.owner}", Evidence(f"owner {manifest.owner}", MANIFEST, line))


def _web_framework(product: Product) -> Evidence | None:
    for path in product.python.modules:
        for name, line in product.python.imports(path):
            if name.split(".")[0] in ASGI:
                return Evidence(f"imports {name}", path, line)
    return None
