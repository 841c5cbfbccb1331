// A key of two of three at a table in memory: made, used and proved; and what a Station and the Hub
// refuse. The same over network and cards, and with three of five, is in `table-ways.test.ts`.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { SeenMain } from '../../policy/ceremony/main-head.ts'
import { parseSignature, verifies } from '../../policy/chain/signature.ts'
import { fromUtf8, plainDigest, toUtf8 } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { floorAbout } from '../../proto/token-floor.ts'
import {
  type Certificate,
  readCertificate,
  readConfirm,
  writeCertificate,
} from '../../signer-node/ceremony/certificate.ts'
import { checkedPaper, readPaper } from '../../signer-node/ceremony/said-papers.ts'
import {
  framesOf,
  nothingRemembered,
  type Remembered,
} from '../../signer-node/ceremony/station-log.ts'
import { hubOnNetwork, stationOnNetwork } from '../../signer-node/ceremony/table-network.ts'
import { tablePatience } from '../../signer-node/sitting.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { ColdHouse } from '../kit/cold-house.ts'
import { MainLog } from '../kit/main-log.ts'
import { refusal, refusedWith } from '../kit/refused.ts'
import { Cupboard } from '../kit/table-cupboard.ts'
import { Room, type RoomOptions } from '../kit/table-room.ts'

const house = new ColdHouse(3, 2)
const cupboard = new Cupboard()
let room: Room
let certificate: Certificate
let written: Uint8Array

const sit = async (bundle: BundleIn, more: Partial<RoomOptions> = {}): Promise<Room> => {
  room = new Room(cupboard, house, bundle, { way: 'memory', ...more })
  return await room.sit()
}

beforeAll(async () => {
  const { bundle, request, deal } = house.keySitting('genesis')
  await sit(bundle)
  room.permit(request)
  const made = await room.hub.deal(deal)
  await room.close()
  if (made.kind === 'failed') throw new Error(made.because)
  certificate = made.certificate
  const { frame } = room.carried.find((one) => one.frame.frame === 'paper')!
  written = frame.frame === 'paper' ? frame.paper.content : new Uint8Array()
  expect(made.certifiedBy).toEqual(house.names)
  house.imported(made.result.lines, [fromUtf8(deal.order)!])
}, 60_000)
afterEach(async () => {
  await room.close()
  house.giveUp()
})
afterAll(() => cupboard[Symbol.dispose]())

