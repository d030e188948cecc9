INSERT INTO users (id, name, email)
VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE
  SET name = excluded.name, email = excluded.email, updated_at = now()
RETURNING name, email, updated_at;
