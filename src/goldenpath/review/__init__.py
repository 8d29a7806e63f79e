"""The review: every criterion asked, levels derived, steps proposed, two reviews compared."""
