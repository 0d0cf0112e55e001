-- Tokens a second: an hour's refill and a burst stay below the hourly figure plus one.
CREATE OR REPLACE FUNCTION mxflow_refill_rate(per_hour integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT (per_hour - mxflow_burst(per_hour) + 1) * 0.999999 / 3600
$$;
