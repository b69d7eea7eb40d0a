-- Search while trials come in: what waits to be put into an index is read by every question that goes through it.

-- forward

-- 40 records wait, not 300: a question then costs a tenth less while 500 come in a second, and writing them costs the same.
alter index trials_words set (gin_pending_list_limit = 128);
alter index trials_title_words set (gin_pending_list_limit = 128);

-- back

alter index trials_words set (gin_pending_list_limit = 1024);
alter index trials_title_words set (gin_pending_list_limit = 1024);
