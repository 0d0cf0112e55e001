-- The level after so many seconds: it rises only while level and outstanding together are below the burst.
CREATE OR REPLACE FUNCTION mxflow_refilled(level double precision, outstanding bigint, per_hour integer,
  seconds double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN level + outstanding >= mxflow_burst(per_hour) THEN level
    ELSE least(mxflow_burst(per_hour) - outstanding, level + greatest(0, seconds) * mxflow_refill_rate(per_hour)) END
$$;
