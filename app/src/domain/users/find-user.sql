SELECT
  name,
  email,
  updated_at,
  xmin::text AS version
FROM users
WHERE id = $1;
