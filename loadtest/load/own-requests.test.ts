import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { RequestConfig } from "../../contract/outputs.ts";
import { seededRandom } from "../../measure/random.ts";
import { compileRequest } from "./own-requests.ts";
import { RequestFiles } from "./request-files.ts";
import { Session } from "./session.ts";

const request = (more: Partial<RequestConfig> = {}): RequestConfig => ({
  method: "GET",
  path: "/items",
  headers: {},
  ...more,
  expect: { statuses: [], json: {}, ...more.expect },
});
const compile = (config: RequestConfig, env = {}) =>
  compileRequest("list", config, { random: seededRandom(1), env });
const verifies = (expect: Partial<RequestConfig["expect"]>, body: string) =>
  compile(request({ expect: { statuses: [], json: {}, ...expect } }))().verify(body);

test("a request without generators is the same object each time", () => {
  const next = compile(request());
  assert.equal(next(), next());
});

test("a name has one value in all texts of a request, and another in the next one", () => {
  const next = compile(
    request({
      method: "PUT",
      path: "/items/{{id: 1..1000000}}",
      headers: { "x-item": "{{id}}" },
      body: '{"id":{{id}},"key":"{{key: uuid}}"}',
    }),
  );
  const [one, other] = [next(), next()];
  const id = /\d+/.exec(one.path)?.[0];
  assert.equal(one.headers?.["x-item"], id);
  assert.equal((JSON.parse(String(one.body)) as { id: number }).id, Number(id));
  assert.notEqual(one.path, other.path);
});

test("headers have lower-case names, so that a content type replaces the default", () => {
  const { headers } = compile(
    request({ method: "PUT", headers: { "Content-Type": "text/plain" }, body: "a" }),
  )();
  assert.deepEqual(headers, { "content-type": "text/plain" });
});

test("integers stay in their range, and zipf prefers the first ones", () => {
  const counts = (range: string) => {
    const next = compile(request({ path: `/{{id: ${range}}}` }));
    const ids = Array.from({ length: 4000 }, () => Number(next().path.slice(1)));
    return [10, 11, 12, 13].map((id) => ids.filter((found) => found === id).length);
  };
  for (const count of counts("10..13")) assert.ok(count > 850 && count < 1150, String(count));
  const [first = 0, , , last = 0] = counts("10..13 zipf");
  assert.ok(first > 3 * last, `${first} and ${last}`);
});

test("a variable of the environment is required before the run", () => {
  const config = request({ headers: { authorization: "Bearer {{token: env TOKEN}}" } });
  assert.equal(compile(config, { TOKEN: "secret" })().headers?.authorization, "Bearer secret");
  assert.throws(() => compile(config), /the request list needs the variable TOKEN/);
});

test("the expectation finds wrong bodies", () => {
  assert.ok(verifies({}, "anything"));
  assert.ok(verifies({ contains: "ok" }, "all ok"));
  assert.ok(!verifies({ contains: "ok" }, "all is well"));
  assert.ok(verifies({ maxBody: 4 }, "four"));
  assert.ok(!verifies({ maxBody: 4 }, "füürs"));
  const json = { "/items/0/name": "Ada", "/count": "2", "/a~1b": "true" };
  const body = { items: [{ name: "Ada" }], count: 2, "a/b": true };
  assert.ok(verifies({ json }, JSON.stringify(body)));
  assert.ok(!verifies({ json }, JSON.stringify({ ...body, count: 3 })));
  assert.ok(!verifies({ json }, JSON.stringify({ ...body, items: [] })));
  assert.ok(!verifies({ json }, "no JSON"));
});

