import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyHead, extend } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignatures,
  formatNote,
  parseNote,
  parseNoteText,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { enclosureDigest, signedEnclosure } from '../../policy/audit/enclosures.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { digestOfText } from '../../policy/document.ts'
import { freezeText } from '../../policy/documents.ts'
import { fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorPart } from '../../proto/frames.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, refuse } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { assemble } from '../../signer-node/assemble.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog, type TestLog } from '../kit/audit-log.ts'
import { refusedWith } from '../kit/refused.ts'
import { lightJson, nodeJson } from '../kit/succession.ts'
import { type Name, names, selfOf, ThreeNodes } from './three-nodes.ts'
import { testPorts } from './world.ts'

let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes().ready()
  for (const name of names) three.at(name).said.length = 0
})
afterEach(() => three.close())

type Page = CoordinatorPart<'lines'>

/** What node a says to a page, and how large its copy is afterwards. */
function given(change: (page: Page) => Page, name: Name = 'node-a'): string {
  three.give(name, { frame: 'lines', lines: change(three.page(name)) })
  const said = three.at(name).said.map(({ frame }) => frame)
  three.at(name).said.length = 0
  return `${said.join(' ') || 'nothing'} ${three.at(name).node.status().size}`
}

function alarm(name: Name = 'node-a'): string {
  return three.at(name).ports.events.findLast(({ level }) => level === 'alarm')?.because ?? ''
}

/** A log-signed checkpoint over the first lines of this log. */
function checkpointAt(log: TestLog, size: number): Uint8Array {
  const { frontier } = extend(emptyHead, log.lines.slice(0, size)).head
  const body = checkpointBody({ origin: house.origin, size, root: rootOf(frontier) })
  return toUtf8(formatNote(body, [signCheckpoint(body, house.log, house.keyOf('log').sign)]))
}

const heartbeats = (log: TestLog, count: number): TestLog => {
  for (let at = 0; at < count; at += 1) log.wait(1).add('log.heartbeat', {})
  return log
}

describe('a root with light witnesses', () => {
  const lights = ['l-1', 'l-2'].map(lightJson)

  /** What a node that pins this root says to its first page. */
  function refusedFor(
    witnesses: readonly JsonObject[],
    witness: JsonObject,
    more: JsonObject = {},
  ): string {
    const rootText = text({ ...house.root, witnesses, witness, ...more })
    const page = {
      ...three.page('node-a', 0),
      documents: [{ kind: '', content: toUtf8(rootText) }],
    }
    const empty = new ThreeNodes()
    try {
      const ports = testPorts('light', empty.clock)
      const stores = empty.stores('node-a', ports.random)
      const rootDigest = digestOfText(tags.root, rootText)
      const settings = { self: selfOf('node-a'), origin: house.origin, rootDigest }
      const whole = { closed: () => undefined, changed: () => {} }
      const parts = assemble(settings, stores, ports, whole)
      const step = (work: () => void): void => stores.store.step(work)
      const refused = refusedWith(() => [...parts.witness.take(page, step)])
      stores.store.close()
      return refused
    } finally {
      empty.close()
    }
  }

  it('is taken although its nodes alone could not be a quorum', () => {
    expect(refusedFor(lights, { w: 5, f: 1, q: 4 })).toBe('accepted')
  })

  it('is refused when it names other keys, or another office, for who opened it', () => {
    const [light] = lights
    const nodes = [nodeJson('node-d', 1), nodeJson('node-b', 2), nodeJson('node-c', 3)]
    const witness = { w: 4, f: 1, q: 3 }
    expect(refusedFor([lightJson('node-a')], witness, { nodes })).toBe('CONFIG')
    expect(refusedFor([light!], witness, { nodes })).toBe('accepted')
  })
})

