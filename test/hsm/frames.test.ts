import { describe, expect, it } from 'vitest'
import { faultOf } from '../../signer-node/hsm/cryptoki.ts'
import {
  decodeFrame,
  encodeFrame,
  frameBytesMax,
  frameLength,
} from '../../signer-node/hsm/frames.ts'
import { lowS } from '../../signer-node/hsm/low-s.ts'
import { TokenFault } from '../../signer-node/hsm/token.ts'

const bytes = (...values: number[]) => Uint8Array.of(...values)

describe('a frame to the process of a token', () => {
  const fields = [bytes(1, 2, 3), bytes(), new Uint8Array(300).fill(9)]

  it('comes back field by field, and knows its length from its first bytes', () => {
    const frame = encodeFrame(fields)
    expect(decodeFrame(frame)).toEqual(fields)
    expect(frameLength(frame.subarray(0, 4))).toBe(frame.length)
    expect(frameLength(frame.subarray(0, 3))).toBeUndefined()
  })

  it('is refused when a field ends behind it, or a byte is left over', () => {
    const frame = encodeFrame(fields)
    for (const at of [1, 2, 200]) {
      expect(() => decodeFrame(frame.subarray(0, frame.length - at))).toThrow('malformed')
    }
    const longer = new Uint8Array([...frame, 0])
    expect(() => decodeFrame(longer)).toThrow('malformed')
    expect(() => decodeFrame(bytes(0, 0, 0, 0))).toThrow('empty')
  })

  it('has a bound, for those who write and those who read', () => {
    expect(() => encodeFrame([new Uint8Array(frameBytesMax)])).toThrow('too long')
    expect(encodeFrame([new Uint8Array(frameBytesMax - 4)]).length).toBe(frameBytesMax + 4)
    expect(() => encodeFrame(Array.from({ length: 9 }, () => bytes(1)))).toThrow('too long')
    expect(() => frameLength(bytes(0, 0, 0x40, 1))).toThrow('too long')
    const nine = encodeFrame(Array.from({ length: 8 }, () => bytes()))
    expect(decodeFrame(nine).length).toBe(8)
    expect(() => decodeFrame(new Uint8Array([...nine, 0, 0, 0, 0]))).toThrow('malformed')
  })
})

describe('what modules throw', () => {
  const thrown = (message: string, code = 0) => Object.assign(new Error(message), { code })

  it('has one name, whatever form it comes in', () => {
    const table = [
      [thrown('CKR_PIN_INCORRECT', 0xa0), 'wrong-pin'],
      [thrown('CKR_PIN_LEN_RANGE', 0xa2), 'wrong-pin'],
      [thrown('CKR_PIN_LOCKED:164'), 'pin-locked'],
      [thrown('CKR_DEVICE_REMOVED', 0x32), 'not-present'],
      [thrown('CKR_SESSION_HANDLE_INVALID', 0xb3), 'gone'],
      [thrown('CKR_VENDOR_DEFINED', 0x1b), 'not-permitted'],
      [thrown('CKR_VENDOR_DEFINED:27'), 'not-permitted'],
      [thrown('CKR_DEVICE_MEMORY', 0x31), 'log-full'],
      [thrown('CKR_GENERAL_ERROR', 5), 'broken'],
      [thrown('something else'), 'broken'],
      ['not even an error', 'broken'],
    ] as const
    for (const [error, fault] of table) {
      expect([error, faultOf(error, 'C_Login').fault]).toEqual([error, fault])
    }
    expect(faultOf(thrown('CKR_PIN_INCORRECT', 0xa0), 'C_Login').because).toBe(
      'C_Login: PIN_INCORRECT',
    )
  })

  it('stays what it is when it has its name already', () => {
    const fault = new TokenFault('gone', 'x')
    expect(faultOf(fault, 'C_Sign')).toBe(fault)
  })
})

describe('a low s', () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const signature = (s: bigint) =>
    Buffer.from('ab'.repeat(32) + s.toString(16).padStart(64, '0'), 'hex')

  it('is the lower of the two that verify', () => {
    const same = (s: bigint) => Buffer.from(lowS(signature(s))).equals(signature(s))
    expect(same(1n)).toBe(true)
    expect(same(order / 2n)).toBe(true)
    expect(Buffer.from(lowS(signature(order - 5n))).equals(signature(5n))).toBe(true)
    expect(Buffer.from(lowS(signature(order / 2n + 1n))).equals(signature(order / 2n))).toBe(true)
  })

  it('leaves alone what is no signature', () => {
    const odd = new Uint8Array(63).fill(255)
    expect(lowS(odd)).toBe(odd)
    expect(Buffer.from(lowS(signature(order))).equals(signature(order))).toBe(true)
  })
})
