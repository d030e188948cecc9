CREATE TABLE IF NOT EXISTS users (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
