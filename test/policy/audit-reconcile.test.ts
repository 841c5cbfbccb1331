// Reconcile: a log and a chain that agree, and every difference between them once, each with the base
// units that it comes to.
import { describe, expect, it } from 'vitest'
import {
  type ChainAccount,
  type ChainFile,
  parseChainFile,
  type Sent,
  writeChainFile,
} from '../../policy/audit/chain-file.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import type { Blob } from '../../policy/audit/export.ts'
import { type Known, paidOn } from '../../policy/audit/paid.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { text } from '../../proto/jcs.ts'
import { signedJson } from '../../proto/signed.ts'
import { customer, otherCustomer } from '../kit/audit-documents.ts'
import { vaultRow } from '../kit/audit-log.ts'
import { goodStory } from '../kit/audit-story.ts'
import { asks, bootedLog, policyText, ripe } from '../kit/change-log.ts'
import { refusedWith } from '../kit/refused.ts'

const network = 'eip155:31337'
const story = goodStory()
const { lines, blobs } = story.export()
const entries = lines.map(parseEntry)
const said = paidOn(network, entries, blobs)
const [small, large] = said.paid
const hot = small!.from
const token = small!.contract!
const otherToken = `0x${'33'.repeat(20)}`
const one = 1_000_000n
const fee = 10n ** 15n

const sentBy = (paid: typeof small, nonce: bigint): Sent => ({
  txid: paid!.txids[0]!,
  height: 7,
  nonce,
  succeeded: true,
  to: token,
  value: 0n,
  fee,
})
const movedBy = (paid: typeof small) => ({
  ...{ txid: paid!.txids[0]!, height: 7, contract: token, from: hot, to: customer },
  amount: paid!.amount,
})
const account: ChainAccount = {
  address: hot,
  nonces: { before: 0n, after: 2n },
  balances: [
    { contract: '', before: 10n ** 18n, after: 10n ** 18n - 2n * fee },
    { contract: token, before: 1_000n * one, after: 550n * one },
  ],
  sent: [sentBy(small, 0n), sentBy(large, 1n)],
  moved: [movedBy(small), movedBy(large)],
}
const idle = (address: string): ChainAccount => ({
  ...{ address, nonces: { before: 0n, after: 0n }, sent: [], moved: [] },
  balances: [{ contract: '', before: 0n, after: 0n }],
})
const others = [idle(`0x${'22'.repeat(20)}`)]
const honest: ChainFile = {
  format: 'custody-chain/v1',
  ...{ network, from: 1, to: 20, witnesses: 2, block: new Uint8Array(32) },
  accounts: [account, ...others],
}

const withHot = (change: Partial<ChainAccount>): ChainFile => ({
  ...honest,
  accounts: [{ ...account, ...change }, ...others],
})
const found = (chain: ChainFile, of: Known = said) =>
  reconcile(chain, of).findings.map(({ word, code, because }) => `${word} ${code} ${because}`)
const firstIs = (change: Partial<Sent>) =>
  withHot({ sent: [{ ...account.sent[0]!, ...change }, account.sent[1]!] })
const firstMoved = (change: Partial<(typeof account.moved)[0]>) =>
  withHot({ moved: [{ ...account.moved[0]!, ...change }, account.moved[1]!] })

describe('what the log says was paid', () => {
  it('is each signed payment with its address, token, nonce and most', () => {
    expect(said.paid).toHaveLength(2)
    expect(small).toMatchObject({
      ...{ network, to: customer, amount: 50n * one, slot: '0', isDropped: false },
      settled: { height: 7n },
    })
    expect(small!.feeMax).toBeGreaterThanOrEqual(fee)
    expect([...said.own]).toEqual([hot])
    expect([...said.tokens]).toEqual([token])
    expect(paidOn('eip155:1', entries, []).paid).toEqual([])
  })
})

describe('the addresses of an imported key', () => {
  const nonces = [
    { path: 'm', next: 57 },
    { path: 'm/0/3', next: 4 },
  ]
  const asked = ripe(bootedLog(), { ...asks.import, terms: { ...asks.import.terms, nonces } })
  asked.add('key.imported', asked.keyLine({ epoch: 1 }))
  const request = {
    kind: 'intent',
    digest: asked.digest,
    content: toUtf8(text(signedJson(asked.signed))),
  }
  const rules = { kind: 'policy', digest: asked.digest, content: toUtf8(policyText) }
  const of = paidOn(network, asked.log.lines.map(parseEntry), [request, rules] as Blob[])
  const child = addressAt(network, vaultRow('hot-eth'), 'm/0/3')

  it('are those too that its request says paid before, and nobody misses what they do', () => {
    expect(of.own).toContain(child)
    const mine = [...of.own].map((address) => idle(address))
    expect(of.own.size).toBe(2)
    const without = { ...honest, accounts: mine.filter(({ address }) => address !== child) }
    expect(found(without, of).join()).toContain(`${child}: not in the chain file`)
    const thief = { ...sentBy(small, 4n), fee: 0n }
    const spent = mine.map((one) =>
      one.address === child ? { ...one, nonces: { before: 4n, after: 5n }, sent: [thief] } : one,
    )
    expect(found({ ...honest, accounts: spent }, of).join()).toContain(`NONCE ${child} signed`)
  })
})

