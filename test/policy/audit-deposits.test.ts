// Deposit addresses between a log and a chain: all that were opened have to be looked at, also those
// that never paid, and what one of them did outside of the log is named in base units.
import { describe, expect, it } from 'vitest'
import {
  type ChainAccount,
  type ChainFile,
  type ListedDeposit,
  parseChainFile,
  writeChainFile,
} from '../../policy/audit/chain-file.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import type { Blob } from '../../policy/audit/export.ts'
import { type Known, type Paid, paidOn } from '../../policy/audit/paid.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseVaultId } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { customer } from '../kit/audit-documents.ts'
import { keyBody, vaultRow } from '../kit/audit-log.ts'
import { goodStory } from '../kit/audit-story.ts'
import { bootedLog, policyText } from '../kit/change-log.ts'
import { refusedWith } from '../kit/refused.ts'

const network = 'eip155:31337'
const row = vaultRow('hot-eth')
const vault = parseVaultId('hot-eth')
const opened = (from: number, count: number) => ({ vault: row.vault, from, count })
const at = (index: number) => addressAt(network, row, depositPath(index))

function knownOf(): Known {
  const log = bootedLog().add('key.generated', keyBody(row))
  const lines = log.lines.map(parseEntry)
  const blobs = [{ kind: 'policy', digest: lines[0]!.prev, content: toUtf8(policyText) }]
  const more = [opened(0, 256), opened(256, 44)].map((body) => {
    return { ...lines[0], type: 'addresses.opened', body }
  })
  return paidOn(network, [...lines, ...more] as typeof lines, blobs as unknown as Blob[])
}
const known = knownOf()
const [token = ''] = known.tokens

const idle = (address: string, after = 0n): ChainAccount => ({
  ...{ address, nonces: { before: 0n, after: 0n }, sent: [], moved: [] },
  balances: [
    { contract: '', before: after, after },
    ...[...known.tokens].map((contract) => ({ contract, before: 0n, after: 0n })),
  ],
})
const listed = (index: number, change: Partial<ChainAccount> = {}): ListedDeposit => {
  return { vault, index, account: { ...idle(at(index)), ...change } }
}
const { publicKey } = row
const looked = { vault, publicKey, until: 300, listed: 0, resting: [] }
const honest: ChainFile = {
  format: 'custody-chain/v1',
  ...{ network, from: 1, to: 20, witnesses: 2, block: new Uint8Array(32) },
  accounts: [...known.own].map((address) => idle(address, 9n)),
  deposits: [{ ...looked, resting: [{ contract: '', addresses: 2, amount: 40n }] }],
}
const withListed = (...lines: readonly ListedDeposit[]): ChainFile => ({
  ...honest,
  deposits: [{ ...honest.deposits![0]!, listed: lines.length }],
  listed: lines,
})
const found = (chain: ChainFile, of: Known = known) =>
  reconcile(chain, of).findings.map(({ word, code, because }) => `${word} ${code} ${because}`)

