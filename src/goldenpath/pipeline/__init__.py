"""The stages of ``dvc.yaml``, one file each, under the same names."""

import os

# Must stand before scikit-learn loads OpenMP. Threads that wait by spinning slow each other down wherever the cores are
# shared, as they are in CI: training took 18 s instead of 5 s on two busy cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
