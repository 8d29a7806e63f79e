"""Evidence that a checkout does not hold by itself: receipts of commands, attestations of people, and waivers."""