describe('deposit addresses of a log', () => {
  it('are all that lines have opened, whether anything ever came or left', () => {
    expect(known.deposits).toMatchObject([{ vault: 'hot-eth', until: 300 }])
    expect(known.own).not.toContain(at(7))
    expect(found(honest)).toEqual([])
    expect(reconcile(honest, known).holdings).toContainEqual({
      ...{ contract: '', addresses: 2 + known.own.size, amount: 40n + 9n * BigInt(known.own.size) },
    })
  })

  it('are missed where the file looked at none, at fewer, or at those of another key', () => {
    const { deposits: _, ...none } = honest
    expect(found(none)).toEqual([
      expect.stringMatching(/^UNCONFIRMED CHAIN_FILE .*none of its 300/),
    ])
    const fewer = { ...honest, deposits: [{ ...looked, until: 299 }] }
    expect(found(fewer)).toEqual([expect.stringMatching(/UNCONFIRMED CHAIN_FILE .*299 of its 300/)])
    const other = Uint8Array.from(publicKey, (byte, index) => (index === 0 ? byte ^ 1 : byte))
    const theirs = { ...honest, deposits: [{ ...looked, publicKey: other }] }
    expect(found(theirs)).toEqual([expect.stringMatching(/CHAIN_FILE .*of another key/)])
    const strange = withListed(listed(7, { address: at(8) }))
    expect(found(strange)).toEqual([
      expect.stringMatching(/CHAIN_FILE .*not the address of hot-eth/),
    ])
  })

  it('that paid and no line has it are named, with what left', () => {
    const txid = `0x${'9'.repeat(64)}`
    const sent = { txid, height: 7, succeeded: true, to: customer, value: 5n, fee: 1n, nonce: 0n }
    const paid = listed(7, {
      ...{ nonces: { before: 0n, after: 1n }, sent: [sent] },
      balances: [{ contract: '', before: 6n, after: 0n }, ...idle('').balances.slice(1)],
    })
    expect(found(withListed(paid))).toEqual([
      `INCOMPLETE NONCE ${at(7)} signed ${txid} with nonce 0, 5 to ${customer}: no line has it`,
    ])
    const move = { txid, height: 7, contract: token, from: at(7), to: customer, amount: 3n }
    expect(found(withListed(listed(7, { moved: [move] })))).toEqual([
      expect.stringMatching(/^INCOMPLETE LINE_MISSING 3 of 0x.* left .* did not sign/),
      expect.stringMatching(/^INCOMPLETE BALANCE .*: 3 of .* are there too much$/),
    ])
    const lost = [{ contract: '', before: 6n, after: 1n }, ...idle('').balances.slice(1)]
    expect(found(withListed(listed(7, { balances: lost })))).toEqual([
      `INCOMPLETE BALANCE ${at(7)}: 5 of the coin are missing`,
    ])
    const short = listed(7, { balances: [{ contract: '', before: 0n, after: 0n }] })
    expect(found(withListed(short))[0]).toMatch(/CHAIN_FILE .*expected a balance of 0x/)
  })

  it('at which the file has nothing, and the log a payment, are named too', () => {
    const [small] = paidOn(network, goodStory().export().lines.map(parseEntry), []).paid
    const settled = { txid: small!.txids[0]!, height: 7n }
    const from = { ...small!, vault, path: depositPath(9), from: at(9), settled }
    expect(found(honest, { ...known, paid: [from] })).toEqual([
      expect.stringMatching(/SPEND_MISSING .*50000000 did not leave/),
    ])
    const [own = ''] = known.own
    const topUp: Paid = {
      ...{ ...small!, vault, from: own, to: at(9), toPath: depositPath(9), contract: '', settled },
      ...{ amount: 5n, feeMax: 1n, slot: '0', op: 'evm.transfer' },
    }
    const sent = {
      ...{ txid: settled.txid, height: 7, succeeded: true, to: at(9), value: 5n, fee: 1n },
      nonce: 0n,
    }
    const balances = [{ contract: '', before: 9n, after: 3n }, ...idle('').balances.slice(1)]
    const payer = { ...idle(own), nonces: { before: 0n, after: 1n }, sent: [sent], balances }
    const accounts = honest.accounts.map((one) => (one.address === own ? payer : one))
    expect(found({ ...honest, accounts }, { ...known, paid: [topUp] })).toEqual([
      `INCOMPLETE BALANCE ${at(9)}: 5 of the coin are missing`,
    ])
  })
})

describe('a chain file with deposit addresses', () => {
  const file = withListed(listed(7), listed(9))

  it('holds as many own addresses as it may, each with four assets, in its first line', () => {
    const [own = ''] = known.own
    const balances = ['', ...Array.from({ length: 3 }, (_, n) => at(n))].map((contract) => {
      return { contract, before: 1n, after: 1n }
    })
    const all = (count: number): ChainFile => ({
      ...honest,
      accounts: Array<ChainAccount>(count).fill({ ...idle(own), balances }),
    })
    const full = all(limits.chainFileAccountsMax)
    expect(parseChainFile(writeChainFile(full)).accounts).toHaveLength(4_096)
    const over = all(limits.chainFileAccountsMax + 1)
    expect(refusedWith(() => writeChainFile(over))).not.toBe('accepted')
  })

  it('has a bound on what one line says', () => {
    const values = `[${'1,'.repeat(limits.chainFileItemsMax)}1]`
    const of = () => parse(toUtf8(values), limits.chainFileBytesMax, limits.chainFileItemsMax)
    expect(of).toThrow(/more than 4194304 items/)
    expect(refusedWith(() => parseChainFile(toUtf8(values)))).not.toBe('accepted')
  })

  it('reads back what was written, a line for each', () => {
    expect(parseChainFile(writeChainFile(file))).toEqual(file)
    expect(Buffer.from(writeChainFile(file)).toString().split('\n')).toHaveLength(3)
  })

  it.each<[what: string, change: (lines: string[]) => string[]]>([
    ['a line that is missing', (lines) => lines.slice(0, 2)],
    ['a line too many', (lines) => [...lines, lines[2]!]],
    ['lines in another order', ([head, one, other]) => [head!, other!, one!]],
    ['one address twice', ([head, one]) => [head!, one!, one!]],
    ['an empty line at the end', (lines) => [...lines, '']],
    ['an index that was not looked at', (lines) => lines.map((l) => l.replace(':9,', ':300,'))],
    [
      'another vault',
      (lines) =>
        lines.map((l) =>
          l
            .replace('}],"format"', '}],"format"')
            .replace(/"vault":"hot-eth"}$/, '"vault":"hot-bsc"}'),
        ),
    ],
    [
      'vaults out of order',
      ([head, ...rest]) => [head!.replace(/"deposits":\[(.*?\})\]/, '"deposits":[$1,$1]'), ...rest],
    ],
  ])('refuses %s', (_, change) => {
    const lines = Buffer.from(writeChainFile(file)).toString().split('\n')
    const bent = change(lines)
    expect(bent).not.toEqual(lines)
    expect(refusedWith(() => parseChainFile(toUtf8(bent.join('\n'))))).not.toBe('accepted')
  })
})
