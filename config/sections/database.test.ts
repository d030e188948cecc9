import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../problem.ts";
import { validate } from "../validate.ts";

for (const url of [
  "postgres://user:password@host:5432/name",
  "postgresql://user@host/name",
  "postgres://host/name",
  "postgres://u:p%23ss%2F%3F%25@db.example.org/app?sslmode=verify-full&options=-c%20x",
  "postgres://u:p@ss:w0rd!$&'()*+,;=~@10.0.0.1:5432/app",
  "postgres://u:p@[2001:db8::1]:5432/app",
  "postgres://us%40er:p@%2Fvar%2Frun%2Fpostgresql/app",
]) {
  test(`database.url takes ${url}, which the URL parser reads in the same way`, () => {
    assert.equal(validate({ database: { url } }).database.url, url);
    assert.match(new URL(url).pathname, /^\/(name|app)$/);
  });
}

for (const url of [
  "postgres://u:p#ss@h/db",
  "postgres://u:p/ss@h/db",
  "postgres://u:1/2@h/db",
  "postgres://u:p?ss@h/db",
  "postgres://u:p%ss@h/db",
  "postgres://u:p ss@h/db",
  "postgres://u:p@h",
  "postgres://u:p@h/",
  "postgres://u:p@h:port/db",
  "mysql://u:p@h/db",
]) {
  test(`database.url refuses ${url}, and explains percent-encoding without the value`, () => {
    assert.throws(
      () => validate({ database: { url } }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /database\.url: .*percent-encoded: # as %23/);
        assert.ok(!error.message.includes(url));
        return true;
      },
    );
  });
}

/** Made with openssl req -x509; valid until 2126. */
const ca = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBdDCCARugAwIBAgIUcNTIGn9y5mp9gmlFAjL42lkXk8swCgYIKoZIzj0EAwIw",
  "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYyMDA3MTFaGA8yMTI2MTEwMjIwMDcx",
  "MVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMCz",
  "hUrF0JU7vFOKD/FXCvJlrdp5lqNe+FOmXgGQotqOMlP21CW07obt6pB9fixWnwft",
  "mh4JXt2X/sX/8H2ooImjUzBRMB0GA1UdDgQWBBRX6ojUG/v04frEl+wI9FrT/7rH",
  "ZzAfBgNVHSMEGDAWgBRX6ojUG/v04frEl+wI9FrT/7rHZzAPBgNVHRMBAf8EBTAD",
  "AQH/MAoGCCqGSM49BAMCA0cAMEQCIF67pGG8BJyPD9CbjqEe0a/JAzDkHEkYraPF",
  "Y8nBZX+gAiAfDexTUr/x1HDi5eFCKBm6xD3x3gU1lh++DmnMa0EAqQ==",
  "-----END CERTIFICATE-----",
].join("\n");
const url = "postgres://u:p@h/db";

test("database.ca takes certificates in PEM form only, and only those that can be read", () => {
  assert.equal(validate({ database: { url, ca } }).database.ca, ca);
  assert.throws(() => validate({ database: { url, ca: "/etc/ca.pem" } }), /must be certificates in PEM form/);
  const cut = `${ca}\n${ca.replace("MII", "")}`;
  assert.throws(
    () => validate({ database: { url, ca: cut } }),
    /has 2 certificates, of which number 2 cannot/,
  );
});

test("database.ca is refused without database.url, because the stack's own database has no TLS", () => {
  assert.throws(() => validate({ database: { ca } }), /database\.ca: is for the server of database\.url/);
});

test("database.maxConnections must fit into database.memory, of which PostgreSQL takes a share for each when it starts", () => {
  const full = { maxConnections: 3600, memory: "256 MiB" };
  assert.equal(validate({ database: full }).database.maxConnections, 3600);
  assert.equal(validate({ database: { url, maxConnections: 10_000 } }).database.maxConnections, 10_000);
  assert.throws(
    () => validate({ database: { maxConnections: 10_000 } }),
    /database\.maxConnections: 10000 needs 352 MiB when the database starts, .* database\.memory \(256 MiB\); .*database\.memory '704 MiB'/,
  );
});
