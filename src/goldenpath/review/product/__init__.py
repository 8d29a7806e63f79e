"""What a review may look at: one product's files, history and declared facts, each read once and only when asked."""
