"""Tables in and out: encodings, separators, text to typed values, validation against the contract."""
