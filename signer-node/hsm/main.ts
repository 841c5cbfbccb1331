#!/usr/bin/env node
// The token's process: a vendor's module is loaded here and nowhere else, so it never shares memory
// with a Keyshare. It reads requests from descriptor 3, one at a time, answers there, and ends when
// the node closes its end, or dies. Its other descriptors are closed: a module that prints cannot
// be taken for an answer. Opens no file and no socket itself.
import { randomBytes } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { Refused } from '../../proto/refusal.ts'
import { decodeFrame, encodeFrame, frameLength } from './frames.ts'
import { operations, Server } from './serve.ts'
import { TokenFault } from './token.ts'

const descriptor = 3

async function main(): Promise<void> {
  const server = new Server((length) => new Uint8Array(randomBytes(length)))
  for (;;) {
    const frame = readFrame()
    if (frame === undefined) break
    const fields = decodeFrame(frame)
    frame.fill(0)
    write(await answer(server, fields))
    for (const field of fields) field.fill(0)
  }
  server.close()
}

async function answer(
  server: Server,
  [named, ...fields]: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  try {
    const name = fromUtf8(named ?? new Uint8Array(0))
    const operation = operations.find((one) => one === name)
    if (operation === undefined) throw new TokenFault('broken', 'no such operation')
    return [toUtf8('ok'), ...(await server.answer(operation, fields))]
  } catch (error) {
    const { fault, because } = error instanceof TokenFault ? error : otherwise(error)
    return [toUtf8(fault), toUtf8(because.slice(0, 1_024))]
  }
}

function otherwise(error: unknown): Pick<TokenFault, 'fault' | 'because'> {
  if (error instanceof Refused) return { fault: 'broken', because: error.refusal.because }
  return { fault: 'broken', because: error instanceof Error ? error.message : 'unknown' }
}

function readFrame(): Uint8Array | undefined {
  const start = readExactly(4)
  if (start === undefined) return undefined
  const length = frameLength(start) ?? 0
  const rest = readExactly(length - start.length)
  if (rest === undefined) return undefined
  const frame = new Uint8Array(length)
  frame.set(start)
  frame.set(rest, start.length)
  rest.fill(0)
  return frame
}

function readExactly(length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const count = readSync(descriptor, bytes, at, length - at, null)
    if (count === 0) return undefined
    at += count
  }
  return bytes
}

function write(fields: readonly Uint8Array[]): void {
  const frame = encodeFrame(fields)
  for (let at = 0; at < frame.length; ) at += writeSync(descriptor, frame, at)
  frame.fill(0)
  for (const field of fields) field.fill(0)
}

await main()