describe('reconcile', () => {
  it('finds nothing where both say the same, and shows every balance', () => {
    const { findings, accounts, payments, outside, transactions, open } = reconcile(honest, said)
    expect(findings).toEqual([])
    expect([payments, outside, transactions, open]).toEqual([2, 0, 2, []])
    expect(accounts.slice(0, 2)).toEqual([
      {
        ...{ address: hot, contract: '', before: 10n ** 18n, in: 0n, out: 0n, fees: 2n * fee },
        ...{ after: 10n ** 18n - 2n * fee, missing: 0n },
      },
      {
        ...{ address: hot, contract: token, before: 1_000n * one, in: 0n, out: 450n * one },
        ...{ fees: 0n, after: 550n * one, missing: 0n },
      },
    ])
  })

  const extra: Sent = { ...account.sent[0]!, txid: `0x${'9'.repeat(64)}`, nonce: 2n, to: customer }

  it.each<[what: string, chain: ChainFile, expected: readonly RegExp[]]>([
    [
      'a spend with no line',
      withHot({ sent: [...account.sent, extra], nonces: { before: 0n, after: 3n } }),
      [/^INCOMPLETE NONCE .*with nonce 2, 0 to 0x7a16.*: no line has it$/],
    ],
    [
      'a spend with no line at the nonce of one that has',
      withHot({
        sent: [{ ...account.sent[0]!, txid: extra.txid }, account.sent[1]!],
        moved: [{ ...account.moved[0]!, txid: extra.txid }, account.moved[1]!],
      }),
      [
        /NONCE .*nonce 0, .*line \d+ has another one of it/,
        /SPEND_MISSING .*50000000 did not leave/,
      ],
    ],
    [
      'a line with no spend',
      withHot({
        sent: [sentBy(small, 0n)],
        moved: [movedBy(small)],
        nonces: { before: 0n, after: 1n },
        balances: [
          account.balances[0]!,
          { contract: token, before: 1_000n * one, after: 950n * one },
        ],
      }),
      [/^INCOMPLETE SPEND_MISSING .*line says block 7: 400000000 did not leave/],
    ],
    [
      'another amount',
      firstMoved({ amount: 51n * one }),
      [/BYTES_AMOUNT .*moved 51000000, the line has 50000000: a difference of 1000000/, /BALANCE/],
    ],
    ['another recipient', firstMoved({ to: otherCustomer }), [/BYTES_TO .*nothing of it went to/]],
    [
      'a part of a payment that went elsewhere in the same transaction',
      withHot({
        moved: [
          { ...movedBy(small), amount: 1n },
          { ...movedBy(small), amount: 50n * one - 1n, to: otherCustomer },
          movedBy(large),
        ],
      }),
      [/BYTES_TO .*only 1 of it went to 0x7a16/],
    ],
    [
      'another token that left in the same transaction',
      withHot({
        moved: [...account.moved, { ...movedBy(small), contract: otherToken, amount: 9n }],
        balances: [...account.balances, { contract: otherToken, before: 9n, after: 0n }],
      }),
      [/LINE_MISSING .*9 of 0x3333.* left with it to 0x7a16/],
    ],
    [
      'a token that nobody looked at',
      withHot({ balances: [account.balances[0]!] }),
      [/^UNCONFIRMED CHAIN_FILE .*expected a balance of 0x/],
    ],
    ['another token', firstIs({ to: otherCustomer }), [/BYTES_TO .*it called 0x1111/]],
    ['coin that went with a token', firstIs({ value: 5n }), [/BYTES_AMOUNT .*5 of the coin went/]],
    ['a higher fee than was approved', firstIs({ fee: small!.feeMax + 7n }), [/FEE .*7 too much/]],
    ['another block', firstIs({ height: 8 }), [/HEIGHT .*in block 8, the log says 7/]],
    [
      'a payment that failed',
      firstIs({ succeeded: false }),
      [/BYTES_AMOUNT .*failed and moved 0, the line has 50000000: a difference of -50000000/],
    ],
    [
      'tokens that left by somebody else',
      withHot({ moved: [...account.moved, { ...movedBy(small), txid: extra.txid, amount: 3n }] }),
      [
        /LINE_MISSING 3 of .* left .* which 0x.* did not sign/,
        /BALANCE .*: 3 of .* are there too much/,
      ],
    ],
    [
      'a balance that lacks some',
      withHot({
        balances: [
          account.balances[0]!,
          { contract: token, before: 1_000n * one, after: 549n * one },
        ],
      }),
      [/BALANCE .*: 1000000 of 0x.* are missing/],
    ],
    [
      'a transaction that was left out of the file',
      withHot({ sent: [account.sent[0]!], moved: [account.moved[0]!] }),
      [/UNCONFIRMED CHAIN_FILE .*expected 2 transactions/, /SPEND_MISSING/, /BALANCE/],
    ],
    [
      'an address that was left out of the file',
      { ...honest, accounts: others },
      [/^UNCONFIRMED CHAIN_FILE .*: not in the chain file$/],
    ],
  ])('finds %s', (_, chain, expected) => {
    const all = found(chain)
    // The fee of every case but two is what it was, so the coin comes out.
    const own = all.filter((one) => !/BALANCE.*of the coin/.test(one))
    expect(own).toHaveLength(expected.length)
    for (const [at, one] of own.entries()) expect(one).toMatch(expected[at]!)
  })

  it('finds a payment that landed although the log says it was dropped', () => {
    const dropped = { ...small!, settled: undefined, isDropped: true }
    expect(found(honest, { ...said, paid: [dropped, large!] })).toEqual([
      expect.stringMatching(/ONE_EFFECT .*dropped/),
    ])
  })

  it('finds coin that own payments brought and that is not there', () => {
    const coin = { ...small!, op: 'evm.transfer', contract: '', to: others[0]!.address } as const
    const sent = { ...sentBy(small, 0n), to: coin.to, value: coin.amount }
    const chain = withHot({ sent: [sent, sentBy(large, 1n)], moved: [movedBy(large)] })
    const of = { ...said, paid: [coin, large!] }
    const lacks = reconcile(chain, of).findings.filter(({ because }) => because.startsWith(coin.to))
    expect(lacks).toMatchObject([
      { code: 'BALANCE', because: expect.stringContaining('50000000 of the coin') },
    ])
    const came = {
      ...chain,
      accounts: [
        chain.accounts[0]!,
        { ...others[0]!, balances: [{ contract: '', before: 0n, after: coin.amount }] },
      ],
    }
    const left = reconcile(came, of).findings.filter(({ because }) => because.startsWith(coin.to))
    expect(left).toEqual([])
    for (const [change, code] of [
      [{ value: 1n }, 'BYTES_AMOUNT'],
      [{ to: otherCustomer }, 'BYTES_TO'],
    ] as const) {
      const other = withHot({
        sent: [{ ...sent, ...change }, sentBy(large, 1n)],
        moved: [movedBy(large)],
      })
      expect(reconcile(other, of).findings.map((one) => one.code)).toContain(code)
    }
  })

  it('counts what is in a block and not settled yet as open, not as a difference', () => {
    const { findings, open } = reconcile(honest, {
      ...said,
      paid: [{ ...small!, settled: undefined }, large!],
    })
    expect(findings).toEqual([])
    expect(open).toEqual([small!.txids[0]])
  })

  it('judges a contract call by its contract; what it moved is in the balances', () => {
    const call = { ...small!, op: 'evm.call', to: token, contract: '', amount: 0n } as const
    expect(found(honest, { ...said, paid: [call, large!] })).toEqual([])
    const other = firstIs({ to: otherCustomer })
    expect(found(other, { ...said, paid: [call, large!] })[0]).toMatch(
      /BYTES_TO .*it called 0x1111/,
    )
  })

  it('leaves what lies outside of the range alone, and counts it', () => {
    const balances = ['', token].map((contract) => ({ contract, before: 9n, after: 9n }))
    const later = { ...honest, from: 8, accounts: [{ ...idle(hot), balances }, ...others] }
    expect(found(later)).toEqual([])
    expect(reconcile(later, said)).toMatchObject({ payments: 0, outside: 2 })
  })
})

describe('a chain file', () => {
  it('reads back what was written, and nothing else', () => {
    expect(parseChainFile(writeChainFile(honest))).toEqual(honest)
    const text = Buffer.from(writeChainFile(honest)).toString()
    for (const [from, into] of [
      ['custody-chain/v1', 'custody-chain/v2'],
      ['"succeeded":true', '"succeeded":"true"'],
      ['"witnesses":2', '"witnesses":0'],
      [hot, hot.toUpperCase()],
      ['"nonce":"0"', '"nonce":"00"'],
      ['eip155:31337', 'eip155'],
    ] as const) {
      expect(text).toContain(from)
      const bent = toUtf8(text.replace(from, into))
      expect(refusedWith(() => parseChainFile(bent))).not.toBe('accepted')
    }
  })
})
