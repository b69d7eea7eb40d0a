-- The words of titles in an index of their own, with those of the filters: a title is found without reading every other hit.

-- forward

create index trials_title_words on trials using gin ((ts_filter(words, '{a}') || facets))
    with (fastupdate = on, gin_pending_list_limit = 1024);

-- back

drop index trials_title_words;