describe('a witness', () => {
  it('takes no line that is dated more than two minutes ahead of its own clock', () => {
    three.log.wait(10_000).add('log.heartbeat', {})
    expect(given((page) => page)).toMatch(/^nothing 5$/)
    expect(alarm()).toMatch(/ms ahead of here$/)
  })

  it('takes an honest extension and cosigns its own head', () => {
    heartbeats(three.log, 2)
    three.give('node-a', { frame: 'lines', lines: three.page('node-a') })
    const [cosigned] = three.heard('node-a', 'cosigned')
    expect([cosigned?.origin, cosigned?.size]).toEqual([house.origin, 7])
    expect(toHex(cosigned!.root)).toBe(toHex(rootOf(three.log.head.frontier)))
    const given = cosignatures(parseNote(cosigned!.note), house.witnesses)
    expect(given.map(({ witness, at }) => [witness.name, at])).toEqual([
      ['node-a.acme.example/witness', Math.floor(three.clock.wall / 1000) * 1000],
    ])
  })

  it('answers an older checkpoint with the cosignature of its latest head', () => {
    heartbeats(three.log, 1)
    three.lines('node-a')
    three.heard('node-a', 'cosigned')
    const old = { ...three.page('node-a', 0), lines: three.log.lines.slice(0, 3) }
    three.give('node-a', {
      frame: 'lines',
      lines: { ...old, checkpoint: checkpointAt(three.log, 3) },
    })
    expect(three.heard('node-a', 'cosigned')[0]?.size).toBe(6)
  })

  it('says how far it is when a page begins beyond its copy', () => {
    heartbeats(three.log, 2)
    const beyond = (page: Page) => ({ ...page, from: page.from + 1, lines: page.lines.slice(1) })
    expect(given(beyond)).toBe('behind 5')
    expect(given((page) => page)).toBe('cosigned 7')
  })

  it('skips the lines that it has and compares them', () => {
    heartbeats(three.log, 2)
    const whole = () => three.page('node-a', 0)
    expect(
      given(() => ({ ...whole(), lines: [three.log.lines[1]!, ...whole().lines.slice(1)] })),
    ).toBe('nothing 5')
    expect(alarm()).toContain('line 0 differs')
    expect(given(whole)).toBe('cosigned 7')
  })

  it('appends nothing of a page that is not right in every part', () => {
    heartbeats(three.log, 2)
    const wrong: readonly [(page: Page) => Page, string][] = [
      [(page) => ({ ...page, origin: 'log.other.example' }), 'expected origin'],
      [(page) => ({ ...page, lines: page.lines.slice(0, 1) }), 'checkpoint 7 over 5+1'],
      [(page) => ({ ...page, lines: [...page.lines].reverse() }), 'got seq'],
      [(page) => ({ ...page, lines: page.lines.map(() => toUtf8('{}')) }), 'LOG_MALFORMED'],
      [(page) => ({ ...page, checkpoint: toUtf8('nonsense') }), 'MALFORMED'],
      [unsigned, 'not signed'],
      [otherRoot, 'another root than its lines'],
      [(page) => ({ ...page, documents: [{ kind: '', content: toUtf8('{') }] }), 'json'],
      [(page) => ({ ...page, documents: [{ kind: '', content: Uint8Array.of(255) }] }), 'utf-8'],
      [(page) => ({ ...page, lines: Array(2_001).fill(page.lines[0]) }), '2001 lines'],
    ]
    for (const [change, because] of wrong) {
      expect(given(change)).toBe('nothing 5')
      expect(alarm()).toContain(because)
    }
    expect(given((page) => page)).toBe('cosigned 7')
  })

  it('appends nothing when a document of its lines did not come', () => {
    const fresh = new ThreeNodes()
    fresh.start('node-a')
    const page = fresh.page('node-a')
    const book = page.documents.filter(({ content }) => fromUtf8(content) !== house.bookText)
    fresh.give('node-a', { frame: 'lines', lines: { ...page, documents: book } })
    fresh.give('node-a', { frame: 'lines', lines: { ...page, documents: [] } })
    expect(fresh.at('node-a').node.status().size).toBe(0)
    fresh.give('node-a', { frame: 'lines', lines: page })
    expect(fresh.at('node-a').node.status().size).toBe(5)
    fresh.close()
  })

  it('appends a freeze by whichever enclosure verifies, and nothing while none does', () => {
    const text = freezeText({
      org: parseHandle(house.org),
      env: 'dev',
      scope: parseHandle('all'),
      person: parsePersonId('ana'),
      credential: parseHandle('ana-1'),
      issued: three.log.t,
      nonce: new Uint8Array(16),
    })
    const by = (name: string) =>
      signedEnclosure(sign(tags.freeze, toUtf8(text), parseHandle('ana-1'), house.keyOf(name).sign))
    const [good, forged] = [by('ana'), by('bo')]
    three.log.add('freeze.set', { freeze: enclosureDigest(good), scope: 'all' }, [good])
    const bringing = (...came: string[]) =>
      given((page) => ({
        ...page,
        documents: came.map((content) => ({ kind: '', content: toUtf8(content) })),
      }))
    expect(bringing(forged)).toBe('nothing 5')
    expect(alarm()).toContain('did not come')
    expect(bringing(good, forged)).toBe('cosigned 6')
    expect(three.at('node-a').ports.events.some(({ name }) => name === 'void-line')).toBe(false)
  })

  it('appends and cosigns a void line, which then counts nowhere', () => {
    three.log.force('freeze.cleared', { change: house.rootDigest, scope: 'all' })
    expect(given((page) => page)).toBe('cosigned 6')
    expect(alarm()).toContain('not supported')
  })

  it('stops at a log with two faces, keeps both, and says so after a restart', () => {
    heartbeats(three.log, 2)
    three.lines('node-a')
    const other = bootedLog().wait(9).add('log.heartbeat', {})
    const fork = { ...three.page('node-a', 5), lines: other.lines.slice(5, 6) }
    three.at('node-a').said.length = 0
    const checkpoint = checkpointAt(other, 6)
    three.give('node-a', { frame: 'lines', lines: { ...fork, checkpoint } })
    const [said] = three.heard('node-a', 'fork')
    expect(fromUtf8(said!.offered)).toBe(fromUtf8(checkpoint))
    expect(three.state('node-a')).toBe('forked')
    expect(given((page) => page)).toBe('fork 7')
    three.stop('node-a')
    three.start('node-a')
    expect(three.state('node-a')).toBe('forked')
  })

  it('sees the fork also in a head that another witness cosigned', () => {
    const other = bootedLog().wait(9).add('log.heartbeat', {})
    heartbeats(three.log, 1)
    three.lines('node-a')
    three.heads(toUtf8(other.note([1])))
    expect(three.state('node-a')).toBe('forked')
  })

  it('sees it also when the head came before the lines', () => {
    const other = bootedLog().wait(9).add('log.heartbeat', {})
    heartbeats(three.log, 1)
    three.heads(toUtf8(other.note([1])))
    expect(three.state('node-a')).toBe('ready')
    three.lines('node-a')
    expect(three.state('node-a')).toBe('forked')
  })

  it.each(['the head first', 'the lines first'])(
    'is forked at once where the fork finds no room, and keeps it when there is: %s',
    (order) => {
      const other = toUtf8(bootedLog().wait(9).add('log.heartbeat', {}).note([1]))
      heartbeats(three.log, 1)
      const { store } = three.at('node-a')
      const run = store.run.bind(store)
      store.run = (sql, ...values) =>
        sql.includes('into fork') ? refuse('DISK_FULL', '') : run(sql, ...values)
      if (order === 'the head first') three.heads(other)
      attempt(() => three.lines('node-a'))
      if (order === 'the lines first') attempt(() => three.heads(other))
      expect(three.state('node-a')).toBe('forked')
      expect(store.all('select * from fork')).toEqual([])
      three.at('node-a').said.length = 0
      three.tick(2_000)
      expect(given((page) => page)).toMatch(/^fork /)
      store.run = run
      three.tick(2_000)
      expect(store.all('select * from fork')).toHaveLength(1)
      three.stop('node-a')
      three.start('node-a')
      expect(three.state('node-a')).toBe('forked')
    },
  )

  it('takes no cosignature alone for a fork, however many there are', () => {
    heartbeats(three.log, 1)
    three.lines('node-a')
    const other = parseNoteText(bootedLog().wait(9).add('log.heartbeat', {}).note([1, 2]))
    const lines = other.signatures.slice(1).map(({ name, keyId, signature }) => {
      const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature])
      return `\u2014 ${name} ${bytes.toString('base64')}`
    })
    three.heads(toUtf8(formatNote(other.body, lines)))
    expect(three.state('node-a')).toBe('ready')
  })
})

