// The address of a cold vault at the command line: shown in the words of witnesses and stations that
// were checked here, or not at all; and a payer checks the file like any other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { vaultAnswer } from '../../cli/vault.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { keyCertificateOf } from '../../policy/audit/key-chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { coldAddressFile } from '../../policy/cold-address.ts'
import { witnessesOf } from '../../policy/documents.ts'
import { trustText } from '../../policy/trust.ts'
import { toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { issuedMs } from '../kit/addresses.ts'
import { testedBody } from '../kit/audit-log.ts'
import { testWorld } from '../kit/cluster.ts'
import { type ColdSaid, coldWord, firstOnly } from '../kit/cold-addresses.ts'
import { cold, keyedColdLog, root, rulebook } from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'
import { firstRoot as hotRoot } from '../kit/succession.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-cold-address-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))
const at = (name: string): string => join(place, name)

const log = keyedColdLog()
for (const { node } of cold.participants) log.add('key.backup-tested', testedBody(cold, node))
const lines = log.lines.map(parseEntry)
const [line] = lines.filter(({ type, body }) => {
  return type === 'key.created' && 'vault' in body && body.vault === 'cold-eth'
})
const backups = lines.filter(({ type }) => type === 'key.backup-tested')
const key = keyCertificateOf(lines, cold)
const address = chainOf('eip155:31337').address(cold.publicKey)

const file = (said: ColdSaid = {}, lights = ['light-a', 'light-b']) =>
  coldAddressFile(
    firstOnly,
    key,
    lights.map((name) => coldWord(name, said)),
  )
const sent = {
  ...{ vault: 'cold-eth', tier: 'cold', network: 'eip155:31337', key: cold.key, epoch: 1 },
  ...{ publicKey: toHex(cold.publicKey), chainCode: toHex(cold.chainCode), threshold: 2, address },
  ...{ line: line!.bytes, backups: backups.map(({ bytes }) => bytes), unproven: [] },
  ...{ later: [], certificate: file(), uncertified: '' },
}
const trust = { root: root.digest, log: root.log, witnesses: witnessesOf(root), q: 2 }
type Known = Parameters<typeof vaultAnswer>[1]
const desk = { trust, ruleset: { root, reigns: [{ root, from: 1 }], rulebook } } as unknown as Known
const shown = (change: Partial<typeof sent> = {}, nowMs = issuedMs) =>
  vaultAnswer({ ...sent, ...change }, desk, { nowMs: () => nowMs })

describe('a cold vault that is shown', () => {
  it('names the witnesses that vouch for it and the stations that confirmed its key', () => {
    const { text, json, exit } = shown()
    expect(exit).toBe(0)
    expect(json).toMatchObject({ address, verifiedBy: ['light-a', 'light-b'], uncertified: '' })
    expect(text).toContain('  verified by light-a, light-b\n')
    expect(text).toContain('  key confirmed by node-a, node-b, node-c\n')
  })

  it('has no address where its witnesses do not vouch for it, and says why', () => {
    const none = { certificate: new Uint8Array(0), address: '' }
    for (const [uncertified, said] of [
      ['FROZEN: frozen: cold-eth', 'FROZEN: frozen: cold-eth'],
      ['', 'no certificate came'],
    ] as const) {
      const { text, json, exit } = shown({ ...none, uncertified })
      expect(exit).toBe(3)
      expect(text).toContain(`NO ADDRESS: its witnesses do not vouch for it now (${said})`)
      expect(JSON.stringify([text, json])).not.toContain(address)
    }
  })

  it('shows nothing that a coordinator made up', () => {
    const lie = (certificate: Uint8Array, nowMs = issuedMs) =>
      refusedWith(() => shown({ certificate }, nowMs))
    expect(lie(file())).toBe('accepted')
    expect(lie(file({}, ['light-a']))).toBe('PARTICIPANTS')
    expect(lie(file({ network: 'eip155:1' }))).toBe('BYTES_FROM')
    expect(lie(file(), issuedMs + limits.addressViewMsMax + 1_000)).toBe('LIFETIME')
    const other = keyCertificateOf(lines, { vault: 'cold-two' as never, epoch: 1 })
    const words = ['light-a', 'light-b'].map((name) => coldWord(name))
    expect(lie(coldAddressFile(firstOnly, other, words))).toBe('BYTES_FROM')
  })
})

describe('custody address verify, of a cold vault', () => {
  const written = (name: string, bytes: string | Uint8Array): string => {
    writeFileSync(at(name), bytes)
    return at(name)
  }
  const verify = async (bytes: Uint8Array, pinned = trustText(trust), days = '30') => {
    const words = ['address', 'verify', written('cold.json', bytes), '--max-age', days]
    const world = testWorld([], { nowMs: () => issuedMs + 86_400_000 })
    const asked = [...words, '--trust', written('trust.txt', pinned)]
    const { stdout } = await run(asked, world)
    const { exit, stdout: said } = await run([...asked, '--json'], world)
    return { stdout, exit, json: JSON.parse(said || '{}') }
  }

  it('says who stands for what, by the same command as for any vault', async () => {
    const { stdout, exit, json } = await verify(file())
    expect(exit).toBe(0)
    const confirmedBy = ['node-a', 'node-b', 'node-c']
    expect(json).toMatchObject({ address, by: ['light-a', 'light-b'], confirmedBy, needed: 2 })
    expect(stdout).toContain(`${address}\n`)
    expect(stdout).toContain(
      '  key        of a cold vault, confirmed by node-a, node-b, node-c: every station\n',
    )
    expect(stdout).toContain('  in force   say light-a, light-b: 2 witnesses, 2 needed\n')
  })

  it('refuses what is old, of too few, or of another house', async () => {
    expect((await verify(file({}, ['light-c']))).json.refused.code).toBe('PARTICIPANTS')
    expect(
      (await verify(file({ issuedMs: issuedMs - 2 * 86_400_000 }), undefined, '2')).json,
    ).toEqual(expect.objectContaining({ refused: expect.objectContaining({ code: 'LIFETIME' }) }))
    const hot = { ...trust, root: hotRoot.root.digest }
    expect((await verify(file(), trustText(hot))).json.refused.code).toBe('RULESET_VERSION')
  })
})
