// A process that does nothing but keep receipts, as a node does: the journal in its store, then the
// floor in its second place. Told what to keep by its parent; says what it kept, or why not.
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { Journal } from '../../signer-node/journal.ts'
import { openStore, roomOf } from '../../signer-node/places.ts'
import { clock, endOnFault, report } from '../../signer-node/program.ts'

export interface KeeperWords {
  readonly do: 'keep' | 'look'
}

export interface Kept {
  /** Of the last receipt in the journal. */
  readonly counter: number
  /** As the second place says. */
  readonly floor: number
  readonly refused: string
  readonly shortage: string
}

const [dataDir = '', floorDir = ''] = process.argv.slice(2)
endOnFault()
const room = roomOf({ dataDir, floorDir }, { clock, report })
const store = openStore({ dataDir }, room)
const journal = new Journal(store, parseHandle('node-1'))
journal.verify()
const place = new FloorFile(floorDir, 'node-1')

function keep(): void {
  const { counter } = journal.head()
  const hex = counter.toString(16).padStart(64, '0')
  const document = JSON.stringify({ counter: counter + 1, filling: 'x'.repeat(2_000) })
  const receipt = { credential: parseHandle('node-1'), document, signature: new Uint8Array(64) }
  store.step(() => journal.append(receipt, parseDigest(hex)))
  place.write({ size: counter + 1, root: new Uint8Array(32), counter: counter + 1 })
}

process.on('message', (words: KeeperWords) => {
  const done = words.do === 'keep' ? attempt(keep) : undefined
  room.tick()
  const floor = place.read()?.counter ?? 0
  const refused = isRefusal(done) ? `${done.code}: ${done.because}` : ''
  const kept = { counter: journal.head().counter, floor, refused, shortage: room.shortage }
  process.send?.(kept satisfies Kept)
})
process.send?.({ counter: journal.head().counter, floor: 0, refused: '', shortage: '' })
