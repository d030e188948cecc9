INSERT INTO users (id, name, email)
VALUES ($1, $2, $3)
ON CONFLICT (id) DO NOTHING
RETURNING name, email, updated_at, xmin::text AS version, true AS is_new;
