import { describe, expect, it } from 'vitest'
import { rootWords } from '../../cli/root-words.ts'
import { loadRulebook } from '../../policy/analyse.ts'
import { cosignersOf, membersOf, parseRoot, witnessesOf } from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { isColdPolicy, parseRulebook } from '../../policy/rulebook.ts'
import { requireSuccessor } from '../../policy/succession.ts'
import { faultsOf } from '../../policy/tolerance.ts'
import { parseTrust, trustText } from '../../policy/trust.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import * as house from '../kit/audit-documents.ts'
import * as hot from '../kit/change-log.ts'
import { lights, policy, policyText, root, rootJson, rulebook } from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'

const parses = (patch: JsonObject): string =>
  refusedWith(() => parseRoot(text({ ...rootJson, ...patch })))

describe('a cold root', () => {
  it('says so with one word, and a root without it is as it ever was', () => {
    expect(root.cold).toBe(true)
    expect(parseRoot(house.rootText).cold).toBe(false)
    expect(house.rootText).not.toContain('cold')
    expect(parses({})).toBe('accepted')
    expect(parses({ cold: false })).toBe('MALFORMED')
    expect(parses({ cold: 'yes' })).toBe('MALFORMED')
  })

  it('names its stations and is witnessed by the light ones alone', () => {
    expect(membersOf(root).map(({ node }) => node)).toEqual([...house.nodeNames, ...lights])
    expect(cosignersOf(root).map(({ node }) => node)).toEqual([...lights])
    expect(witnessesOf(root).map(({ name }) => name)).toEqual(
      lights.map((name) => `${name}.acme.example/witness`),
    )
    const { nodes: _, ...rest } = rootJson
    const warm = parseRoot(text({ ...house.root, nodes: rootJson['nodes']! }))
    expect(cosignersOf(warm)).toEqual(membersOf(warm))
    expect(refusedWith(() => parseRoot(text(rest)))).toBe('MALFORMED')
  })

  it('counts its light witnesses as w, fewer than it has stations if that is lawful', () => {
    expect(parses({ witness: { w: 6, f: 0, q: 4 } })).toBe('MALFORMED')
    const witnesses = (rootJson['witnesses'] as JsonObject[]).slice(0, 1)
    expect(parses({ witnesses, witness: { w: 1, f: 0, q: 1 } })).toBe('accepted')
    expect(parses({ witnesses: [], witness: { w: 0, f: 0, q: 0 } })).toBe('MALFORMED')
    expect(parses({ witnesses, witness: { w: 1, f: 1, q: 1 } })).toBe('MALFORMED')
    const [key, witness] = [
      { n: 3, t: 2, f: 1 },
      { w: 2, f: 0, q: 2 },
    ]
    expect(faultsOf(key, witness, true)).toEqual([])
    expect(faultsOf(key, witness, false)).toEqual([
      'expected every node to be a witness, got w 2, n 3',
    ])
  })

  it('is pinned by a trust file of its light witnesses', () => {
    const { digest, log, witness } = root
    const trust = { root: digest, log, witnesses: witnessesOf(root), q: witness.q }
    expect(parseTrust(trustText(trust))).toEqual(trust)
    expect(trustText(trust)).not.toContain('node-a')
  })

  it('is read out as what it is', () => {
    expect(rootWords(root).join('\n')).toContain('  COLD     ')
    expect(rootWords(parseRoot(house.rootText)).join('\n')).not.toContain('COLD')
  })

  it('is followed by a cold root, and a root that is not by one that is not', () => {
    const { cold: _, ...json } = rootJson
    const warm: JsonObject = { ...json, witness: { w: 6, f: 0, q: 4 } }
    const follows = (first: JsonObject, patch: Partial<typeof root>): string => {
      const before = parseRoot(text(first))
      const next = parseRoot(text({ ...first, version: 2, previous: before.digest }))
      return refusedWith(() => requireSuccessor([before], { ...next, ...patch }))
    }
    expect(follows(rootJson, {})).toBe('accepted')
    expect(follows(warm, {})).toBe('accepted')
    expect(follows(rootJson, { cold: false })).toBe('LOG_FORK')
    expect(follows(warm, { cold: true })).toBe('LOG_FORK')
  })
})

describe('the policy of a cold log', () => {
  const loads = (patch: JsonObject, by = root): string =>
    refusedWith(() => loadRulebook(text({ ...policy, ...patch }), { root: by }))
  const log = policy['log'] as JsonObject

  it('names its own log as the cold one, and cold vaults alone', () => {
    expect(isColdPolicy(rulebook)).toBe(true)
    expect(isColdPolicy(parseRulebook(house.policyText))).toBe(false)
    const roster = parseRoster(house.directoryText)
    expect(loadRulebook(policyText, { root, roster }).digest).toBe(rulebook.digest)
    const vaults = policy['vaults'] as JsonObject
    const warm = { ...(vaults['cold-two'] as JsonObject), tier: 'warm' }
    expect(loads({ vaults: { ...vaults, 'cold-two': warm } })).toBe('INVALID_POLICY')
  })

  it('goes with a cold root, as any other goes with a root that is not', () => {
    expect(loads({})).toBe('accepted')
    expect(loads({ log: { ...log, coldOrigin: `${house.origin}-cold` } })).toBe('INVALID_POLICY')
    expect(loads({}, { ...root, cold: false })).toBe('INVALID_POLICY')
    const warm = (by: typeof root) => refusedWith(() => loadRulebook(hot.policyText, { root: by }))
    expect(warm(hot.root)).toBe('accepted')
    expect(warm({ ...hot.root, cold: true })).toBe('INVALID_POLICY')
  })

  it('may have fewer witnesses than stations, as no other may', () => {
    const few = { ...log, witness: { n: 1, f: 0, quorum: 1 } }
    expect(refusedWith(() => loadRulebook(text({ ...policy, log: few })))).toBe('accepted')
    const elsewhere = { ...few, coldOrigin: `${house.origin}-cold` }
    expect(refusedWith(() => loadRulebook(text({ ...policy, log: elsewhere })))).toBe(
      'INVALID_POLICY',
    )
  })
})
