"""The tests that every product runs on its own data, contract and model, brought by ``tests/test_product.py``."""
