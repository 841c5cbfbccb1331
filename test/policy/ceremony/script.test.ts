import { describe, expect, it } from 'vitest'
import { ceremonyKinds } from '../../../policy/ceremony/plan.ts'
import {
  leastOf,
  otherwiseOf,
  stepsFor,
  stepsOf,
  turnsOf,
} from '../../../policy/ceremony/script.ts'
import { type Act, actMeaning, acts, type Step } from '../../../policy/ceremony/steps.ts'
import { parseNodeId, parseVaultId } from '../../../proto/ids.ts'
import { plannedStation, someDigest, testPlan } from '../../kit/planned.ts'

const everything = new Map(ceremonyKinds.flatMap(stepsOf).map((step) => [step.id, step]))
const named = (kind: 'sign' | 'drill' | 'genesis' | 'reshare', id: string): Step => {
  const step = stepsOf(kind).find((one) => one.id === id)
  if (step === undefined) throw new Error(`no step ${id}`)
  return step
}
const ids = (plan: Parameters<typeof turnsOf>[0]) => turnsOf(plan).map(({ step }) => step.id)

describe('the steps of all scripts', () => {
  it('have ids of their own, and those of one script stand in order', () => {
    for (const kind of ceremonyKinds) {
      const inScript = stepsOf(kind).map(({ id }) => id)
      expect(new Set(inScript).size).toBe(inScript.length)
      for (const id of inScript) expect(id).toMatch(/^[A-Z]-[1-9][0-9]?$/)
      const own = inScript.filter((id) => !/^[OC]-/.test(id))
      const numbers = own.map((id) => Number(id.slice(2)))
      expect(numbers).toEqual(own.map((_, at) => at + 1))
      const sheets = otherwiseOf(kind).map(({ id }) => id)
      expect(new Set(sheets).size).toBe(sheets.length)
    }
    const bodies = ceremonyKinds.flatMap(stepsOf)
    for (const step of bodies) expect(everything.get(step.id)).toBe(step)
  })

  it('tell machines only what the closed list says, all of it, and who does it', () => {
    const used = new Set([...everything.values()].flatMap((step) => step.acts))
    const unused = acts.filter((act) => !used.has(act))
    expect(unused).toEqual([])
    expect(Object.keys(actMeaning).sort()).toEqual([...acts].sort())
    for (const step of everything.values()) {
      expect([step.id, step.at !== undefined]).toEqual([step.id, step.acts.length > 0])
    }
  })

  it('leave a line where words are read, and none after the last line or out of the room', () => {
    const speaks: readonly string[] = ['words.read', 'station.ready', 'signature.made']
    for (const kind of ceremonyKinds) {
      const steps = stepsOf(kind)
      const last = steps.findIndex(({ id }) => id === 'C-4')
      for (const step of steps.slice(0, last)) {
        expect([step.id, step.records.length > 0]).toEqual([step.id, true])
        if (step.words === undefined) continue
        const writes = step.records.some((type) => speaks.includes(type))
        expect([step.id, writes]).toEqual([step.id, true])
      }
      expect(steps[last]?.records).toEqual(['record.closed'])
      for (const step of steps.slice(last + 1))
        expect([step.id, step.records]).toEqual([step.id, []])
      expect(steps[0]?.records).toEqual(['record.genesis'])
    }
  })

  it('commit with 16 words and hand over with 8', () => {
    const commits = new Set(['build', 'bundle', 'main-log', 'plan', 'roster', 'key'])
    for (const { id, words } of everything.values()) {
      if (words === undefined) continue
      expect([id, words.count]).toEqual([id, commits.has(words.what) ? 16 : 8])
    }
  })

  it('are short enough to be read aloud, in plain characters', () => {
    const texts = [...everything.values()].flatMap((step) => [step.say, step.do, step.witness])
    const sheets = ceremonyKinds.flatMap(otherwiseOf).flatMap((one) => [one.when, one.do])
    for (const text of [...texts, ...sheets]) {
      expect(text).toMatch(/^[ -~]*$/)
      expect(text.length).toBeLessThan(330)
    }
  })

  it('say in no script that a check may be left out', () => {
    const optional = [...everything.values()].filter((step) => step.isOptional).map(({ id }) => id)
    expect(optional).toEqual(['G-3', 'R-4', 'D-13'])
  })
})

