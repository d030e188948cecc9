import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import multipart, { type MultipartFile } from "@fastify/multipart";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { UploadConfig } from "../config/config.ts";
import { clientGone } from "../runtime/http/client-gone.ts";
import { HttpError } from "../runtime/http/http-errors.ts";
import { collectYoungGarbage } from "../runtime/process/collect-garbage.ts";
import type { UploadStore, UploadTarget } from "../runtime/uploads/upload-store.ts";
import { NoRoom } from "../runtime/uploads/volume-room.ts";

const Answer = Type.Object({
  files: Type.Array(
    Type.Object({
      field: Type.String(),
      filename: Type.String(),
      bytes: Type.Integer(),
      sha256: Type.String(),
      /** Its name on the volume, where uploads are kept. */
      storedAs: Type.Optional(Type.String()),
    }),
  ),
});
type ReceivedFile = Static<typeof Answer>["files"][number];

/** Counts since the start, and what is going on now. */
export type UploadFigures = { active: number; files: number; bytes: number; failed: number };

export interface UploadParts extends Pick<UploadConfig, "maxBytes" | "maxFiles"> {
  store: Pick<UploadStore, "admit" | "open">;
  figures: UploadFigures;
}

/** Room for the boundaries, headers and plain fields of a form, as at the edge. */
const formBytes = 1024 ** 2;
const fields = { fields: 32, fieldSize: 64 * 1024, headerPairs: 32, headerSize: 16 * 1024 };

/**
 * POST /upload: the files of a multipart form, streamed to the store and hashed on the way. All of them are kept, or none.
 */
export function uploadRoute(app: FastifyInstance, parts: UploadParts): void {
  const { figures, maxBytes, maxFiles } = parts;
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // For this route only: what it does for every request costs.
    await scope.register(multipart, {
      throwFileSizeLimit: false,
      limits: { ...fields, files: maxFiles, fileSize: maxBytes, parts: maxFiles + fields.fields },
    });
    scope.post("/upload", { schema: { response: { 200: Answer } } }, async (request, reply) => {
      if (!request.isMultipart()) throw new HttpError(415, "the body must be multipart/form-data");
      const told = Number(request.headers["content-length"] ?? 0);
      if (told > maxBytes + formBytes) throw new FilesTooLarge();
      figures.active++;
      try {
        const gone = clientGone(reply.raw);
        await parts.store.admit(told);
        const files = await receive(request, parts, gone);
        figures.files += files.length;
        return { files };
      } catch (error) {
        figures.failed++;
        // A client that was too slow has its answer already.
        if (reply.sent) return;
        throw asHttpError(error, parts);
      } finally {
        figures.active--;
      }
    });
  });
}

async function receive(
  request: FastifyRequest,
  { store, figures, maxBytes }: UploadParts,
  gone: AbortSignal,
): Promise<ReceivedFile[]> {
  const targets: UploadTarget[] = [];
  const files: ReceivedFile[] = [];
  let room = maxBytes;
  try {
    for await (const part of request.parts()) {
      if (part.type === "field") continue;
      const target = store.open();
      targets.push(target);
      const file = await receiveFile(part, target, room, gone);
      room -= file.bytes;
      figures.bytes += file.bytes;
      files.push(file);
    }
    if (files.length === 0) throw new HttpError(400, "there is no file in the form");
    for (const [at, file] of files.entries()) {
      const storedAs = await targets[at]?.keep();
      if (storedAs !== undefined) file.storedAs = storedAs;
    }
    return files;
  } catch (error) {
    await Promise.all(targets.map((target) => target.discard()));
    throw error;
  }
}

async function receiveFile(
  part: MultipartFile,
  target: UploadTarget,
  room: number,
  gone: AbortSignal,
): Promise<ReceivedFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  const refuse = () => part.file.destroy(new FilesTooLarge());
  part.file.once("limit", refuse);
  part.file.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    countPassed(chunk.length);
    if (bytes > room) refuse();
    else if (!target.take(chunk.length)) part.file.destroy(new NoRoom());
  });
  await pipeline(part.file, target.stream, { signal: gone });
  // A small one met its limit before anybody could listen.
  if (part.file.truncated) throw new FilesTooLarge();
  return { field: part.fieldname ?? "", filename: part.filename ?? "", bytes, sha256: hash.digest("hex") };
}

/** Bytes of all uploads after which the buffers that held them are collected. */
const collectEveryBytes = 4 * 1024 ** 2;
let passedBytes = 0;

/** Left to itself, V8 lets some 100 MiB of used buffers gather; collected early, they are fewer and are used again. */
function countPassed(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < collectEveryBytes) return;
  passedBytes = 0;
  collectYoungGarbage();
}

class FilesTooLarge extends HttpError {
  constructor() {
    super(413, "the files are larger than what is taken here");
  }
}

/** What went wrong with a form, by what the parser, the disk and the connection call it. */
function asHttpError(error: unknown, { maxFiles }: UploadParts): unknown {
  if (error instanceof HttpError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return new NoRoom({ cause: error });
  if (code === "FST_FILES_LIMIT") return new HttpError(413, `the form has more than ${maxFiles} files`);
  if (code === "ABORT_ERR" || code === "ECONNRESET") return new HttpError(499, "the client went away");
  if (code.startsWith("FST_")) return error;
  // The parser's own errors have no code; those of the disk do.
  if (code === "") return new HttpError(400, `the form is malformed: ${message}`);
  return error;
}
