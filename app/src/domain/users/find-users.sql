SELECT
  id,
  name,
  email,
  updated_at
FROM users
WHERE id = ANY ($1::bigint []);
