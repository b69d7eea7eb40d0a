-- Which records are the same trial.

-- forward

select 1;

-- back

select 1;
