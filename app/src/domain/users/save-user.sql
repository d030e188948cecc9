INSERT INTO users (id, name, email)
VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE
  SET name = excluded.name, email = excluded.email, updated_at = now()
-- Only a row that was there before was locked, which sets xmax.
RETURNING name, email, updated_at, xmin::text AS version, xmax = 0 AS is_new;
