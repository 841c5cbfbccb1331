// What a Station does with its two tokens, as one list of cases: the twin in software is played
// every time, SoftHSM with the walks.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { testedBy } from '../../policy/audit/backup-tested.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import type { Root } from '../../policy/documents.ts'
import { backupKinds } from '../../proto/backup-documents.ts'
import { ed25519PublicKey, ed25519Signer, tagged, toUtf8 } from '../../proto/crypto.ts'
import {
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { floorAbout, nextFloor } from '../../proto/token-floor.ts'
import { type MadeStation, makeStation, writeMedium } from '../../signer-node/ceremony/enrolment.ts'
import { parseLabel, writeLabel } from '../../signer-node/ceremony/label.ts'
import {
  copySeals,
  destroySeals,
  mediumPaths,
  openMedium,
  sharesOn,
} from '../../signer-node/ceremony/medium.ts'
import { noBackups } from '../../signer-node/ceremony/no-backups.ts'
import { replaceToken } from '../../signer-node/ceremony/replace-token.ts'
import { transportKey } from '../../signer-node/ceremony/self-signed.ts'
import { spareProof } from '../../signer-node/ceremony/spare-proof.ts'
import {
  type OpenedStation,
  openStationToken,
  type StationToken,
  testShares,
  type Which,
} from '../../signer-node/ceremony/tokens.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { dealKey } from '../kit/dealt.ts'
import { refusal, refusedWith } from '../kit/refused.ts'
import { pins, type Socket, socket, typing } from '../kit/station-tokens.ts'
import { random } from '../kit/tokens.ts'

const curve = nativeCurve()
export const nowMs = Date.parse('2026-12-07T09:00:00Z')
export const plan = {
  org: parseHandle('acme'),
  env: 'test',
  origin: parseHandle('acme/cold'),
} as const
export const station = (x: number) => ({
  ...{ node: parseNodeId(`node-${x}`), x, site: parseHandle('bern') },
  ...({ custodian: parsePersonId('ana'), color: 'red' } as const),
})
const vault = parseVaultId('cold-eth')
const approved = parseDigest('ab'.repeat(32))
const key = (epoch: number, keyId = 'key-1') =>
  dealKey(curve, { xs: [1, 2, 3], threshold: 2, seed: 'seed', epoch, keyId: toUtf8(keyId) })
export const stationCases = (name: 'software' | 'SoftHSM') => () => {
  let home: string
  let bench: Socket
  let made: MadeStation
  let count = 0
  const fresh = (what: string): string => {
    count += 1
    return join(home, `${what}-${count}`)
  }
  const card = () => parseStationCard(made.card)
  const opened = async (which: Which, wanted: Which | 'any' = which): Promise<StationToken> => {
    bench.plug(which)
    const pin = typing(fresh('tries'), [pins[which] ?? '']).ports
    return openStationToken(bench.slot, card(), wanted, { random, pin })
  }
  const anyway = async (): Promise<void> => {}
  const opens = async (token: StationToken, medium = a()): Promise<string> =>
    refusal(token.open(medium, random).then((open) => open[Symbol.dispose]()))
  let home_a = ''
  const a = () => openMedium(home_a)

  /** A share, sealed as a node seals it. */
  function sealed({ way }: OpenedStation, epoch: number, directory = home_a, x = 1): void {
    const owner = { ...plan, node: parseNodeId(`node-${x}`), x }
    const ports = { way, random, curve, backups: noBackups }
    const keystore = new Keystore(mediumPaths(directory).keyshares, owner, ports)
    keystore.keepPending(vault, key(epoch).keyshares.get(x as never)!, approved)
    keystore.activate(vault, epoch)
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'custody-station-'))
    bench = socket(name)
    const daily = await bench.make('daily', 'node-1')
    const spare = await bench.make('spare', 'node-1')
    made = makeStation({ plan, station: station(1), daily, spare }, { random, nowMs })
    home_a = join(home, 'a')
    await writeMedium(home_a, made, 'a', anyway)
  })
  afterAll(() => {
    rmSync(home, { recursive: true, force: true })
    bench.remove()
  })

  it('opens its keys with either, and they are those of its card', async () => {
    for (const which of ['daily', 'spare'] as const) {
      await using token = await opened(which)
      using open = await token.open(a(), random)
      const { identity, witness, transport } = open.keys
      expect(ed25519PublicKey(identity.bytes)).toEqual(card().identity)
      expect(ed25519PublicKey(witness.bytes)).toEqual(card().witness.publicKey)
      expect(transportKey(transport.bytes).bytes.slice(-65)).toEqual(
        p256.getPublicKey(transport.bytes, false),
      )
      expect([token.which, open.closed]).toEqual([which, []])
    }
  })

  it('refuses no token, another than is wanted, and that of another station', async () => {
    bench.plug(undefined)
    const pin = typing(fresh('tries'), []).ports
    const open = (wanted: Which | 'any') =>
      refusal(openStationToken(bench.slot, card(), wanted, { random, pin }))
    expect(await open('any')).toMatch(/^TOKEN_(ABSENT|BROKEN)/)
    expect(await refusal(opened('daily', 'spare'))).toMatch(
      /^TOKEN_WRONG: expected the spare token \w+, here: \w+$/,
    )
    await bench.make('other', 'node-2')
    expect(await open('any')).toMatch(/^TOKEN_WRONG: expected the daily or the spare token/)
  })

  it('refuses a token that is labelled as that of another station', async () => {
    const daily = await bench.make('other-label', 'node-1', 'blue 1 daily')
    const spare = await bench.make('fine-label', 'node-1', 'a gift of the vendor')
    const odd = makeStation({ plan, station: station(1), daily, spare }, { random, nowMs })
    const open = async (which: string) => {
      bench.plug(which)
      const pin = typing(fresh('tries'), ['no PIN of it']).ports
      await using _ = await openStationToken(bench.slot, parseStationCard(odd.card), 'any', {
        random,
        pin,
      })
    }
    expect(await refusal(open('other-label'))).toBe(
      'TOKEN_WRONG: token: it is labelled blue 1 daily, this station is red 1',
    )
    expect(await refusal(open('fine-label'))).toMatch(/^TOKEN_PIN/)
  })

  it('leaves nothing of a medium when the token goes at any point of writing it', async () => {
    const token = await opened('daily')
    const left = (directory: string) => readdirSync(directory)
    const gone = fresh('gone')
    const writing = writeMedium(gone, made, 'b', async (medium) => {
      bench.plug(undefined)
      using _ = await token.open(medium, random)
    })
    expect(await refusal(writing)).toMatch(/^(TOKEN|SEAL)/)
    expect(left(gone)).toEqual([])
    await token[Symbol.asyncDispose]()
    await using again = await opened('daily')
    const there = await writeMedium(gone, made, 'b', async (medium) => {
      using _ = await again.open(medium, random)
    })
    expect(there.label.medium).toBe('b')
    expect(await refusal(writeMedium(gone, made, 'b', anyway))).toMatch(
      /^CONFIG: .* empty directory/,
    )
    expect(left(gone)).toContain('label.json')
  })

  it('says of a token that went: absent, or does not open; and opens when it is back', async () => {
    const token = await opened('daily')
    bench.plug(undefined)
    expect(await opens(token)).toMatch(/^(TOKEN|SEAL)/)
    bench.plug('spare')
    expect(await opens(token)).toMatch(/^(TOKEN|SEAL)/)
    await token[Symbol.asyncDispose]()
    await using again = await opened('daily')
    expect(await opens(again)).toBe('accepted')
  })

  it('seals a share to both: medium B is the copy of A, and each token opens each', async () => {
    const b = await writeMedium(fresh('b'), made, 'b', anyway)
    {
      await using token = await opened('daily')
      using open = await token.open(a(), random)
      sealed(open, 0)
      expect(copySeals(a(), b)).toHaveLength(1)
      expect(copySeals(a(), b)).toEqual([])
      const [proved] = await testShares(token, curve, sharesOn(home_a))
      expect(proved).toMatchObject({ vault, epoch: 0, key: 'key-1' })
      expect(proved?.seal).toBe(sharesOn(b.directory)[0]?.seal)
    }
    await using spare = await opened('spare')
    const proved = await testShares(spare, curve, sharesOn(b.directory))
    expect(proved).toHaveLength(1)
    expect(refusedWith(() => copySeals(a(), a()))).toBe('TOKEN_WRONG X-18')
    using open = await spare.open(a(), random)
    sealed(open, 1)
    copySeals(a(), b)
    expect(sharesOn(b.directory).map(({ epoch }) => epoch)).toEqual([1])
    expect(await testShares(spare, curve, sharesOn(b.directory))).toMatchObject([{ epoch: 1 }])
  })

  it('proves by the spare alone, for the log, that a Seal opens', async () => {
    const sign = async (which: Which, by: Which = which) => {
      await using proving = await opened(by)
      const [proved] = await testShares(proving, curve, sharesOn(home_a))
      if (which !== by) await proving[Symbol.asyncDispose]()
      await using token = which === by ? proving : await opened(which)
      using open = await token.open(a(), random)
      const identity = ed25519Signer(open.keys.identity.bytes)
      return await spareProof(token, proved!, identity, { nonce: random(16), nowMs })
    }
    expect(await refusal(sign('daily'))).toBe('BACKUP: daily: expected the spare token')
    expect(await refusal(sign('spare', 'daily'))).toBe(
      'BACKUP: spare: another token opened this Seal',
    )
    const { proof, statement } = await sign('spare')
    const document = tagged(tags.backupProof, toUtf8(proof.document))
    expect(p256.verify(proof.signature, document, card().spare.identity)).toBe(true)
    const {
      format: _,
      org: __,
      env: ___,
      ...body
    } = backupKinds.tested.shape(parseText(statement.document), 'statement')
    expect(body).toMatchObject({ vault, epoch: 1, recovery: 'spare', node: 'node-1' })
    expect(body.backup).toBe(sharesOn(home_a)[0]?.seal)
    const root = { ...plan, nodes: [{ node: 'node-1', identity: card().identity }] }
    const line = { ...body, signature: statement.signature }
    expect(testedBy(root as unknown as Root, line)).toBe(true)
    expect(testedBy(root as unknown as Root, { ...line, epoch: 2 })).toBe(false)
  })

  it('refuses a Seal of another party, of another share, or with one bit changed', async () => {
    await using token = await opened('daily')
    const [share] = sharesOn(home_a)
    const test = (bytes: Uint8Array) => refusal(token.test(curve, { name: 'share', bytes }))
    expect(await test(share!.bytes)).toBe('accepted')
    for (const at of [200, share!.bytes.length - 40]) {
      const bent = share!.bytes.with(at, share!.bytes[at]! ^ 1)
      expect(await test(bent)).toMatch(/^SEAL/)
    }
    using open = await token.open(a(), random)
    const { thing } = (await import('../../proto/seal-file.ts')).parseSeal(share!.bytes)
    if (thing.kind !== 'keyshare') throw new Error('expected a share')
    const { Secret } = await import('../../signer-node/dkls23/secret.ts')
    const { context } = thing
    const made = (change: object, x = 1) => {
      using plaintext = key(1)
        .keyshares.get(x as never)!
        .encode()
      return open.way.seal({ kind: 'keyshare', context: { ...context, ...change } }, plaintext)
    }
    expect(await test(made({}))).toBe('accepted')
    expect(await test(made({}, 2))).toMatch(/^SEAL/)
    expect(await test(made({ party: 2 }, 2))).toMatch(/^SEAL: share: of acme test, party 2/)
    expect(await test(made({ epoch: 0 }))).toMatch(/^SEAL/)
    expect(await test(made({ commitments: approved }))).toMatch(/^SEAL/)
    using identity = new Secret(random(32))
    const other = { kind: 'identity', context: { ...plan, owner: 'node-1', credential: 'secret' } }
    const { origin: _, ...context_ } = other.context
    expect(await test(open.way.seal({ ...other, context: context_ } as never, identity))).toMatch(
      /^SEAL: share: no share that signs/,
    )
  })

  it('refuses a medium of another party, and one with two Seals of one share', async () => {
    const bent = (change: object) => {
      const directory = fresh('bent')
      cpSync(home_a, directory, { recursive: true })
      const { label } = mediumPaths(directory)
      const read = parseLabel(readFileSync(label))
      rmSync(label)
      writeFileSync(label, writeLabel({ ...read, ...change } as never))
      return refusedWith(() => openMedium(directory))
    }
    expect(bent({})).toBe('accepted')
    for (const change of [{ x: 2 }, { node: 'node-2' }, { color: 'blue' }, { env: 'prod' }]) {
      expect(bent(change)).toBe('TOKEN_WRONG X-18')
    }
    expect(refusedWith(() => openMedium(home_a, { medium: 'b' }))).toBe('TOKEN_WRONG X-18')
    expect(refusedWith(() => openMedium(home_a, { origin: parseHandle('acme/warm') }))).toBe(
      'TOKEN_WRONG X-18',
    )
    const two = fresh('two')
    cpSync(home_a, two, { recursive: true })
    const { keyshares } = mediumPaths(two)
    cpSync(join(keyshares, 'cold-eth.1.keyshare'), join(keyshares, 'cold-eth.1.pending.keyshare'))
    expect(refusedWith(() => openMedium(two))).toBe('TOKEN_WRONG X-18')
    rmSync(join(keyshares, 'cold-eth.1.pending.keyshare'))
    expect(refusedWith(() => openMedium(two))).toBe('accepted')
    writeFileSync(join(keyshares, 'x.0.keyshare'), '{}')
    expect(refusedWith(() => openMedium(two))).toBe('SEAL')
    expect(refusedWith(() => openMedium(fresh('none')))).toBe('TOKEN_ABSENT')
    const foreign = fresh('foreign')
    cpSync(home_a, foreign, { recursive: true })
    await using token = await opened('daily')
    using open = await token.open(a(), random)
    mkdirSync(join(home, 'x2'), { recursive: true })
    const owner = { ...plan, node: parseNodeId('node-2'), x: 2 }
    const ports = { way: open.way, random, curve, backups: noBackups }
    const keystore = new Keystore(mediumPaths(foreign).keyshares, owner, ports)
    keystore.keepPending(parseVaultId('other'), key(0).keyshares.get(2 as never)!, approved)
    expect(refusedWith(() => openMedium(foreign))).toBe('TOKEN_WRONG X-18')
  })

  it('gets a new token for one that goes, by the other; the old one opens nothing more', async () => {
    const b = await writeMedium(fresh('b'), made, 'b', anyway)
    copySeals(a(), b)
    const old = sharesOn(home_a)[0]!
    const newer = await bench.make('newer', 'node-1')
    const strange = await bench.make('strange', 'node-2')
    const about = floorAbout({ ...plan, vault })
    {
      await using spare = await opened('spare')
      const floor = { about, env: 'test', epoch: 1, seal: old.seal, record: '' } as const
      const heads = { cold: { size: 0, root: '' }, main: { size: 0, root: '' } } as const
      await spare.hsm.keepFloor(nextFloor(undefined, { ...floor, ...heads }))
      const media = { a: a(), b }
      expect(await refusal(replaceToken(media, spare, strange, random))).toMatch(/^CONFIG/)
      expect(sharesOn(home_a)[0]?.seal).toBe(old.seal)
      const done = await replaceToken(media, spare, newer, random)
      expect([done.retired, done.sealed.length]).toEqual(['daily', 5])
      made = { ...made, card: done.card }
      const [moved] = await spare.hsm.floors()
      expect(moved).toMatchObject({ count: 2, seal: sharesOn(home_a)[0]?.seal })
      expect(sharesOn(b.directory)[0]?.seal).toBe(moved?.seal)
      expect(await testShares(spare, curve, sharesOn(home_a))).toHaveLength(1)
    }
    const by = async (which: string) => {
      bench.plug(which)
      const pin = typing(fresh('tries'), [pins[which] ?? '']).ports
      await using token = await openStationToken(bench.slot, card(), 'any', { random, pin })
      return await opens(token, openMedium(b.directory))
    }
    expect(card().daily.id).toBe('newer')
    expect(await by('newer')).toBe('accepted')
    expect(await refusal(by('daily'))).toMatch(/^TOKEN_WRONG/)
  })

  it('destroys what the log has left, on both media, and nothing else', async () => {
    const directory = fresh('old')
    cpSync(home_a, directory, { recursive: true })
    const row = (epoch: number, x = 1, of = vault) => {
      return { vault: of, epoch, participants: [{ node: parseNodeId(`node-${x}`), x }] }
    }
    const destroyed = (...of: Parameters<typeof row>) =>
      destroySeals(openMedium(directory), row(...of)).map(({ epoch }) => epoch)
    expect(destroyed(1)).toEqual([])
    expect(destroyed(9, 1, parseVaultId('other'))).toEqual([])
    // The share in force is elsewhere, so the old one stays.
    expect(refusedWith(() => destroyed(2))).toBe('SEAL X-11')
    expect(sharesOn(directory)).toHaveLength(1)
    await using token = await opened('spare')
    using open = await token.open(a(), random)
    sealed(open, 2, directory)
    cpSync(mediumPaths(home_a).keyshares, mediumPaths(directory).keyshares, { recursive: true })
    expect(sharesOn(directory).map(({ epoch }) => epoch)).toEqual([1, 2])
    // As long as the log has not left epoch 1, a newer share is no reason.
    expect(destroyed(1)).toEqual([])
    expect(destroyed(2)).toEqual([1])
    expect(destroyed(3, 2)).toEqual([2])
  })
}