function filesOf(t: TestContext, contents: Record<string, string | Buffer>): RequestFiles {
  const folder = mkdtempSync(join(tmpdir(), "own-requests-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  return new RequestFiles(folder);
}
const compileWith = (files: RequestFiles, config: RequestConfig, more = {}) =>
  compileRequest("list", config, { random: seededRandom(1), files, ...more });

test("a right response gives the session its values, which later requests of the session have", () => {
  const session = new Session();
  const login = compileRequest("login", request({ keep: { token: "/token", csrf: "header x-csrf" } }), {
    random: seededRandom(1),
  });
  const answer = (body: string, headers: Record<string, string>) => {
    const sent = login(session);
    const isGood = sent.verify(body, headers);
    sent.settle?.(isGood);
    return isGood;
  };
  const next = compile(
    request({ path: "/{{from: login.token}}", headers: { "x-csrf": "{{from: login.csrf}}" } }),
  );
  assert.ok(answer('{"token":"a/b c#é"}', { "x-csrf": "of\r\na" }));
  const before = next(session);
  assert.deepEqual([before.path, before.headers], ["/a/b%20c%23%C3%A9", { "x-csrf": "of%0D%0Aa" }]);
  for (const body of ["no JSON", "{}", '{"token":null}', '{"token":{}}'])
    assert.ok(!answer(body, { "x-csrf": "other" }), body);
  assert.ok(!answer('{"token":"other"}', {}));
  assert.equal(next(session).path, before.path);
  assert.ok(answer('{"token":7}', { "x-csrf": "second" }));
  assert.equal(before.renewed?.().path, "/7");
});

test("a request that is sent again has the new values of the session, and its own as before", () => {
  const session = new Session();
  session.keep("login", { token: "old" });
  const sent = compile(request({ path: "/{{id: uuid}}?t={{from: login.token}}" }))(session);
  session.keep("login", { token: "new" });
  assert.equal(sent.renewed?.().path, sent.path.replace("t=old", "t=new"));
});

test("the columns of a request come from one row; rows are taken in turn, by each thread its own, or at random", (t) => {
  const files = filesOf(t, { "u.csv": "id,name\n1,a\n2,b\n3,c\n4,d\n" });
  const paths = (suffix: string, more = {}) => {
    const next = compileWith(
      files,
      request({ path: `/{{csv: u.csv.id${suffix}}}/{{csv: u.csv.name${suffix}}}` }),
      more,
    );
    return Array.from({ length: 5 }, () => next().path);
  };
  assert.deepEqual(paths(""), ["/1/a", "/2/b", "/3/c", "/4/d", "/1/a"]);
  assert.deepEqual(paths("", { thread: 1, threads: 2 }), ["/2/b", "/4/d", "/2/b", "/4/d", "/2/b"]);
  const random = paths(" random");
  assert.ok(random.every((path) => ["/1/a", "/2/b", "/3/c", "/4/d"].includes(path)));
  assert.notDeepEqual(random, paths(""));
});

test("values of files are written as the body's content type needs them", (t) => {
  const files = filesOf(t, { "u.csv": 'name\n"O""Brien & co\n"\n' });
  const body = (text: string, type?: string) =>
    compileWith(files, request({ body: text, headers: type === undefined ? {} : { "Content-Type": type } }))()
      .body;
  const slot = "{{csv: u.csv.name}}";
  assert.equal(body(`{"a\\"b":"${slot}"}`), '{"a\\"b":"O\\"Brien & co\\n"}');
  assert.equal(body(`[${slot}]`), '[O"Brien & co\n]');
  assert.equal(body(`name=${slot}`, "application/x-www-form-urlencoded"), "name=O%22Brien%20%26%20co%0A");
  assert.equal(body(slot, "text/plain"), 'O"Brien & co\n');
});

test("values of files and responses are data in a query, and may be a path before it", (t) => {
  const session = new Session();
  const path = (text: string, value: string) => {
    session.keep("list", { value });
    const files = filesOf(t, { "u.csv": `value\n"${value}"\n` });
    const [fromFile, fromResponse] = ["{{csv: u.csv.value}}", "{{from: list.value}}"].map(
      (slot) => compileWith(files, request({ path: text.replaceAll("VALUE", slot) }))(session).path,
    );
    assert.equal(fromFile, fromResponse);
    return fromFile;
  };
  for (const [value, inQuery] of [
    ["AT&T", "AT%26T"],
    ["C++", "C%2B%2B"],
    ["50%", "50%25"],
    ["a=b c#é", "a%3Db%20c%23%C3%A9"],
    ["a%20b", "a%2520b"],
  ] as const)
    assert.equal(path("/search?q=VALUE&more=VALUE?", value), `/search?q=${inQuery}&more=${inQuery}?`);
  for (const [value, before] of [
    ["/items?page=2&after=a%2Fb", "/items?page=2&after=a%2Fb"],
    ["/50%/C++#%zz%4ſ", "/50%25/C++%23%25zz%254%C5%BF"],
  ] as const)
    assert.equal(path("/apiVALUE", value), `/api${before}`);
  assert.equal(path("/VALUE?q=VALUE", "a&b"), "/a&b?q=a%26b");
});

test("a file is sent with its bytes as they are, alone or inside of other text", (t) => {
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  const files = filesOf(t, { "a.bin": bytes });
  const alone = compileWith(files, request({ body: "{{file: a.bin}}" }));
  assert.ok(bytes.equals(alone().body as Buffer));
  assert.equal(alone(), alone());
  const inside = compileWith(files, request({ body: "<{{n: 7..7}}{{file: a.bin}}>" }))().body;
  assert.ok(Buffer.concat([Buffer.from("<7"), bytes, Buffer.from(">")]).equals(inside as Buffer));
});

test("a file that is missing or empty and a column that is missing are refused with the request, the path and the rule", (t) => {
  const files = filesOf(t, { "empty.txt": "", "u.csv": "id\n1\n", "bare.csv": "id\n" });
  for (const [config, message] of [
    [{ body: "{{file: none.txt}}" }, /^the request list cannot use the file none\.txt: ENOENT/],
    [{ body: "{{file: .}}" }, /cannot use the file \.: it is no file/],
    [{ body: "{{file: empty.txt}}" }, /empty\.txt: it is empty/],
    [{ path: "/{{csv: u.csv.name}}" }, /u\.csv: it has no column name: its first line has id/],
    [{ path: "/{{csv: bare.csv.id}}" }, /bare\.csv: it has no row below/],
  ] as const)
    assert.throws(() => compileWith(files, request(config)), { name: "UserError", exitCode: 2, message });
});
