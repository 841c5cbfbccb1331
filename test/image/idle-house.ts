// A program for `idle.test.ts`: three real nodes in one process make a key, sign a payment, and then
// do nothing but tick. Tells its parent where their sealed shares lie, and waits to be ended.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSeal } from '../../proto/seal-file.ts'
import { payout } from '../coordinator/world.ts'
import { names } from '../kit/house.ts'
import { openHouse } from '../kit/house-open.ts'

export interface Told {
  /** Sealed keyshares. */
  readonly files: readonly string[]
  /** Of the vault, as hex. */
  readonly publicKey: string
}

const house = await openHouse()
tell()
process.on('message', async () => {
  const id = await house.submit(payout())
  await house.untilState(id, 'SETTLED')
  await house.pass(5_000)
  churn()
  tell()
})
setInterval(() => {}, 1_000)

/** What a node that ticks allocates in some minutes, at once: its time here is virtual. */
function churn(): void {
  const kept: object[] = []
  for (let i = 0; i < 1_000_000; i += 1) {
    const made = { i, words: [BigInt(i) << 190n, String(i)], bytes: new Uint8Array(32) }
    kept[i % 50_000] = made
  }
}

function tell(): void {
  const files = names.flatMap((name) => {
    const directory = house.at(name).directory('keyshares')
    return readdirSync(directory).map((file) => readFileSync(join(directory, file)).toString())
  })
  const { thing } = parseSeal(Buffer.from(files[0] ?? ''))
  const publicKey = 'key' in thing.context ? thing.context.key : ''
  process.send?.({ files, publicKey } satisfies Told)
}