describe('the turns of a plan', () => {
  it('open and close every ceremony, and an enrolment without log and Bundle', () => {
    for (const kind of ceremonyKinds) {
      const played = ids(testPlan(kind))
      expect(played[0]).toBe('O-1')
      expect(played.filter((id) => id === 'C-4').length).toBe(1)
      expect(played.includes('O-7')).toBe(kind !== 'enrolment')
    }
  })

  it('take one request through all its steps before the next', () => {
    const [one] = testPlan('sign').requests
    if (one === undefined) throw new Error('expected a request')
    const two = { ...one, request: someDigest('two'), callBack: true }
    const called = [1, 2, 3, 4].map((x) => parseNodeId(`node-${x}`))
    const plan = testPlan('sign', { called, requests: [one, two] })
    const turns = turnsOf(plan).filter(({ request }) => request !== undefined)
    const shape = (turn: (typeof turns)[number]) => `${turn.step.id} ${turn.node ?? ''}`.trim()
    const stations = ['node-1', 'node-2', 'node-3', 'node-4']
    const first = [
      ...stations.map((node) => `S-3 ${node}`),
      'S-4',
      ...stations.map((node) => `S-6 ${node}`),
      'S-7',
      ...['S-8', 'S-8', 'S-8', 'S-9', 'S-9', 'S-9', 'S-10', 'S-11', 'S-11', 'S-11'],
    ]
    expect(turns.filter(({ request }) => request === one).map(shape)).toEqual(first)
    const withCall = [...first.slice(0, 5), 'S-5', ...first.slice(5)]
    expect(turns.slice(first.length).map(shape)).toEqual(withCall)
    expect(turns.slice(first.length).every(({ request }) => request === two)).toBe(true)
  })

  it('take vaults one by one through the making of a key, and stations step by step', () => {
    const [one] = testPlan('genesis').requests
    if (one === undefined) throw new Error('expected a request')
    const bnb = parseVaultId('cold-bnb')
    const two = { ...one, request: someDigest('two'), vault: bnb }
    const plan = testPlan('genesis', { requests: [one, two], vaults: [one.vault, bnb] })
    const turns = turnsOf(plan)
    const made = turns.filter(({ step }) => ['G-4', 'G-7'].includes(step.id))
    expect(made.map(({ step, vault, node }) => [step.id, vault, node])).toEqual(
      ['cold-eth', 'cold-bnb'].flatMap((vault) =>
        ['G-4', 'G-7'].flatMap((id) => plan.called.map((node) => [id, vault, node])),
      ),
    )
    const spare = turns.filter(({ step }) => step.id === 'G-8')
    expect(spare.map(({ vault, node }) => [node, vault])).toEqual(
      plan.called.flatMap((node) => ['cold-eth', 'cold-bnb'].map((vault) => [node, vault])),
    )
  })

  it('enrol the daily token, then the spare, of each station', () => {
    const turns = turnsOf(testPlan('enrolment')).filter(({ step }) => step.id === 'E-2')
    expect(turns.slice(0, 4).map(({ node, token }) => [node, token])).toEqual([
      ['node-1', 'daily'],
      ['node-1', 'spare'],
      ['node-2', 'daily'],
      ['node-2', 'spare'],
    ])
    expect(turns[0]?.custodian).toBe('ana')
  })

  it('let dealers deal, holders seal and newcomers show themselves', () => {
    const stations = [
      ...[1, 2, 3].map((x) => plannedStation(x)),
      plannedStation(4, { part: 'leaves' }),
      plannedStation(5, { part: 'leaves' }),
      plannedStation(6, { x: 4, part: 'joins' }),
      plannedStation(7, { x: 5, part: 'joins' }),
    ]
    const called = [1, 2, 3, 4, 6, 7].map((x) => parseNodeId(`node-${x}`))
    const plan = testPlan('reshare', { stations, called })
    const who = (id: string) =>
      turnsOf(plan)
        .filter(({ step }) => step.id === id)
        .map(({ node }) => node?.slice(-1))
        .join('')
    expect([who('R-2'), who('R-5'), who('R-8')]).toEqual(['67', '12345'.replace('5', ''), '12367'])
    expect(leastOf(named('reshare', 'R-5'), plan)).toBe(3)
    expect(leastOf(named('reshare', 'R-8'), plan)).toBe(5)
    expect(leastOf(named('reshare', 'R-2'), plan)).toBe(2)
  })

  it('leave out what the plan has not: cards, scenario, call-back, main log', () => {
    const played = (plan: Parameters<typeof stepsFor>[0]) => stepsFor(plan).map(({ id }) => id)
    const cards = testPlan('sign')
    expect(played(cards)).toContain('C-1')
    const stations = cards.called.map((node, at) => ({ node, address: `127.0.0.${at + 1}` }))
    const transport = someDigest('tls')
    const table = { way: 'network', port: 7443, hub: '127.0.0.9', transport, stations } as const
    expect(played({ ...cards, table })).not.toContain('C-1')
    expect(played(testPlan('enrolment'))).not.toContain('C-1')
    expect(played(cards)).not.toContain('S-5')
    const requests = cards.requests.map((one) => ({ ...one, callBack: true }))
    expect(played({ ...cards, requests })).toContain('S-5')
    expect(played(testPlan('drill'))).toContain('D-1')
    expect(played(testPlan('drill', { scenarios: [] }))).not.toContain('D-1')
    expect(played(cards)).not.toContain('O-9')
    expect(played(testPlan('sign', { mainRoot: someDigest('main root') }))).toContain('O-9')
  })

  it('are the same for the same plan', () => {
    const again = () => JSON.stringify(turnsOf(testPlan('genesis')))
    expect(again()).toBe(again())
  })
})

