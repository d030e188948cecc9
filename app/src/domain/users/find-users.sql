SELECT
  id,
  name,
  email,
  updated_at,
  xmin::text AS version
FROM users
WHERE id = ANY ($1::bigint []);
