"""MeSH, the thesaurus that trials are coded and searched with.

    desc20XX.xml ──xml──▶ records ──▶ tables ──▶ vocabulary ──┐         ┌─▶ codes of a trial, each with its score,
    supp20XX.xml                      tree ───────────────────┤         │   how it was found and where
                                                              ├─mapping─┤
    a trial's conditions,    ──normal──▶ words, stems, bags ──┤         │
    interventions, keywords                                   │         └─▶ texts that nothing was found for,
    what registries index    ──evidence───────────────────────┘             counted for a person to map once

A text is read from strict to loose, and the first that tells anything is believed:

    exact, entry   as MeSH writes it, by its name or by another                    heart attack
    said           a short form or lay term that MeSH does not list               NSCLC
    normalised     hyphens, plural, British spelling, order of words              tumours of the breast
    kindred        another word for the same                                      hematologic cancer
    span           the longest terms that stand within the text                   recurrent [breast cancer]
    within         a more general term in the words of a narrower one             myocardial [ischemia]
    approximate    a slip of the pen put right                                    Chrohn's disease

Beside the words stands `registry`: what ClinicalTrials.gov's own indexing gave to other trials with the same text or
term. It may add a term that no word says, and take back a general one; what a text says in so many words it leaves
alone. It is optional, learned from a mirror (evidence) or brought along (habits). What a person decided for a text
goes before all of it (`curated`).

A heading stands at several places of the tree; a search for it finds all that is below any of them. Terms are told
apart by record: collisions of normalised forms are kept apart, and what is ambiguous is not guessed.
"""
