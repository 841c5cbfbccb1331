// Torn and reordered writes (F35): of the last receipt in a node's database every prefix, every hole
// and every stale block is opened as after a power cut. It is there whole, or not at all; what was kept
// before it is never lost, and the next receipt follows without a gap.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { FloorFile, replaceFile } from '../../signer-node/floor-file.ts'
import { Journal } from '../../signer-node/journal.ts'
import { Store } from '../../signer-node/store.ts'
import { everyCut } from '../kit/every-case.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-torn-'))
const node = parseHandle('node-1')
const hex = (n: number) => parseDigest(n.toString(16).padStart(64, '0'))
const open = (directory: string): Store =>
  new Store(join(directory, 'node.db'), { busyTimeoutMs: 50 })
const walOf = (directory: string): string => join(directory, 'node.db-wal')

function keep(store: Store): void {
  const journal = new Journal(store, node)
  const { counter } = journal.head()
  const document = JSON.stringify({ counter: counter + 1, filling: 'x'.repeat(3_000) })
  const receipt = { credential: node, document, signature: new Uint8Array(64) }
  store.step(() => journal.append(receipt, hex(counter)))
}

let before: Buffer
let after: Buffer
/** Where what the last receipt wrote begins. */
let from: number
beforeAll(() => {
  const made = mkdtempSync(join(home, 'made-'))
  const store = open(made)
  for (let count = 0; count < 3; count += 1) keep(store)
  before = readFileSync(walOf(made))
  keep(store)
  after = readFileSync(walOf(made))
  from = [...before.keys()].find((at) => before[at] !== after[at]) ?? before.length
  // As at a kill: nothing is carried over from its log.
  cpSync(made, join(home, 'killed'), { recursive: true })
  store.close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Receipts that a start finds with this log of the database; it keeps one more. */
function found(log: Uint8Array): number {
  const directory = mkdtempSync(join(home, 'cut-'))
  try {
    cpSync(join(home, 'killed', 'node.db'), join(directory, 'node.db'))
    writeFileSync(walOf(directory), log)
    const store = open(directory)
    const journal = new Journal(store, node)
    journal.verify()
    const { counter } = journal.head()
    keep(store)
    journal.verify()
    expect(journal.head().counter).toBe(counter + 1)
    store.close()
    return counter
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const frameBytes = 4_096 + 24

describe('the last receipt of a journal', () => {
  it('is there when all of it is, and not when one byte of it is missing', () => {
    expect(after.length).toBeGreaterThan(from + frameBytes)
    expect(found(after)).toBe(4)
    expect(found(before)).toBe(3)
    for (const cut of everyCut(from, after.length, frameBytes)) {
      expect([cut, found(after.subarray(0, cut))]).toEqual([cut, 3])
    }
  })

  it('is not there when the file has its length and one block of it never came', () => {
    const blocks = Math.ceil((after.length - from) / 512)
    for (let block = 0; block < blocks; block += 1) {
      for (const filling of [0, 0xa5]) {
        const torn = Buffer.from(after)
        const at = from + block * 512
        const part = torn.subarray(at, Math.min(at + 512, torn.length))
        const isSame = part.every((byte) => byte === filling)
        part.fill(filling)
        expect([block, filling, found(torn)]).toEqual([block, filling, isSame ? 4 : 3])
      }
    }
  })

  it('is not there when its last block came before the others', () => {
    const torn = Buffer.from(after)
    torn.fill(0, from, after.length - frameBytes)
    expect(found(torn)).toBe(3)
  })
})

describe('the second place of the floor', () => {
  const root = new Uint8Array(32)

  it('is the one before, whatever part of the next was written', () => {
    const floor = new FloorFile(home, 'node-1')
    floor.write({ size: 3, root, counter: 3 })
    const path = join(home, 'floor.json')
    const old = readFileSync(path)
    floor.write({ size: 4, root, counter: 4 })
    const next = readFileSync(path)
    replaceFile(path, old)
    for (let cut = 0; cut <= next.length; cut += 1) {
      writeFileSync(`${path}.new`, next.subarray(0, cut))
      expect(new FloorFile(home, 'node-1').read()).toEqual({ size: 3, root, counter: 3 })
    }
    floor.write({ size: 4, root, counter: 4 })
    expect(floor.read()).toEqual({ size: 4, root, counter: 4 })
  })

  it('is refused when it was written over in place and cut', () => {
    const path = join(home, 'floor.json')
    const whole = readFileSync(path)
    for (let cut = 0; cut < whole.length; cut += 1) {
      writeFileSync(path, whole.subarray(0, cut))
      expect(() => new FloorFile(home, 'node-1').read()).toThrow()
    }
    writeFileSync(path, whole)
    expect(new FloorFile(home, 'node-1').read()?.counter).toBe(4)
  })
})