describe('how many turns of a step there must be', () => {
  const called = [1, 2, 3, 4].map((x) => parseNodeId(`node-${x}`))

  it('is all where a key is made or dealt, and t where it is used', () => {
    expect(leastOf(named('genesis', 'G-6'), testPlan('genesis'))).toBe(5)
    expect(leastOf(named('genesis', 'O-5'), testPlan('genesis'))).toBe(5)
    const plan = testPlan('sign', { called })
    expect(leastOf(named('sign', 'O-5'), plan)).toBe(3)
    expect(leastOf(named('sign', 'S-6'), plan)).toBe(3)
    expect(leastOf(named('sign', 'S-9'), plan)).toBe(3)
    expect(leastOf(named('sign', 'S-4'), plan)).toBe(1)
  })

  it('is none for what may be left out, and spares who stayed away with the station', () => {
    expect(leastOf(named('genesis', 'G-3'), testPlan('genesis'))).toBe(0)
    const plan = testPlan('sign', { called })
    const present = turnsOf(plan).filter(({ step }) => step.id === 'O-2').length
    expect(leastOf(named('sign', 'O-2'), plan)).toBe(present - 1)
  })

  it('never asks for more than there are turns', () => {
    for (const kind of ceremonyKinds) {
      const plan = testPlan(kind)
      const turns = turnsOf(plan)
      for (const step of stepsFor(plan)) {
        const of = turns.filter((turn) => turn.step === step)
        const groups = new Set(of.map(({ vault, request }) => `${vault} ${request?.request}`))
        const most = of.length / Math.max(1, groups.size)
        expect([step.id, leastOf(step, plan) <= most]).toEqual([step.id, true])
      }
    }
  })
})

describe('the acts of the scripts', () => {
  it('sign only after showing and confirming, and test a spare before a key is used', () => {
    const order = (kind: 'sign' | 'drill' | 'genesis', ...wanted: readonly Act[]) => {
      const played = stepsOf(kind).flatMap((step) => step.acts)
      const places = wanted.map((act) => played.indexOf(act))
      expect(places).toEqual([...places].sort((a, b) => a - b))
      expect(places).not.toContain(-1)
    }
    order('sign', 'doctor', 'open-bundle', 'check-log', 'show-request', 'confirm-request', 'sign')
    order('sign', 'sign', 'check-signature', 'wipe', 'close-record', 'statement', 'write-bundle')
    order('drill', 'test-spare', 'show-request', 'confirm-request', 'prove', 'check-signature')
    order('genesis', 'keygen', 'seal', 'finish', 'test-spare', 'show-addresses', 'close-record')
  })
})
