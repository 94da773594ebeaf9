"""The single-writer loop: events go through the logic into the ledger, then commands are carried out."""
