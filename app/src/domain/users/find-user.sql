SELECT
  name,
  email,
  updated_at
FROM users
WHERE id = $1;
