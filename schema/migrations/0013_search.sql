-- Search.

-- forward

select 1;

-- back

select 1;
