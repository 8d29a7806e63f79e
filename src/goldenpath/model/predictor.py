"""The one way to get a prediction: rows of contract columns in, decisions out.

REST, batch, events and monitoring all call :class:`Predictor`. It needs NumPy and ONNX Runtime, neither pandas nor
scikit-learn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from goldenpath.model import signature
from goldenpath.model.features import Inputs, as_category, as_number, categories_of, encode, numbers_of
from goldenpath.model.onnx_names import CATEGORIES, NUMBERS
from goldenpath.model.signature import ModelError, Signature
from goldenpath.project.paths import MODEL, SIGNATURE


@dataclass(frozen=True)
class Prediction:
    """One answer.

    Attributes:
        decision: The class that the model decides for, or the predicted number.
        score: Probability of the positive class, of the decided class with more than two, or the predicted number.
    """

    decision: Any
    score: float


class Predictor:
    """An exported model, loaded and ready. Safe to share between threads."""

    def __init__(self, model: bytes, described: Signature) -> None:
        """Start a session on one thread: one row is too little work to share.

        Args:
            model: The ONNX file's content.
            described: The signature that was exported with it.

        Raises:
            ModelError: The model is not the one that the signature describes, or is not an ONNX graph.
        """
        found = hashlib.sha256(model).hexdigest()
        if found != described.model_sha256:
            raise ModelError(
                f"The model's digest is {found[:12]}, its signature is for {described.model_sha256[:12]}. "
                "Run `make run`, or `dvc checkout` to get the committed model back."
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises classes of its own, with Exception as their only base
            raise ModelError(f"The model is not an ONNX graph that ONNX Runtime can run: {error}") from error
        self.signature = described
        self._output = [self._session.get_outputs()[-1].name]
        threshold = described.threshold
        self._bound = None if threshold is None else float(np.float32(threshold))  # as NumPy compares it with scores
        self._numbers = [column.name for column in numbers_of(described.inputs)]
        self._categories = [column.name for column in categories_of(described.inputs)]

    @classmethod
    def load(cls, model: Path = MODEL, described: Path = SIGNATURE) -> Predictor:
        """Load an exported model.

        Raises:
            ModelError: A file is missing, or the two do not belong together.
        """
        if not model.is_file():
            raise ModelError(f"{model}: no such file. Run `make run`.")
        return cls(model.read_bytes(), signature.load(described))

    def predict_one(self, row: Mapping[str, Any]) -> Prediction:
        """Predict one row.

        Args:
            row: Values by column name; a column that is left out is missing. Other columns are ignored.
        """
        numbers = np.array([[as_number(row.get(name)) for name in self._numbers]], dtype=np.float32)
        categories = np.array([[as_category(row.get(name)) for name in self._categories]], dtype=object)
        scores = self._run(Inputs(numbers, categories))
        if self._bound is None:
            return self._decided(scores)[0]
        score = scores.item()  # a quarter of the time goes into arrays where one number would do
        return Prediction(self.signature.classes[score >= self._bound], score)

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Predict several rows, each as in :meth:`predict_one`."""
        if not rows:
            return []
        columns = {column.name: [row.get(column.name) for row in rows] for column in self.signature.inputs}
        return self._decided(self.scores(columns))

    def scores(self, columns: Mapping[str, Sequence[Any]]) -> NDArray[np.float32]:
        """The raw output for rows that are given column by column.

        Returns:
            binary: probability of the positive class, shape (rows,). multiclass: probabilities, shape (rows,
            classes). regression: predictions, shape (rows,).
        """
        return self._run(encode(self.signature.inputs, columns))

    def scores_of(self, inputs: Inputs) -> NDArray[np.float32]:
        """The raw output for rows that are encoded already; see :meth:`scores`."""
        return self._run(inputs)

    def decisions(self, scores: NDArray[np.float32]) -> NDArray[Any]:
        """The decision behind each score: an index into the classes, or the prediction itself, shape (rows,)."""
        if self.signature.threshold is not None:
            return (scores >= self.signature.threshold).astype(np.int64)
        return scores.argmax(axis=1) if self.signature.task == "multiclass" else scores

    def _run(self, inputs: Inputs) -> NDArray[np.float32]:
        feed: dict[str, NDArray[Any]] = {}
        if self._numbers:
            feed[NUMBERS] = inputs.numbers
        if self._categories:
            feed[CATEGORIES] = inputs.categories
        output: NDArray[np.float32] = self._session.run(self._output, feed)[0]
        if self.signature.task == "binary":
            return output[:, 1]
        return output if self.signature.task == "multiclass" else output[:, 0]

    def _decided(self, scores: NDArray[np.float32]) -> list[Prediction]:
        if self.signature.task == "regression":
            return [Prediction(value, value) for value in scores.tolist()]
        classes, chosen = self.signature.classes, self.decisions(scores).tolist()
        shown = scores if self.signature.task == "binary" else scores.max(axis=1)
        return [Prediction(classes[index], score) for index, score in zip(chosen, shown.tolist(), strict=True)]
