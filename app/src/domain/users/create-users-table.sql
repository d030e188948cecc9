-- CREATE TABLE IF NOT EXISTS needs the privilege CREATE even if the table exists.
DO $$
BEGIN
  IF to_regclass('users') IS NULL THEN
    CREATE TABLE users (
      id bigint PRIMARY KEY,
      name text NOT NULL,
      email text NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now()
    );
  END IF;
END
$$;
