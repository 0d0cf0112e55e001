-- A published rule set is never changed again, whoever asks: clients hold what they were given under its number.
CREATE OR REPLACE FUNCTION mxflow_hub_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a published rule set is never changed' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE OR REPLACE TRIGGER hub_version_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON hub_versions
  FOR EACH STATEMENT EXECUTE FUNCTION mxflow_hub_version_stays();
