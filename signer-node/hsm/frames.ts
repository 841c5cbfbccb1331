// Frames between a node and its token's process: a length, then fields, each with its length.
// Binary, so that no secret becomes text on the way; bounded, so that neither side can fill the
// other's memory. INVARIANT: a frame is whole or it is nothing; one byte too many is an error.

export const frameBytesMax = 16 * 1024
const fieldsMax = 8
const lengthBytes = 4

/** The caller wipes it when it carries a secret. */
export function encodeFrame(fields: readonly Uint8Array[]): Uint8Array {
  const parts = fields.flatMap((field) => [lengthOf(field.length), field])
  const total = parts.reduce((sum, part) => sum + part.length, 0)
  if (total > frameBytesMax || fields.length > fieldsMax) throw new Error('a frame is too long')
  // A view: what is short and none lies in the engine's heap, and leaves a copy when it is written.
  const frame = new Uint8Array(new ArrayBuffer(lengthBytes + total))
  let at = 0
  for (const part of [lengthOf(total), ...parts]) {
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** How many bytes a frame has that begins like this; undefined when more has to come first. */
export function frameLength(start: Uint8Array): number | undefined {
  if (start.length < lengthBytes) return undefined
  const length = readLength(start, 0)
  if (length > frameBytesMax) throw new Error('a frame is too long')
  return lengthBytes + length
}

/** Of exactly one frame. The fields are copies. */
export function decodeFrame(frame: Uint8Array): readonly Uint8Array[] {
  const fields: Uint8Array[] = []
  let at = lengthBytes
  while (at < frame.length) {
    const end = at + lengthBytes + readLength(frame, at)
    if (end > frame.length || fields.length === fieldsMax) throw new Error('a frame is malformed')
    fields.push(frame.slice(at + lengthBytes, end))
    at = end
  }
  if (fields.length === 0) throw new Error('a frame is empty')
  return fields
}

function lengthOf(length: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  new DataView(bytes.buffer).setUint32(0, length)
  return bytes
}

function readLength(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + lengthBytes) throw new Error('a frame is malformed')
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
}
