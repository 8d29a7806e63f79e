"""The model in a browser: a static page with a form made from the contract, and the ONNX graph behind it."""
