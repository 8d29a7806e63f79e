"""The models that answer, and who gets which: loaded, checked and changed as one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from goldenpath.model.features import as_category
from goldenpath.model.signature import ModelError
from goldenpath.project.contract import Contract
from goldenpath.project.paths import CHALLENGER, MODEL
from goldenpath.serving import loaded_model, routing
from goldenpath.serving.loaded_model import LoadedModel
from goldenpath.serving.prediction_log import Privacy
from goldenpath.serving.routing import Experiment
from goldenpath.serving.settings import Settings


@dataclass(frozen=True)
class Variant:
    """One of the models, and what metrics and log call it."""

    name: str
    model: LoadedModel


@dataclass(frozen=True)
class Variants:
    """The models of one moment; a request is answered by those that it began with.

    Attributes:
        champion: Answers everybody whom the plan gives to nobody else.
        challenger: Answers those whom the plan gives to it.
        shadow: Is asked behind the champion's back.
        experiment: The plan.
        privacy: How the prediction log keeps entities: an assignment can be computed again from the log.
    """

    champion: Variant
    challenger: Variant | None
    shadow: LoadedModel | None
    experiment: Experiment | None
    privacy: Privacy

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Every model that is loaded, the champion's first."""
        others = (self.challenger.model if self.challenger else None, self.shadow)
        return (self.champion.model, *(model for model in others if model))

    def of(self, entity: Any, request: str) -> Variant:
        """Who answers a row.

        Args:
            entity: Whom the row is about, where that is known.
            request: The request's id, which decides where it is not: such rows change sides from call to call.
        """
        if self.challenger is None or self.experiment is None:
            return self.champion
        kept = self.privacy.entity(entity)
        unit = request if kept is None else as_category(kept)
        return self.challenger if self.experiment.variant_of(unit) == routing.CHALLENGER else self.champion


def load(settings: Settings, agreed: Contract, key: bytes | None) -> Variants:
    """Load the model in ``models/``, and the one in ``models/challenger/`` where ROUTES asks for it.

    Args:
        settings: Names the file of the plan.
        agreed: The contract that both must have been trained under.
        key: Key of the hashes that stand for confidential entities.

    Raises:
        RoutingError: The plan cannot be used.
        ModelError: A model is missing, damaged, not the one of the plan, or was trained under another contract.
    """
    champion = Variant(settings.variant, loaded_model.load(agreed, settings.max_rows))
    plan = routing.load(settings.routes) if settings.routes else None
    other = _challenger(settings, agreed, plan) if plan else None
    return Variants(
        champion=champion,
        challenger=Variant(routing.CHALLENGER, other) if other and plan and not plan.is_shadow else None,
        shadow=other if plan and plan.is_shadow else None,
        experiment=plan,
        privacy=Privacy(agreed, key),
    )


def _challenger(settings: Settings, agreed: Contract, plan: Experiment) -> LoadedModel:
    path, where = CHALLENGER / MODEL.name, f"{settings.routes} wants {plan.model[:12]}, {plan.candidate}"
    advice = "docs/how-to/routing.md tells how to bring it there"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; {where}. {advice}.") from error
    if found != plan.model:
        raise ModelError(f"{path} is {found[:12]}; {where}. {advice}.")
    try:
        return loaded_model.load(agreed, settings.max_rows, CHALLENGER)
    except ModelError as error:
        raise ModelError(f"The challenger cannot be used, {where}: {error}") from error
