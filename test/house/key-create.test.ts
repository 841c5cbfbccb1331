// A new key as an approved change: of a vault that the policy names and that has none, and of one
// that a later policy added. Nobody makes it before people approved; its address is shown when every
// backup of it is proven; a first key that was made meanwhile stays, and the change then finds it.
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import type { ChangeOf } from '../../policy/change.ts'
import { type Digest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { root } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { about, ask, board, pays } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { HouseRoots } from '../kit/house-roots.ts'
import { backupBytes, proofOf } from '../kit/recovery.ts'
import { digestFor } from '../policy/dev-fixture.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'key create' })
})
afterAll(() => house.close())

const id = parseHandle('svc-payouts')
const caller = { role: 'caller', id, pin: digestFor('tls/svc-payouts') } as const

/** As anybody is told over the wire. */
async function vault(name: string) {
  const { VaultService } = handlersFor(house.coordinator())
  const asked = (async () => VaultService.GetVault({ vault: name }, caller))()
  const reply = await house.during(asked)
  if (isRefusal(reply) || !reply.vault) throw new Error(`no vault ${name}`)
  return reply.vault
}

async function codesOf(request: Digest): Promise<readonly string[]> {
  const shown = await house.during(house.coordinator().requests.find({ id: request }))
  return isRefusal(shown) ? [shown.code] : shown.reasons.map(({ code }) => code)
}

function creation(name: string): ChangeOf<'key.create'> {
  return { ...about(house), vault: parseVaultId(name), op: 'key.create', terms: {} }
}

const sharesOf = (name: string, node: string): readonly string[] =>
  readdirSync(house.at(node).directory('keyshares')).filter((file) => file.startsWith(`${name}.`))

const held = (name: string) =>
  house.until(`shares of ${name}`, () =>
    names.every((node) => house.at(node).node.status().vaults.includes(name)),
  )

function prove(name: string, epoch: number, node: string): void {
  const bytes = backupBytes(house.at(node).directory('backups'), `${name}.${epoch}`)
  house.at(node).node.backupProved(proofOf(bytes, { org: root.org, env: root.env, node }))
}

describe('a new key that people are asked for', () => {
  it('is made by all nodes when they have approved it, and not before', async () => {
    await ready(house)
    const change = await ask(house, creation('warm'))
    await house.pass(10_000)
    expect(await house.state(change)).toBe('AWAITING_APPROVAL')
    expect((await vault('warm')).epoch).toBe(0)
    expect(names.flatMap((node) => sharesOf('warm', node))).toEqual([])
    for (const [person, role] of board) await house.approve(change, person, role)
    await house.untilState(change, 'ACTIVE')
    await held('warm')
    const [line] = linesOf(await house.story(change), 'key.created')
    expect(line?.body).toMatchObject({ vault: 'warm', key: 'k-warm', epoch: 1, t: 2, change })
    expect(line?.body.confirms.map(({ node }) => node)).toEqual(names)
    for (const node of names) expect(sharesOf('warm', node)).toEqual(['warm.1.keyshare'])
  })

  it('has no address before the last node has proven its backup', async () => {
    expect(await vault('warm')).toMatchObject({ epoch: 1, address: '', unproven: names })
    for (const node of names.slice(0, 2)) prove('warm', 1, node)
    await house.until('two are in the log', async () => (await vault('warm')).backups.length === 2)
    expect(await vault('warm')).toMatchObject({ address: '', publicKey: '' })
    prove('warm', 1, names[2] ?? '')
    await house.until('the address', async () => (await vault('warm')).address !== '')
  })

  it('is refused when the vault has one, when none is named so, and for a cold vault', async () => {
    for (const [name, code] of [
      ['warm', 'KEY_EXISTS'],
      ['cold', 'NOT_SUPPORTED'],
    ] as const) {
      const denied = await ask(house, creation(name))
      expect(await house.state(denied)).toBe('DENIED')
      expect(await codesOf(denied)).toContain(code)
    }
    await expect(ask(house, creation('tepid'))).rejects.toThrow('VAULT_NOT_FOUND')
    const made = await house.during(house.coordinator().keys.create(parseVaultId('warm')))
    expect(made).toMatchObject({ code: 'KEY_EXISTS' })
  })
})

describe('a vault that a later policy adds', () => {
  const roots = (): HouseRoots => new HouseRoots(house)
  const withTepid = { n: 3, t: 2, q: 2, vaults: { tepid: 'warm' } } as const

  it('gets its key the same way, and the others go on', async () => {
    expect(await roots().succeed(names, withTepid)).toBe(2)
    await ready(house)
    const change = await ask(house, creation('tepid'))
    // Nobody needs a change for a first key. The one that comes first is the key.
    const made = await house.during(house.coordinator().keys.create(parseVaultId('tepid')))
    expect(made).toMatchObject({ vault: 'tepid', epoch: 1 })
    for (const [person, role] of board) await house.approve(change, person, role)
    await house.pass(20_000)
    expect(await house.state(change)).toBe('DENIED')
    expect(await codesOf(change)).toContain('KEY_EXISTS')
    await held('tepid')
    for (const node of names) expect(sharesOf('tepid', node)).toEqual(['tepid.1.keyshare'])
    await pays(house)
    expect(await breaches(house)).toEqual([])
  })
})
