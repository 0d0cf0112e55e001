-- Tokens that a scope may hold, drawn ones without a reply included: 1.2 % of the hourly figure, at least one.
CREATE OR REPLACE FUNCTION mxflow_burst(per_hour integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(1, floor(per_hour * 0.012))::float8
$$;
