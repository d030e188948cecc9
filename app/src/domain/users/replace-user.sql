UPDATE users
SET name = $2, email = $3, updated_at = now()
-- Without versions: any version.
WHERE id = $1 AND ($4::text [] IS NULL OR xmin::text = ANY ($4::text []))
RETURNING name, email, updated_at, xmin::text AS version, false AS is_new;
