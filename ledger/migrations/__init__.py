"""The versions of the ledger's tables; `ledger.migrate` brings a ledger to the latest."""
