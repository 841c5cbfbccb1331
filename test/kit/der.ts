/** A strict DER reader for ECDSA signatures: SEQUENCE of two INTEGERs, one encoding each. */

/** r and s as big integers, or undefined for anything but the one encoding of non-negative r, s. */
export function readDerSignature(bytes: Uint8Array): readonly [bigint, bigint] | undefined {
  const sequence = readElement(bytes, 0x30)
  if (sequence === undefined || sequence.rest.length > 0) return undefined
  const r = readElement(sequence.content, 0x02)
  const s = r === undefined ? undefined : readElement(r.rest, 0x02)
  if (r === undefined || s === undefined || s.rest.length > 0) return undefined
  const [first, second] = [readNatural(r.content), readNatural(s.content)]
  return first === undefined || second === undefined ? undefined : [first, second]
}

interface Element {
  readonly content: Uint8Array
  readonly rest: Uint8Array
}

/** Two numbers of 32 bytes fit into the short form of the length; any other form is refused. */
function readElement(bytes: Uint8Array, tag: number): Element | undefined {
  const length = bytes[1]
  if (bytes[0] !== tag || length === undefined || length > 0x7f) return undefined
  if (bytes.length < 2 + length) return undefined
  return { content: bytes.subarray(2, 2 + length), rest: bytes.subarray(2 + length) }
}

function readNatural(content: Uint8Array): bigint | undefined {
  const [first, second] = content
  if (first === undefined || first > 0x7f) return undefined
  if (first === 0 && second !== undefined && second <= 0x7f) return undefined
  return BigInt(`0x${Buffer.from(content).toString('hex')}`)
}
