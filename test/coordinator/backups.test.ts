// The address of a vault at the service: nothing that gives it is told before every node has said that
// its backup was opened, and what nodes say becomes a line once.
import { afterEach, describe, expect, it } from 'vitest'
import { gather } from '../../coordinator/desk/case.ts'
import { RulesMemory } from '../../coordinator/desk/rules.ts'
import { handlersFor } from '../../coordinator/service.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import type { Intent } from '../../policy/intent.ts'
import { toHex } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import type { Caller } from '../../proto/io/identity.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { digestFor } from '../policy/dev-fixture.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { anyDigest, nodes, payout, testedStatement, vaultRow } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(): Promise<House> {
  const house = await houseOn(await engine.fresh())
  houses.push(house)
  return house
}

const caller: Caller = {
  role: 'caller',
  id: parseHandle('svc-payouts'),
  pin: digestFor('tls/svc-payouts'),
}

async function hot(house: House) {
  const reply = await handlersFor(house.coordinator).VaultService.GetVault({ vault: 'hot' }, caller)
  if (isRefusal(reply) || !reply.vault) throw new Error('no vault')
  return reply.vault
}

function say(house: House, name: string, statement: Signed, by = name): void {
  const node = house.nodes.find((one) => one.name === by)
  node?.send({ frame: 'backupTested', backupTested: { statement: writeSigned(statement) } })
}

const isTested = async (house: House, name: string) => {
  const { copy } = house.coordinator.driver
  return (await copy.read(get(tables.backup, 'hot', vaultRow('hot').epoch, name))) !== undefined
}

async function prove(house: House, name: string): Promise<void> {
  say(house, name, testedStatement('hot', name))
  await house.until(`${name} in the log`, () => isTested(house, name))
}

describe('the address of a vault', () => {
  it('is nobody to pay to before that, and an own vault afterwards', async () => {
    const house = await built()
    const to = evmAddress(vaultRow('hot').publicKey)
    const deposit = addressAt('eip155:31337', vaultRow('hot'), 'm/1/7')
    const recipient = async (change: Partial<Intent> = {}) => {
      const id = await house.submit(payout({ to, dest: '', ...change }))
      const { copy } = house.coordinator.driver
      const found = (await gather(copy, new RulesMemory(), parseDigest(id))).recipient
      return isRefusal(found) ? found.because : found.facts
    }
    expect(await recipient()).toContain('the vault hot, whose backups are not proven yet')
    for (const node of nodes) await prove(house, node)
    const own = { kind: 'vault', class: 'hot', vault: 'hot' }
    expect(await recipient()).toEqual(own)
    // An address below it is the vault's where the path is named, and nobody's otherwise.
    expect(await recipient({ to: deposit, toPath: 'm/1/7' })).toEqual(own)
    for (const toPath of [{}, { toPath: 'm/1/8' }]) {
      expect(await recipient({ to: deposit, ...toPath })).toContain('an address of no own vault')
    }
  })

  it('is told when every node has a proven backup, and nothing that gives it before', async () => {
    const house = await built()
    const hidden = { address: '', publicKey: '', chainCode: '' }
    expect(await hot(house)).toMatchObject({ ...hidden, unproven: nodes, backups: [] })
    const [first, second, third] = nodes as [string, string, string]
    await prove(house, first)
    await prove(house, third)
    expect(await hot(house)).toMatchObject({ ...hidden, unproven: [second] })
    await prove(house, second)
    const { publicKey, chainCode } = vaultRow('hot')
    const shown = await hot(house)
    expect(shown).toMatchObject({
      address: evmAddress(publicKey),
      publicKey: toHex(publicKey),
      chainCode: toHex(chainCode),
      unproven: [],
    })
    expect(shown.backups.map((line) => parseEntry(line).type)).toEqual([
      'key.backup-tested',
      'key.backup-tested',
      'key.backup-tested',
    ])
  })

  it('needs no second word: what a node says again becomes no line', async () => {
    const house = await built()
    const [first = ''] = nodes
    await prove(house, first)
    const { size } = house.coordinator.tree
    say(house, first, testedStatement('hot', first))
    say(house, first, testedStatement('hot', first))
    await house.pass(500)
    expect(house.coordinator.tree.size).toBe(size)
  })

  it('is not told on statements that are forged, of another key state, or of another node', async () => {
    const house = await built()
    const [first = '', second = ''] = nodes
    const forged = { ...testedStatement('hot', first), signature: new Uint8Array(64) }
    say(house, first, forged)
    say(house, first, testedStatement('hot', second))
    say(house, first, testedStatement('hot', second), second)
    say(house, first, testedStatement('hot', first, { keyState: anyDigest('another') }))
    await house.until('the good one', () => isTested(house, second))
    await house.pass(500)
    expect(await isTested(house, first)).toBe(false)
    const said = house.events.filter(({ name }) => name === 'node.answer')
    expect(said.length).toBeGreaterThanOrEqual(3)
    await prove(house, first)
  })
})
