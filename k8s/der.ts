/** Encodings of DER (ITU-T X.690) that an X.509 certificate consists of. */

/** A value with its tag and length. */
export function encode(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => encode(0x30, ...content);
export const set = (...content: readonly Uint8Array[]): Buffer => encode(0x31, ...content);
export const octets = (content: Uint8Array): Buffer => encode(0x04, content);
export const bits = (content: Uint8Array, unused = 0): Buffer => encode(0x03, Uint8Array.of(unused), content);
export const text = (value: string): Buffer => encode(0x0c, Buffer.from(value));
export const yes = encode(0x01, Uint8Array.of(0xff));

/** A whole number that is not negative, as big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const shortest = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  // The first bit is the sign.
  return (shortest[0] ?? 0) < 0x80 ? encode(0x02, shortest) : encode(0x02, Uint8Array.of(0), shortest);
}

/** An object identifier such as `2.5.4.3`. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encode(0x06, Uint8Array.from([40 * first + second, ...rest.flatMap(base128)]));
}

/** A time in whole seconds: UTCTime until 2049, GeneralizedTime from then on, as RFC 5280 requires. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/\D/g, "").slice(0, 14)}Z`;
  const isShort = date.getUTCFullYear() < 2050;
  return isShort ? encode(0x17, Buffer.from(digits.slice(2))) : encode(0x18, Buffer.from(digits));
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return [0x80 | bytes.length, ...bytes];
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) groups.unshift(0x80 | (rest & 0x7f));
  return groups;
}