describe('a session at the table', () => {
  it('begins at a Station only after its custodian has confirmed, and signs what the log takes', async () => {
    const sat = house.signSitting()
    await sit(sat.bundle)
    const signing = room.hub.sign(sat.order)
    const asked = () => room.at('node-b').heard.some(({ what }) => what === 'asked')
    await room.until(asked)
    room.permit(sat.request, 'node-a')
    expect(room.hub.awaited()).toContain('node-b')
    room.permit(sat.request, 'node-b')
    const ended = await signing
    if (ended.kind === 'failed') throw new Error(ended.because)
    const { about, signature, verifiedBy, result } = ended
    expect(verifies(parseSignature(signature), about.digest, about.publicKey)).toBe(true)
    expect([...verifiedBy].sort()).toEqual(['node-a', 'node-b'])
    const [{ txid }] = [result.lines.at(-1)!.body as { txid: string }]
    const heard = room.at('node-a').heard.find(({ what }) => what === 'signed')
    const made = { digest: about.digest, signature }
    expect(heard?.of).toEqual({ request: sat.request, holds: true, txid, ...made })
    house.imported(result.lines)
  }, 30_000)

  it('goes by the Bundle alone: no line comes from the table, beside a Prepare or in one', async () => {
    const sat = house.signSitting()
    const [page] = framesOf(house.bundle(), house.root.log.origin)
    const size = sat.bundle.pages.reduce((sum, { lines }) => sum + lines.length, 0)
    const later = { ...page!, from: size, lines: page!.lines.slice(size) }
    expect(later.lines).toHaveLength(1)
    await sit(sat.bundle, {
      tamper: {
        down: (_, frame) =>
          frame.frame === 'prepare'
            ? [{ ...frame, prepare: { ...frame.prepare, lines: later } }]
            : [frame],
      },
    })
    const { station, events, heard } = room.at('node-a')
    room.hub.seats.send('node-a', { frame: 'lines', lines: later })
    const signing = room.hub.sign(sat.order)
    await room.until(() => events.filter(({ name }) => name === 'frame-refused').length === 2)
    expect(station.own.copy.size()).toBe(size)
    expect(heard.filter(({ what }) => what === 'asked')).toEqual([])
    room.hub.stop('nobody answers')
    await signing
  }, 30_000)

  it('signs an approved sentence, and the log takes the proof', async () => {
    const sat = house.proveSitting()
    await sit(sat.bundle)
    room.permit(sat.request, ...sat.prove.signers)
    const order = { ...sat.prove, signers: [...sat.prove.signers].reverse() }
    const refused = await room.hub.prove(order)
    // A refusal that no line names would have no place in what is carried out.
    expect(refused).toMatchObject({ kind: 'failed', result: { lines: [], documents: [] } })
    room.permit(sat.request, ...sat.prove.signers)
    const ended = await room.hub.prove({ ...sat.prove, attempt: 2 })
    if (ended.kind === 'failed') throw new Error(ended.because)
    expect(room.at('node-a').heard.find(({ what }) => what === 'signed')?.of).toMatchObject({
      holds: true,
      txid: '',
    })
    house.imported(ended.result.lines, [fromUtf8(sat.prove.order)!])
  }, 30_000)

  it('is one at a time, ends at once when people stop it, and the rest of them is told', async () => {
    const sat = house.signSitting()
    await sit(sat.bundle)
    const signing = room.hub.sign(sat.order)
    await expect(refusal(room.hub.sign(sat.order))).resolves.toContain('BUSY')
    room.hub.stop('the room is cleared')
    const ended = await signing
    expect(ended).toMatchObject({ kind: 'failed', remedy: 'stop', reason: 'COORDINATOR' })
    expect(ended.result.lines.at(-1)).toMatchObject({ type: 'session.aborted' })
  }, 30_000)

  it('fails with the name of the Station that leaves, that lacks, or that refuses', async () => {
    const sat = house.signSitting()
    await sit(sat.bundle)
    const left = room.hub.sign(sat.order)
    room.leave('node-b')
    expect(await left).toMatchObject({ remedy: 'retry', stations: ['node-b'] })
    expect(await room.hub.sign(sat.order)).toMatchObject({
      reason: 'NOT_ENOUGH_SIGNERS',
      stations: ['node-b'],
    })
    await room.open('node-b')
    room.join('node-b')
    await room.until(() => room.hub.seats.has('node-b'))
    room.permit(sat.request, ...sat.order.signers)
    const chosen = { ...sat.order, signers: [...sat.order.signers].reverse() }
    const refused = await room.hub.sign(chosen)
    expect(refused).toMatchObject({ reason: 'PARTICIPANTS', remedy: 'stop' })
    expect(refused.result.documents).toHaveLength(1)
    expect(refused.result.lines[0]?.body).toMatchObject({ culprit: '', reason: 'PARTICIPANTS' })
  }, 30_000)

  it('yields no signature that a Station finds wrong', async () => {
    const sat = house.signSitting()
    await sit(sat.bundle, {
      tamper: {
        up: (station, frame) => {
          if (frame.frame !== 'paper' || station !== 'node-b') return [frame]
          const { paper } = readPaper('checked', frame.paper)
          return [{ frame: 'paper', paper: checkedPaper({ paper, holds: false }) }]
        },
      },
    })
    room.permit(sat.request, ...sat.order.signers)
    const ended = await room.hub.sign(sat.order)
    expect(ended).toMatchObject({ kind: 'failed', stations: ['node-b'], reason: 'PEER_FAULT' })
  }, 30_000)

  it('ends at once when a signer leaves, and blames nobody for an envelope that opens nowhere', async () => {
    const sat = house.signSitting()
    await sit(sat.bundle, {
      timeouts: { roundS: 60, sessionS: 600 },
      tamper: {
        up: (station, frame) => {
          if (frame.frame !== 'envelope' || station !== 'node-b' || frame.envelope.round !== 1) {
            return [frame]
          }
          // Of the same author, for another place: it opens nowhere, and the round waits.
          return [{ ...frame, envelope: { ...frame.envelope, round: 2 } }]
        },
      },
    })
    room.permit(sat.request, ...sat.order.signers)
    const signing = room.hub.sign(sat.order)
    await room.until(() => room.at('node-a').station.status().droppedEnvelopes > 0)
    room.leave('node-b')
    const ended = await signing
    expect(ended).toMatchObject({ kind: 'failed', remedy: 'retry', accusations: [] })
    await room.until(() => room.at('node-a').station.status().sessions === 0)
  }, 30_000)
})

