/** What moves and audits money inside the house reads files that people made or collected. */
import { readPayout } from '../../cli/payout-file.ts'
import { type ChainFile, parseChainFile, writeChainFile } from '../../policy/audit/chain-file.ts'
import type { Paid } from '../../policy/audit/paid.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseVaultId } from '../../proto/ids.ts'
import { treasuryText } from '../policy/treasury/treasury-policy.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import type { Chance } from './random.ts'
import { bytesTarget, jsonTarget, type Target } from './target.ts'

const [own, payee, token] = ['11', '22', '33'].map((pair) => `0x${pair.repeat(20)}`)
const txid = `0x${'7'.repeat(64)}`
const move = { contract: token!, from: own!, to: payee!, amount: 5n, height: 7, txid }

const chain: ChainFile = {
  format: 'custody-chain/v1',
  ...{ network: 'eip155:1', from: 1, to: 9, witnesses: 2, block: new Uint8Array(32) },
  accounts: [
    {
      address: own!,
      nonces: { before: 3n, after: 4n },
      balances: [
        { contract: '', before: 9n, after: 8n },
        { contract: token!, before: 9n, after: 4n },
      ],
      sent: [{ txid, height: 7, nonce: 3n, succeeded: true, to: token!, value: 0n, fee: 1n }],
      moved: [move],
    },
  ],
}
/** The same with deposit addresses: one at which something happened is a line of its own. */
const below: ChainFile = {
  ...chain,
  deposits: [
    {
      ...{ vault: parseVaultId('hot'), publicKey: new Uint8Array(33).fill(2), until: 300 },
      ...{ listed: 2, resting: [{ contract: '', addresses: 3, amount: 5n }] },
    },
  ],
  listed: [7, 299].map((index) => {
    return { vault: parseVaultId('hot'), index, account: chain.accounts[0]! }
  }),
}
const paid: Paid = {
  ...{ intent: parseDigest('ab'.repeat(32)), network: 'eip155:1', op: 'erc20.transfer', line: 4 },
  ...{ from: own!, to: payee!, contract: token!, amount: 5n, feeMax: 2n, slot: '3', txids: [txid] },
  ...{ settled: { txid, height: 7n }, isDropped: false, vault: parseVaultId('hot'), path: 'm' },
}

const csv =
  'reference,asset,amount,to,purpose\n' +
  `w-1,usdt,12.5,${payee},withdrawal 1\n"w-2","usdt","7",${payee},"for ""Ada"", 2nd"\n`
const line = { reference: 'w-1', asset: 'usdt', amount: '12.5', to: payee!, purpose: 'p' }

export function treasuryTargets(): readonly Target[] {
  return [
    // Read, written again as it was, and compared: every file that can be read is judged.
    jsonTarget('chain-file', [writeChainFile(chain)], judged),
    jsonTarget('chain-file-deposits', [writeChainFile(below)], judged, { mutate: inOneLine }),
    bytesTarget('payout-csv', [toUtf8(csv)], (bytes) => void whole(bytes, 'csv')),
    jsonTarget('payout-json', [toUtf8(JSON.stringify([line, line]))], (bytes) => {
      whole(bytes, 'json')
    }),
    jsonTarget('policy-treasury', [toUtf8(treasuryText())], (_, text) => void parseRulebook(text), {
      share: 0.02,
    }),
  ]
}

function judged(bytes: Uint8Array): void {
  const file = parseChainFile(bytes)
  if (Buffer.compare(writeChainFile(file), bytes) !== 0) throw new Error('written otherwise')
  reconcile(file, { paid: [paid], own: new Set([own!]), tokens: new Set(), deposits: [] })
}

/** A file of several documents: one of them is broken, doubled, or comes elsewhere. */
function inOneLine(input: Uint8Array, chance: Chance, other: Uint8Array): Uint8Array {
  if (chance.below(16) === 0) return mutateBytes(input, chance, other)
  const lines = (fromUtf8(input) ?? '').split('\n')
  const at = chance.below(lines.length)
  const line = lines[at] ?? ''
  const put = chance.below(lines.length)
  if (chance.below(8) === 0) lines.splice(put, chance.below(2), line)
  else lines[at] = mutateJson(line, chance, lines[put] ?? '')
  return toUtf8(lines.join('\n'))
}

/** Lines or faults, never some of both and never neither. */
function whole(bytes: Uint8Array, kind: 'csv' | 'json'): void {
  const { lines, faults } = readPayout(bytes, kind)
  if ((lines.length === 0) === (faults.length === 0)) throw new Error('neither or both')
}
