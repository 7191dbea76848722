"""Jobs on RQ: one module per flow. The queue only wakes them; the ledger says what there is to do."""