describe('a Bundle', () => {
  const opened = async (bundle: BundleIn, more: Partial<RoomOptions> = {}): Promise<string> => {
    room = new Room(cupboard, house, bundle, { way: 'memory', ...more })
    return await refusal(room.open('node-c'))
  }

  /** What a Token remembers of one vault. */
  const floored = (bundle: BundleIn, record: Digest | '', named?: string): Remembered => {
    const { org, env, origin, vaults } = bundle.plan.plan
    const vault = named ?? vaults[0] ?? ''
    const none = { size: 0, root: '' } as const
    const about = floorAbout({ org, env, origin, vault })
    const seal = digestNamed('seal')
    const floor = { about, env, epoch: 0, seal, record, cold: none, main: none, count: 1 }
    return { ...nothingRemembered, floors: [floor] }
  }

  it('is opened when it extends what was seen, is witnessed, and its ceremony is planned', async () => {
    const { bundle } = house.signSitting()
    expect(await opened(bundle)).toBe('accepted')
    const { size, root } = room.at('node-c').station.own.witness.head
    await room.close()
    const token = { ...floored(bundle, digestNamed('record 1')), seen: [{ size, root }] }
    expect(await opened(bundle, { token })).toBe('accepted')
  })

  it('is refused when it is shorter than the floor of the card, or of the Token', async () => {
    const { bundle } = house.signSitting()
    const [page] = bundle.pages
    const short = { ...bundle, pages: [{ ...page!, lines: page!.lines.slice(0, 5) }] }
    expect(await opened(short)).toContain('FLOOR: expected')
    await room.close()
    const seen = [{ size: 1_000, root: new Uint8Array(32) }]
    expect(await opened(bundle, { token: { ...nothingRemembered, seen } })).toContain(
      'FLOOR: expected 1000',
    )
  })

  it('is refused when it is another log than the Token has seen', async () => {
    const { bundle } = house.signSitting()
    const seen = [{ size: 5, root: new Uint8Array(32) }]
    const said = await opened(bundle, { token: { ...nothingRemembered, seen } })
    expect(said).toContain('LOG_FORK: another log: it differs within its first 5 lines')
  })

  it('is refused with a main log that is none, older, or another than the Token has seen', async () => {
    const { bundle } = house.signSitting()
    const main = new MainLog({ env: 'test' }).grow(6)
    const carrying = { ...bundle, main: main.read([4]) }
    const [floor] = floored(bundle, '').floors
    const seeing = (seen: SeenMain): Partial<RoomOptions> => {
      return { token: { ...nothingRemembered, floors: [{ ...floor!, main: seen }] } }
    }
    expect(await opened(carrying, seeing(main.seen(4)))).toBe('accepted')
    await room.close()
    expect(await opened(bundle, seeing(main.seen(4)))).toContain('no head of it is here')
    await room.close()
    const other = new MainLog({ env: 'test' }, 1).grow(6)
    expect(await opened(carrying, seeing(other.seen(4)))).toContain('another main log')
    await room.close()
    const newer = seeing(main.grow(1).seen())
    expect(await opened(carrying, newer)).toContain('TOKEN_FLOOR: the main log had 9 lines')
  })

  it('is refused below the quorum of witnesses, and with a page that is none', async () => {
    house.signSitting()
    expect(await opened(house.bundle(['light-a']))).toContain('COSIGN: expected 2 witnesses')
    await room.close()
    const bundle = house.bundle()
    const [page] = bundle.pages
    const bent = { ...bundle, pages: [{ ...page!, checkpoint: toUtf8('nothing') }] }
    expect(await opened(bent)).toContain('LOG_MALFORMED')
  })

  it('is refused for a ceremony that is over, unknown, or forgets the one before', async () => {
    const { bundle } = house.signSitting()
    const token = floored(bundle, digestNamed('a record that never came home'))
    expect(await opened(bundle, { token })).toContain('TOKEN_FLOOR: no ceremony in this log')
    await room.close()
    const again = { ...token, closed: digestNamed('a record that never came home') }
    expect(await opened(bundle, { token: again })).toBe('accepted')
    await room.close()
    const odd = floored(bundle, '', 'a-vault-of-another-log')
    expect(await opened(bundle, { token: odd })).toContain('of which this log says nothing')
    await room.close()
    house.giveUp()
    expect(await opened(house.bundle())).toContain('is aborted')
    await room.close()
    const plan = { ...house.bundle().plan, digest: digestNamed('no plan') }
    expect(await opened({ ...house.bundle(), plan })).toContain('CEREMONY: no ceremony')
  })

  it('is of the plan that the Station was started with, and comes before the table', async () => {
    const { bundle } = house.signSitting()
    room = new Room(cupboard, house, bundle, { way: 'memory' })
    const { station } = room.make('node-c')
    const other = { ...bundle, plan: { ...bundle.plan, digest: digestNamed('other') } }
    expect(await refusal(station.open(other, nothingRemembered))).toContain(
      'PLAN: expected the plan',
    )
    expect(refusedWith(() => room.join('node-c'))).toBe('BUNDLE X-7')
  })
})