describe('a frame of heads', () => {
  it('is looked at as far as there can be witnesses, and no further', () => {
    const fork = toUtf8(bootedLog().wait(9).add('log.heartbeat', {}).note([1]))
    heartbeats(three.log, 1)
    three.lines('node-a')
    const junk = (count: number) => Array.from({ length: count }, () => toUtf8('junk'))
    three.heads(...junk(limits.witnessesMax), fork)
    expect(three.state('node-a')).toBe('ready')
    three.heads(...junk(limits.witnessesMax - 1), fork)
    expect(three.state('node-a')).toBe('forked')
  })
})

describe('a coordinator that lost lines', () => {
  it('hears that a witness is ahead, and gets the lines back', () => {
    heartbeats(three.log, 3)
    three.lines('node-a')
    const welcome = {
      coordinator: 'c1',
      origin: house.origin,
      size: 5,
      peers: [],
      versions: ['custody/v1'],
    }
    three.give('node-a', { frame: 'welcome', welcome })
    expect(three.heard('node-a', 'ahead')[0]?.size).toBe(8)
    three.give('node-a', { frame: 'requestLines', requestLines: { origin: house.origin, from: 5 } })
    const [supplied] = three.heard('node-a', 'supplyLines')
    expect(supplied?.lines.lines.map(toHex)).toEqual(three.log.lines.slice(5).map(toHex))
    expect(parseNote(supplied!.lines.checkpoint).checkpoint.size).toBe(8)
    three.give('node-a', { frame: 'requestLines', requestLines: { origin: house.origin, from: 8 } })
    expect(three.heard('node-a', 'supplyLines')).toEqual([])
  })
})

