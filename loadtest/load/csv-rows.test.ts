import assert from "node:assert/strict";
import { test } from "node:test";
import { csvTable, parseCsv } from "./csv-rows.ts";

test("parseCsv reads quotes, line breaks in fields, both line ends and a byte order mark", () => {
  assert.deepEqual(parseCsv('\ufeffid,name\r\n1,"Ada ""A"", L"\r\n\r\n2,"two\nlines"\n3,'), [
    ["id", "name"],
    ["1", 'Ada "A", L'],
    ["2", "two\nlines"],
    ["3", ""],
  ]);
  assert.deepEqual(parseCsv('""\n'), [[""]]);
  assert.deepEqual(parseCsv(""), []);
  assert.throws(
    () => parseCsv('id\n1\na"b\n'),
    /^Error: line 3 has a quote that does not enclose a whole field$/,
  );
  assert.throws(() => parseCsv('"open'), /line 1/);
});

test("csvTable refuses a file without rows, and rows of another length", () => {
  assert.deepEqual(csvTable("a,b\n1,2\n"), { columns: ["a", "b"], rows: [["1", "2"]] });
  assert.throws(() => csvTable("a,b\n"), /no row below the names of the columns/);
  assert.throws(() => csvTable("a,b\n1,2\n3\n"), /row 2 has 1 fields, and the first line 2/);
});