describe('a certificate', () => {
  it('is of exactly the holders, each by the identity of the root', () => {
    expect(readCertificate(house.root, written).key).toEqual(certificate.key)
    const json = parse(written) as JsonObject & { confirms: JsonObject[] }
    const bent = (change: JsonObject) => encode({ ...json, ...change })
    const fewer = json.confirms.slice(1)
    expect(refusedWith(() => readCertificate(house.root, bent({ confirms: fewer })))).toBe(
      'PARTICIPANTS',
    )
    const swapped = [json.confirms[1]!, json.confirms[0]!, json.confirms[2]!]
    expect(refusedWith(() => readCertificate(house.root, bent({ confirms: swapped })))).toBe(
      'PARTICIPANTS',
    )
    expect(refusedWith(() => readCertificate(house.root, bent({ epoch: 2 })))).toBe('PARTICIPANTS')
    expect(refusedWith(() => writeCertificate(house.root, []))).toBe('MALFORMED')
  })

  it('counts a confirmation for nobody but its author', () => {
    const signed = readSigned({
      credential: 'node-a',
      document: encode({ ...(certificate.body as JsonObject), node: 'node-a' }),
      signature: new Uint8Array(64),
    })
    expect(refusedWith(() => readConfirm(house.root, 'node-x', signed))).toBe('VIEW')
    expect(refusedWith(() => readConfirm(house.root, 'node-a', signed))).toBe('VIEW')
  })
})

describe('a paper', () => {
  it('is read as what it is, and refused as another', () => {
    const paper = checkedPaper({ paper: plainDigest(written), holds: true })
    expect(readPaper('checked', paper).holds).toBe(true)
    expect(refusedWith(() => readPaper('failure', paper))).toBe('MALFORMED')
  })

  it('that is no certificate of a key that this Station confirmed is answered with no', async () => {
    const sat = house.signSitting()
    await sit(sat.bundle)
    const json = parse(written) as JsonObject
    const answers = () =>
      room.said.flatMap(({ frame }) => {
        return frame.frame === 'paper' ? [readPaper('checked', frame.paper).holds] : []
      })
    room.hub.paper('node-a', { kind: 'certificate', content: encode({ ...json, epoch: 7 }) })
    room.hub.paper('node-a', { kind: 'certificate', content: written })
    room.hub.paper('node-a', { kind: 'signature', content: written })
    room.hub.paper('node-a', { kind: 'step', content: toUtf8('O-1') })
    await room.until(() => answers().length === 3)
    expect(answers()).toEqual([false, true, false])
    const heard = () => room.at('node-a').heard.filter(({ what }) => what === 'paper')
    await room.until(() => heard().length === 1)
  })
})

describe('patience', () => {
  it('is that of the plan, no shorter than a hot node’s and no longer than a day', () => {
    expect(tablePatience({ roundS: 5, sessionS: 86_400 })).toEqual({
      acceptanceMs: 5_000,
      roundMs: 5_000,
      sessionMs: 86_400_000,
      freshSessionMs: 86_400_000,
    })
    expect(refusedWith(() => tablePatience({ roundS: 4, sessionS: 20 }))).toBe('CONFIG')
    expect(refusedWith(() => tablePatience({ roundS: 30, sessionS: 20 }))).toBe('CONFIG')
    expect(refusedWith(() => tablePatience({ roundS: 5, sessionS: 86_401 }))).toBe('CONFIG')
    expect(refusedWith(() => tablePatience({ roundS: Number.NaN, sessionS: 20 }))).toBe('CONFIG')
  })
})

describe('the network of a table', () => {
  const settings = (host: string, isRehearsal: boolean) => ({
    ...{ org: 'acme', isRehearsal, nowMs: Date.now, report: () => {}, stations: [] },
    ...{ identity: { ca: '', cert: '', key: '' }, hub: { host, port: 4_000 }, transport: '' },
  })

  it('is link-local, or one’s own machine at a rehearsal, and nothing else', async () => {
    for (const host of [
      '10.0.0.1',
      '192.168.1.7',
      '0.0.0.0',
      '::',
      'table.example',
      '2001:db8::1',
    ]) {
      expect(refusedWith(() => stationOnNetwork(settings(host, true)))).toBe('PLAN X-1')
      expect(await refusal(hubOnNetwork(settings(host, true), () => {}))).toContain('PLAN')
    }
    expect(refusedWith(() => stationOnNetwork(settings('127.0.0.1', false)))).toBe('PLAN X-1')
    for (const [host, isRehearsal] of [
      ['169.254.7.1', false],
      ['fe80::1', false],
      ['127.0.0.1', true],
    ] as const) {
      // It gets as far as its certificate.
      expect(() => stationOnNetwork(settings(host, isRehearsal)).close()).not.toThrow('link-local')
    }
  })
})
