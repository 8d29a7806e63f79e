"""Point the project at your own table: ``goldenpath adopt customers.csv churned``.

How it flows: file → :mod:`profile` (what the columns hold) → :mod:`target` and :mod:`infer` (what they are for) →
:mod:`leakage` (what looks too good) → :mod:`contract_text`, :mod:`params_text`, :mod:`dvc_text` (the new files) →
:mod:`write` (all of them or none).
"""
