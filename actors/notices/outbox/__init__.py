"""The outbox: what is to be told to programs, written in the transaction of what it tells of."""
