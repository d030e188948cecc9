/** One kind of request of the comparison. */
export interface Route {
  name: string;
  about: string;
  method: "GET" | "POST";
  /** Path at the pods; gateways have it below `/api`. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

const boundary = "gateway-benchmark";
/** Bytes of an uploaded file. */
const fileBytes = 64 * 1024;
/** Users that give a response of about 16 KiB. */
const listed = 100;

/**
 * @param users ids of users that exist, at least 100 of them
 * @throws {RangeError} when there are fewer
 */
export function routesFor(users: readonly number[]): Route[] {
  const [first] = users;
  if (first === undefined || users.length < listed) throw new RangeError(`${listed} users are needed`);
  const ids = users.slice(0, listed).join(",");
  return [
    { name: "light", about: "the cheapest response", method: "GET", path: "/light" },
    { name: "read", about: "a user from the cache", method: "GET", path: `/users/${first}` },
    { name: "list", about: `${listed} users from the cache`, method: "GET", path: `/users?ids=${ids}` },
    {
      name: "upload",
      about: `a file of ${fileBytes / 1024} KiB`,
      method: "POST",
      path: "/upload",
      headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
      body: `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="file.txt"\r\ncontent-type: text/plain\r\n\r\n${"x".repeat(fileBytes)}\r\n--${boundary}--\r\n`,
    },
  ];
}
