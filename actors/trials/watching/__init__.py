"""Who watches what, and what they are told.

    a page is written ──▶ trial_due ──▶ the job `watch`, in one transaction a page:
                                          which watches these trials concern, which searches find them now
                                          ──▶ matter.py: what of their new versions matters
                                          ──▶ notes.py: one notice for each owner, trial and version
                                          ──▶ rows of notices, of deliveries, and the jobs that send these

A watch knows up to which version its owner was told. That moves in the transaction that writes the notices, and a
notice is unique by owner, trial and version: nobody is told twice, and whoever dies halfway has told nothing.

Adding a watch takes the same lock as making notices: what is seen when it is added is told of by nobody, and what comes
later is.
"""
