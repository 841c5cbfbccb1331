// Addresses below a vault whose key signs outside of the log, on a real EVM node: each of very many
// comes to its turn, and the endpoints hear few messages.
import { Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { NonceTurns } from '../../coordinator/nonce-turns.ts'
import { writeHistory } from '../../coordinator/store/history.ts'
import { isShown } from '../../policy/audit/fold-backups.ts'
import { pathsBeside } from '../../policy/audit/slots.ts'
import { key, put, tables } from '../../policy/audit/tables.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { toHex } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { childOf } from '../kit/child-secret.ts'
import type { LyingProxy } from '../kit/lying-proxy.ts'
import { type EvmWalk, evmWalks } from './evm-walk.ts'
import { origin, testedStatement, vaultRow, vaultSecret } from './world.ts'

const hot = parseVaultId('hot')
const row = vaultRow('hot')
const walks = evmWalks()
const sweepMs = 330_000

/** With the first 256 deposit addresses opened. */
async function opened(): Promise<EvmWalk> {
  const walk = await walks({ endpoints: 2, timeoutMs: 2_000 })
  const { house } = walk
  for (const node of house.nodes) {
    const statement = writeSigned(testedStatement('hot', node.name))
    node.send({ frame: 'backupTested', backupTested: { statement } })
  }
  await house.until('shown', () => house.coordinator.driver.copy.read(isShown(hot)))
  let isGiven = false
  const customer = { service: parseHandle('svc-payouts'), reference: 'c-1' }
  void house.coordinator.deposits.allot(hot, customer).then((given) => {
    isGiven = !isRefusal(given)
  })
  await house.until('an address', () => isGiven)
  return walk
}

/** By whoever has the child's key; in a block, with some on top. */
async function stolen({ anvil, mine }: EvmWalk, path: string): Promise<void> {
  const wallet = new Wallet(`0x${toHex(childOf(vaultSecret('hot'), row.chainCode, path))}`)
  const from = addressAt(anvil.network, row, path)
  expect(wallet.address.toLowerCase()).toBe(from)
  await anvil.call('anvil_setBalance', [from, '0xde0b6b3a7640000'])
  const fees = { maxFeePerGas: 5_000_000_000n, maxPriorityFeePerGas: 1n, gasLimit: 21_000n }
  const payment = { type: 2, chainId: 31337, nonce: 0, to: `0x${'11'.repeat(20)}`, value: 7n }
  const raw = await wallet.signTransaction({ ...payment, ...fees })
  await anvil.call('eth_sendRawTransaction', [raw])
  await mine(4)
}

const countsAsked = ({ asked }: LyingProxy): number => asked.get('eth_getTransactionCount') ?? 0

const alarms = ({ house }: EvmWalk) =>
  house.events
    .filter(({ name }) => name.startsWith('nonce.'))
    .map(({ name, because }) => `${name}: ${because}`)

describe.skipIf(!anvilInstalled)('a deposit address whose key signs outside of the log', () => {
  it('is found though it never paid, and its vault is held', async () => {
    const walk = await opened()
    await walk.house.jump(sweepMs)
    // A look that has not ended leaves the next one out.
    await walk.until('a look', async () => walk.proxies.every((one) => countsAsked(one) >= 257))
    await walk.pass(2_000)
    expect(alarms(walk)).toEqual([])
    await stolen(walk, 'm/1/255')
    await walk.house.jump(sweepMs)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(alarms(walk)).toEqual([
      expect.stringMatching(
        /^nonce.foreign: nonce 0 of hot m\/1\/255 was used by 0x[0-9a-f]{64}, /,
      ),
    ])
    expect(walk.house.coordinator.driver.nonces.holdOf(hot)).toMatchObject({ code: 'FROZEN' })
  })

  it('costs endpoints a message for fifty, and is believed of no single one', async () => {
    const walk = await opened()
    const [liar, honest] = walk.proxies
    liar!.lies = { eth_getTransactionCount: { instead: '0xff' } }
    const before = { asked: countsAsked(honest!), messages: 0 }
    before.messages = honest!.messages
    await walk.house.jump(sweepMs)
    await walk.until('a look', async () => {
      return countsAsked(honest!) >= before.asked + 257
    })
    // Whatever else is asked in these minutes is in it; one by one it would be twice 257 at least.
    expect(honest!.messages - before.messages).toBeLessThan(128)
    expect(alarms(walk)).toEqual([])
  })

  it('is any other path with a nonce in the log as well', async () => {
    const walk = await opened()
    const { copy } = walk.house.coordinator.driver
    const rows = ['m', 'm/0/3', 'm/1/7', 'm/12/1'].map((path) => {
      return put(tables.slots, key(hot, path), { next: 0 })
    })
    await writeHistory(copy.session, origin, rows)
    expect(await copy.read(pathsBeside(hot))).toEqual(['m/0/3', 'm/12/1'])
    await stolen(walk, 'm/0/3')
    await walk.house.jump(sweepMs)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(alarms(walk)[0]).toContain('nonce 0 of hot m/0/3 was used by 0x')
  })
})

describe('turns', () => {
  it('come to each address once before any comes again, however many are opened meanwhile', () => {
    const turns = new NonceTurns()
    expect(turns.take(hot, 0, 3)).toEqual([])
    expect(turns.take(hot, 2, 3)).toEqual(['m/1/0', 'm/1/1'])
    const seen = [4, 4, 4].flatMap((most) => turns.take(hot, 12, most))
    expect(new Set(seen).size).toBe(12)
    expect(turns.take(parseVaultId('other'), 12, 2)).toEqual(['m/1/0', 'm/1/1'])
    expect(turns.take(hot, 3, 100)).toHaveLength(3)
  })
})
