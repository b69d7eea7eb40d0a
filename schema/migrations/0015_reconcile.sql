-- Scrapes that compare numbers and dates, and ask only for what differs.

-- forward

alter table scrapes drop constraint scrapes_mode_check;
alter table scrapes add constraint scrapes_mode_check check (mode in ('full', 'incremental', 'reconcile'));

-- back

delete from scrapes where mode = 'reconcile';
alter table scrapes drop constraint scrapes_mode_check;
alter table scrapes add constraint scrapes_mode_check check (mode in ('full', 'incremental'));