function unsigned(page: Page): Page {
  const body = fromUtf8(page.checkpoint)!.split('\n\n')[0]!
  const line = signCheckpoint(`${body}\n`, house.log, house.keyOf('somebody').sign)
  return { ...page, checkpoint: toUtf8(formatNote(`${body}\n`, [line.replace(house.origin, 'x')])) }
}

function otherRoot(page: Page): Page {
  const body = checkpointBody({ origin: house.origin, size: 7, root: new Uint8Array(32) })
  const line = signCheckpoint(body, house.log, house.keyOf('log').sign)
  return { ...page, checkpoint: toUtf8(formatNote(body, [line])) }
}

describe('a coordinator of another release', () => {
  const welcome = (versions: readonly string[]) => {
    const about = { coordinator: 'c1', origin: house.origin, size: 5, peers: [] }
    three.give('node-a', { frame: 'welcome', welcome: { ...about, versions } })
  }

  it('is not heard, however it goes on, until it says a version that this node speaks', () => {
    heartbeats(three.log, 1)
    const { node, ports } = three.at('node-a')
    const before = node.status().size
    for (const versions of [['custody/v0'], ['custody/v9'], []]) {
      welcome(versions)
      three.lines('node-a')
      expect(node.status().size).toBe(before)
    }
    const told = ports.events.filter(({ name }) => name === 'other-version')
    expect(told).toHaveLength(3)
    expect(told[1]).toEqual({
      level: 'alarm',
      name: 'other-version',
      because: 'c1: expected custody/v1, got custody/v9',
    })
    welcome(['custody/v9', 'custody/v1'])
    three.lines('node-a')
    expect(node.status().size).toBe(before + 1)
  })
})
