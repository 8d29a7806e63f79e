"""What has to hold before anybody relies on a version: proofs on a fresh clone, and tags that lead back to them."""
