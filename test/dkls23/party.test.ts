import { describe, expect, it } from 'vitest'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import {
  InvalidParticipants,
  isSameList,
  joinParticipants,
  PARTICIPANTS_MAX,
  parseParticipants,
  parseParty,
  requireAscending,
  requireThreshold,
} from '../../signer-node/dkls23/party.ts'

const entry = (x: number, name = `node-${x}`) => ({ x, nodeId: ascii(name) })

describe('a party index', () => {
  it('is an integer from 1 to 65535', () => {
    expect([parseParty(1), parseParty(65_535)]).toEqual([1, 65_535])
  })

  // The group order plus one is the index 1 again: as a u16 it cannot be written at all (A16).
  it.each([0, -1, 65_536, 1.5, Number.NaN, Number(2n ** 256n)])('is never %s', (x) => {
    expect(() => parseParty(x)).toThrow(InvalidParticipants)
  })
})

describe('participants', () => {
  it('are put in ascending order', () => {
    expect(parseParticipants([entry(3), entry(1), entry(2)]).map(({ x }) => x)).toEqual([1, 2, 3])
  })

  it.each([
    ['nobody', []],
    ['one index twice', [entry(1, 'a'), entry(1, 'b')]],
    ['one node id twice', [entry(1, 'a'), entry(2, 'a')]],
    ['an empty node id', [entry(1, '')]],
    ['a node id of 65 bytes', [entry(1, 'n'.repeat(65))]],
    ['an index of zero', [entry(0)]],
    ['too many', Array.from({ length: PARTICIPANTS_MAX + 1 }, (_, i) => entry(i + 1))],
  ])('are refused with %s', (_name, entries) => {
    expect(() => parseParticipants(entries)).toThrow(InvalidParticipants)
  })

  it('may be as many as the limit says', () => {
    const entries = Array.from({ length: PARTICIPANTS_MAX }, (_, i) => entry(i + 1))
    expect(parseParticipants(entries)).toHaveLength(PARTICIPANTS_MAX)
  })
})

describe('participants that are told in an order', () => {
  const ascending = parseParticipants([entry(1), entry(2), entry(4)])

  it('stand in the ascending one', () => {
    expect(() => requireAscending([entry(1), entry(2), entry(4)], ascending)).not.toThrow()
  })

  it.each([
    ['turned', [4, 2, 1]],
    ['with two exchanged', [1, 4, 2]],
    ['with one in place of another', [1, 2, 3]],
    ['with one too many', [1, 2, 4, 5]],
  ])('are refused %s', (_, xs) => {
    const told = xs.map((x) => entry(x))
    expect(() => requireAscending(told, ascending)).toThrow(InvalidParticipants)
  })
})

describe('a node id', () => {
  it('has 1 to 64 bytes, and is a copy of what was given', () => {
    const given = ascii('n'.repeat(64))
    const [short, long] = parseParticipants([entry(1, 'a'), { x: 2, nodeId: given }])
    given.fill(0)
    expect(short!.nodeId).toEqual(ascii('a'))
    expect(long!.nodeId).toEqual(ascii('n'.repeat(64)))
  })

  it('may be the only one', () => {
    expect(parseParticipants([entry(7)])).toHaveLength(1)
  })
})

describe('two sets of participants', () => {
  const [some, others] = [
    [entry(1), entry(3)],
    [entry(2), entry(3)],
  ].map((entries) => parseParticipants(entries))

  it('are one in ascending order, in which nobody is twice', () => {
    const all = joinParticipants(some!, others!)
    expect(isSameList(all, parseParticipants([entry(1), entry(2), entry(3)]))).toBe(true)
  })

  it('may be more together than one alone', () => {
    const range = (from: number) => Array.from({ length: 16 }, (_, i) => entry(from + i))
    const all = joinParticipants(parseParticipants(range(1)), parseParticipants(range(17)))
    expect(all).toHaveLength(32)
  })

  it.each([
    ['an index at two nodes', entry(3, 'node-9')],
    ['a node at two indices', entry(4, 'node-3')],
  ])('are refused as one with %s', (_, other) => {
    expect(() => joinParticipants(some!, parseParticipants([other]))).toThrow(InvalidParticipants)
  })

  it('are the same only with the same nodes at the same indices', () => {
    expect(isSameList(some!, parseParticipants([entry(1), entry(3)]))).toBe(true)
    expect(isSameList(some!, others!)).toBe(false)
    expect(isSameList(some!, some!.slice(1))).toBe(false)
    expect(isSameList(some!, some!.slice(0, 1))).toBe(false)
    expect(isSameList(some!.slice(0, 1), some!)).toBe(false)
    expect(isSameList(some!, parseParticipants([entry(1), entry(3, 'node-9')]))).toBe(false)
  })
})

describe('a threshold', () => {
  it.each([
    [2, 2],
    [2, 3],
    [3, 5],
    [5, 5],
  ])('of %i is lawful for %i nodes', (threshold, nodes) => {
    expect(() => requireThreshold(threshold, nodes)).not.toThrow()
  })

  it.each([
    [1, 1],
    [0, 3],
    [2, 4],
    [4, 3],
    [2.5, 3],
  ])('of %d is refused for %i nodes', (threshold, nodes) => {
    expect(() => requireThreshold(threshold, nodes)).toThrow(InvalidParticipants)
  })
})
