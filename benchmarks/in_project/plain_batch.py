"""What a batch is without ``make batch``: pandas reads, the model predicts, pandas writes. Arguments: ROWS ANSWERS.

Runs inside the generated sample after its pipeline.
"""

import sys

import pandas as pd

from goldenpath.model.predictor import Predictor

source, result = sys.argv[1:]
predictor = Predictor.load()
names = [column.name for column in predictor.signature.inputs]
frame = pd.read_parquet(source) if source.endswith(".parquet") else pd.read_csv(source)
scores = predictor.scores({name: frame[name].astype(object).where(frame[name].notna(), None) for name in names})
answers = frame.drop(columns=names).assign(decision=predictor.decisions(scores) == 1, score=scores)
if result.endswith(".parquet"):
    answers.to_parquet(result, index=False)
else:
    answers.to_csv(result, index=False)
