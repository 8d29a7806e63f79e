"""The tests that every product runs on its own data, contract and model; ``tests/test_product.py`` brings them along."""
