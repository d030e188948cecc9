/** @type {Map<string, { name: string }>} */
const things = new Map();

/**
 * The routes. The gateway serves them under /api.
 *
 * @param {string} method
 * @param {string} url
 * @param {string} body
 * @returns {{ status: number, body: object }}
 */
export function answer(method, url, body = "") {
  const [, first = "", id = ""] = url.split("?")[0].split("/");
  if (first === "healthz") return { status: 200, body: { alive: true } };
  if (first !== "things" || id === "") return { status: 404, body: { error: "not found" } };
  if (method === "PUT") return put(id, body);
  const thing = things.get(id);
  return thing ? { status: 200, body: thing } : { status: 404, body: { error: "no such thing" } };
}

function put(id, text) {
  try {
    const { name } = JSON.parse(text);
    if (typeof name !== "string") throw new Error("name must be a text");
    things.set(id, { name });
    return { status: 200, body: { id, name } };
  } catch (error) {
    return { status: 400, body: { error: error.message } };
  }
}
