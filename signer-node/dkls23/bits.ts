/**
 * Bit matrices in 32-bit words: views, masks and transposition.
 * Bit p of a byte string is bit p mod 8 of byte p div 8, which on a little-endian machine is also
 * bit p mod 32 of word p div 32; the known answers of the self-check fail on any other machine.
 * INVARIANT: no branch and no index depends on a bit of the matrix.
 */

/** The bytes as words, in memory of their own, because a view may not start on a word boundary. */
export function toWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer)
}

/** The same memory as bytes, as 64-bit words, or as 32-bit words again. */
export function toBytes(words: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

export function toWide(words: Uint32Array): BigUint64Array {
  return new BigUint64Array(words.buffer, words.byteOffset, words.length / 2)
}

export function toNarrow(words: BigUint64Array): Uint32Array {
  return new Uint32Array(words.buffer, words.byteOffset, words.length * 2)
}

/** Bit `position` of a byte string. */
export function bitAt(bytes: Uint8Array, position: number): number {
  return ((bytes[position >>> 3] ?? 0) >>> (position & 7)) & 1
}

/** All ones for bit 1, zero for bit 0. */
export function maskOf(bit: number): number {
  return -bit
}

/** target ^= source & mask, byte by byte; the mask is all ones or zero. */
export function xorMasked(target: Uint8Array, source: Uint8Array, mask: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ ((source[i] ?? 0) & mask)
}

export function xorInto(target: Uint8Array, source: Uint8Array): void {
  xorMasked(target, source, maskOf(1))
}

/** Exchanges two equally long byte strings when the mask is all ones. */
export function swapMasked(a: Uint8Array, b: Uint8Array, mask: number): void {
  for (let i = 0; i < a.length; i++) {
    const moved = ((a[i] ?? 0) ^ (b[i] ?? 0)) & mask
    a[i] = (a[i] ?? 0) ^ moved
    b[i] = (b[i] ?? 0) ^ moved
  }
}

/** Turns `rows` rows of `width` words into 32 * width rows of rows / 32 words. */
export function transpose(matrix: Uint32Array, rows: number, width: number): Uint32Array {
  const turned = new Uint32Array(matrix.length)
  const turnedWidth = rows >>> 5
  const block = new Uint32Array(32)
  for (let down = 0; down < turnedWidth; down++) {
    for (let across = 0; across < width; across++) {
      for (let i = 0; i < 32; i++) block[i] = word(matrix, (down * 32 + i) * width + across)
      transposeBlock(block)
      for (let i = 0; i < 32; i++) turned[(across * 32 + i) * turnedWidth + down] = word(block, i)
    }
  }
  block.fill(0)
  return turned
}

/** Five rounds of exchanging half blocks: 16, 8, 4, 2 and 1 columns with as many rows. */
function transposeBlock(block: Uint32Array): void {
  let mask = 0x0000ffff
  for (let half = 16; half > 0; half >>>= 1) {
    for (let i = 0; i < 32; i = (i + half + 1) & ~half) {
      const upper = word(block, i)
      const lower = word(block, i + half)
      const moved = ((upper >>> half) ^ lower) & mask
      block[i + half] = lower ^ moved
      block[i] = upper ^ (moved << half)
    }
    mask ^= mask << (half >>> 1)
  }
}

function word(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}
