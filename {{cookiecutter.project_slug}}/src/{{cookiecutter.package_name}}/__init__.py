"""The product's package: one data contract, one pipeline, one model, one predictor."""
