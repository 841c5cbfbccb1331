// Two logs of one organisation: money goes from hot to cold by the one's rules, and comes back to
// the warm vault by the other's. Each knows the other's vaults by a book and by nothing else.
import { describe, expect, it } from 'vitest'
import { besideCold, onlyCold } from '../../cli/dev-cold.ts'
import { devBook, devPolicy } from '../../cli/dev-documents.ts'
import { devPeople } from '../../cli/dev-rules.ts'
import { loadRulebook } from '../../policy/analyse.ts'
import { parseBook } from '../../policy/book.ts'
import { type Destination, destinationDigest, destinationJson } from '../../policy/destination.ts'
import { evaluate } from '../../policy/evaluate.ts'
import type { Facts } from '../../policy/facts.ts'
import { recipientOf } from '../../policy/recipient.ts'
import { parseRoster } from '../../policy/roster.ts'
import type { Rulebook } from '../../policy/rulebook.ts'
import { parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import {
  digestFor,
  directoryText,
  expires,
  handleOf,
  key,
  notBefore,
  origin,
  token,
  witness,
} from './dev-fixture.ts'
import { factsOf, usdt, yes } from './facts-fixture.ts'

const numbers = { org: 'acme-dev', notBefore, expires, people: devPeople, token, key, witness }
const main = loadRulebook(devPolicy({ ...numbers, origin, places: besideCold }))
const cold = loadRulebook(
  devPolicy({ ...numbers, origin: `${origin}-cold`, coldOrigin: origin, places: onlyCold }),
)
const roster = parseRoster(directoryText)

const address = '0x7a16ff8270133f063aab6c9977183d9e72835428'
const entry = (book: string): Destination => ({
  ...{ org: handleOf('acme-dev'), env: 'dev', book: handleOf(book), network: 'eip155:31337' },
  ...{ address, label: `the ${book} vault`, status: 'active', activeFrom: notBefore, version: 1 },
})

interface Moving {
  readonly from: string
  readonly to: string
  readonly by: string
  readonly amount?: bigint
  readonly approvals?: Facts['approvals']
}

function judged(rulebook: Rulebook, { from, to, by, amount = usdt, approvals = [] }: Moving) {
  const record = { kind: 'record', class: handleOf(to), status: 'active' } as const
  const destination = { ...record, activeFrom: notBefore, activatedAt: notBefore }
  const history = {
    ...factsOf().history,
    limits: rulebook.limits.map(({ id }) => ({ id, used: 0n })),
  }
  const facts = factsOf(
    { destination, approvals, history },
    { vault: parseVaultId(from), initiator: parsePersonId(by), amount },
  )
  return evaluate(facts, rulebook, roster)
}

describe('a sweep from hot to cold', () => {
  it('is a kind of its own in the main log, with a yes of the treasury', () => {
    const sweep = { from: 'hot', to: 'cold', by: 'ana', amount: 2_000_000n * usdt }
    expect(judged(main, sweep)).toMatchObject({ result: 'NEED', rule: 'cold-sweep' })
    const approvals = [yes('eli', 'treasury')]
    expect(judged(main, { ...sweep, approvals })).toMatchObject({ result: 'ALLOW' })
  })

  it('is bounded, and nobody but operations may ask for it', () => {
    const much = { from: 'hot', to: 'cold', by: 'ana', amount: 5_000_001n * usdt }
    expect(judged(main, much).result).toBe('DENY')
    expect(judged(main, { from: 'hot', to: 'cold', by: 'jun' }).result).toBe('DENY')
  })
})

describe('a release from cold to warm', () => {
  it('is a kind of its own in the cold log, with two directors and risk', () => {
    const release = { from: 'cold', to: 'warm', by: 'eli', amount: 1_000_000n * usdt }
    expect(judged(cold, release)).toMatchObject({ result: 'NEED', rule: 'cold-release' })
    const directors = [yes('jun', 'director'), yes('kat', 'director')]
    expect(judged(cold, { ...release, approvals: directors }).result).toBe('NEED')
    const approvals = [...directors, yes('oli', 'risk')]
    expect(judged(cold, { ...release, approvals })).toMatchObject({ result: 'ALLOW' })
  })

  it('goes to the warm vault and nowhere else', () => {
    expect(judged(cold, { from: 'cold', to: 'customer', by: 'eli' }).result).not.toBe('ALLOW')
    expect([...cold.destinations.keys()]).toEqual(['cold', 'warm'])
    expect([...cold.vaults.values()].map(({ tier }) => tier)).toEqual(['cold'])
    expect([...main.vaults.values()].some(({ tier }) => tier === 'cold')).toBe(false)
  })
})

describe('the address of a vault of the other log', () => {
  const record = entry('cold')
  const written = devBook({ org: 'acme-dev', name: 'cold', records: [record] })
  const book = { book: parseBook(written), digest: parseBook(written).digest, seq: 7, t: notBefore }
  const { intent } = factsOf({}, { to: address, dest: destinationDigest(record) })
  const known = (books: readonly (typeof book)[]) => ({
    inForce: { ruleset: digestFor('ruleset'), rulebook: main, roster, books },
    vaults: [],
    shown: [],
    createdAt: notBefore,
    witnessedAt: () => notBefore,
  })
  const evidence = { kind: 'book', record: text(destinationJson(record)) } as const

  it('is known by the book in force, and its class is that of the book', () => {
    const { facts } = recipientOf(intent, evidence, known([book]))
    expect(facts).toMatchObject({ kind: 'record', class: 'cold', status: 'active' })
  })

  it('is nothing without that book', () => {
    expect(() => recipientOf(intent, evidence, known([]))).toThrow(
      'a record that the book cold in force does not hold',
    )
  })
})
