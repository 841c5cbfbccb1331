// Backups in a whole house: no address before all are proven, nodes that die while a key is made, and a
// node whose keyshares were lost and came back from its backup.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { restoreBackup } from '../../signer-node/restore.ts'
import { payout, root } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import type { Moment } from '../kit/mortal.ts'
import { backupBytes, proofOf, recovery } from '../kit/recovery.ts'
import { digestFor } from '../policy/dev-fixture.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'backups' })
})
afterAll(() => house.close())

const ownerOf = (node: string) => ({ org: root.org, env: root.env, node })
const names = () => [...house.nodes.keys()]
const caller = {
  role: 'caller',
  id: parseHandle('svc-payouts'),
  pin: digestFor('tls/svc-payouts'),
} as const

async function vault(name: string) {
  const { VaultService } = handlersFor(house.coordinator())
  const asked = (async () => VaultService.GetVault({ vault: name }, caller))()
  const reply = await house.during(asked)
  if (isRefusal(reply) || !reply.vault) throw new Error(`no vault ${name}`)
  return reply.vault
}

function prove(node: string, file = 'hot.1'): void {
  const bytes = backupBytes(house.at(node).directory('backups'), file)
  house.at(node).node.backupProved(proofOf(bytes, ownerOf(node)))
}

describe('a vault in a whole house', () => {
  it('has an address when the last node has a proven backup, and a stranger finds it in order', async () => {
    const nodes = names()
    expect(await vault('hot')).toMatchObject({ address: '', unproven: nodes })
    for (const node of nodes.slice(0, 2)) prove(node)
    await house.until('two are in the log', async () => (await vault('hot')).backups.length === 2)
    expect(await vault('hot')).toMatchObject({ address: '', publicKey: '', unproven: [nodes[2]] })
    prove(nodes[2] ?? '')
    await house.until('the address', async () => (await vault('hot')).address !== '')
    expect(linesOf(await house.entries(), 'key.backup-tested')).toHaveLength(3)
    expect(await breaches(house)).toEqual([])
  })
})

describe('a node that dies while a key is made', () => {
  /** Whatever is confirmed and not overtaken has its keyshare and its backup on disk. */
  function unsafe(): readonly string[] {
    return [...house.nodes.values()].flatMap((node) => {
      const shares = readdirSync(node.directory('keyshares'))
      const inForce = shares.flatMap((name) => /^warm\.(\d+)\.keyshare$/.exec(name)?.[1] ?? [])
      const rows = node.store.all("select epoch from prepared where vault = 'warm'")
      const confirmed = rows.map((row) => Number(row['epoch']))
      return confirmed
        .filter((epoch) => epoch >= Number(inForce[0] ?? 0))
        .filter((epoch) => {
          const share = shares.some((name) => name.startsWith(`warm.${epoch}.`))
          const backup = existsSync(join(node.directory('backups'), `warm.${epoch}.backup`))
          return !share || !backup
        })
        .map((epoch) => `${node.name} confirmed epoch ${epoch}`)
    })
  }

  for (const moment of ['before', 'after'] as const satisfies readonly Moment[]) {
    it(`${moment} its confirmation is on disk has confirmed nothing that is not there`, async () => {
      const victim = house.at(names()[moment === 'before' ? 0 : 1] ?? '')
      victim.life.doom = {
        moment,
        of: ({ statement }) => statement.includes('insert into prepared '),
      }
      void house.coordinator().keys.create(parseVaultId('warm'))
      await house.until('it is dead', () => !victim.isUp)
      await house.pass(2_000)
      victim.start()
      await ready(house)
      expect(unsafe()).toEqual([])
    })
  }

  it('comes back, and the key is made or was', async () => {
    await house.until(
      'a key of warm',
      async () => {
        const made = await house.during(house.coordinator().keys.create(parseVaultId('warm')))
        return !isRefusal(made) || made.code === 'KEY_EXISTS'
      },
      600_000,
    )
    const { epoch } = await vault('warm')
    expect(epoch).toBeGreaterThan(1)
    await house.until('shares of warm', () =>
      names().every((node) => house.at(node).node.status().vaults.includes('warm')),
    )
    expect(unsafe()).toEqual([])
    for (const node of names()) prove(node, `warm.${epoch}`)
    await house.until('the address', async () => (await vault('warm')).address !== '')
    for (const node of names()) {
      const left = readdirSync(house.at(node).directory('backups')).sort()
      expect(left).toEqual(['hot.1.backup', `warm.${epoch}.backup`])
    }
  })
})

describe('a node whose keyshares were lost', () => {
  it('comes back from its backup as a witness, and the others sign on', async () => {
    const [, , lost = ''] = names()
    const node = house.at(lost)
    node.stop()
    await house.pass(10)
    rmSync(node.directory('keyshares'), { recursive: true })
    node.directory('keyshares')
    const { store, keystore } = node.disk()
    const self = root.nodes.find((one) => one.node === lost)
    if (self === undefined) throw new Error('no such node')
    const owner = { org: root.org, env: root.env, node: parseHandle(lost), x: self.x }
    using by = recovery(ownerOf(lost))
    const place = { owner, keystore, rows: new HistoryRows(store), curve: nativeCurve() }
    const bytes = backupBytes(node.directory('backups'), 'hot.1')
    expect(restoreBackup(place, bytes, by)).toMatchObject({ vault: 'hot', isInForce: true })
    store.close()
    node.start()
    await house.until('it is fenced', () => node.node.status().state === 'fenced')
    const created = house.time.now
    const times = { created, notAfter: created + 3_600_000 }
    const id = await house.submit(payout({ ...times, amount: 1_234_567n }))
    await house.untilState(id, 'SETTLED')
    const accepted = house.record.accepted.filter(({ value }) => value.intent === id)
    expect(accepted.map((one) => one.node)).not.toContain(lost)
    await house.until('it has read on', () => {
      return node.node.status().size === house.at(names()[0] ?? '').node.status().size
    })
    expect(await breaches(house)).toEqual([])
  })
})
