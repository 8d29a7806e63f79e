"""What a pull request changes, judged before it is merged: contract, data, the pipeline's record, secrets."""
