// audit collect, audit reconcile: what the chain did to the house's own addresses, and whether the
// log says the same. Collecting asks endpoints of the auditor's own and no house; reconciling is
// offline, on an Export, the trust file and the chain file. Whether the Export is whole and lawful
// is asked first, with `audit verify`, because lines that nobody checked prove nothing.
// Source: policy design 4.10; exit 6 is a difference.
import { readFileSync, writeFileSync } from 'node:fs'
import { type ChainFile, parseChainFile, writeChainFile } from '../policy/audit/chain-file.ts'
import { parseEntry } from '../policy/audit/entry.ts'
import { type Export, readExport } from '../policy/audit/export.ts'
import { accountsIn, type Holding } from '../policy/audit/holdings.ts'
import { paidOn } from '../policy/audit/paid.ts'
import { type Account, type Reconciled, reconcile } from '../policy/audit/reconcile.ts'
import { areas, conclude, type Report } from '../policy/audit/report.ts'
import { verify } from '../policy/audit/verify.ts'
import { traitsOf } from '../policy/chain/chains.ts'
import { parseRoot } from '../policy/documents.ts'
import type { Env } from '../policy/intent.ts'
import { fromUtf8 } from '../proto/crypto.ts'
import { readExport as readFiles } from '../proto/io/export-files.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { ageMs, reportJson, reportText } from './audit.ts'
import { looksOptions, openLooks } from './chain-looks.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  required,
  sameFiles,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

export const auditCollect: Verb = {
  about: 'write a chain file: what endpoints of your own say that the addresses of an Export did',
  usage: 'DIR --network N --endpoints FILE (--from BLOCK | --after FILE) [--to BLOCK] --out FILE',
  words: { min: 1, max: 1 },
  options: {
    ...looksOptions,
    network: { type: 'string' },
    from: { type: 'string' },
    after: { type: 'string' },
    to: { type: 'string' },
    out: { type: 'string' },
  },
  run: async (args, world) => {
    const network = required(args, 'network')
    const exported = readExport(readFiles(word(args, 0)))
    const look = openLooks(args, envOf(exported), world).get(network)
    if (look === undefined) return refuse('CONFIG', `${network}: no endpoints are configured`)
    const newest = await look.block()
    const to = flag(args, 'to') === undefined ? newest : await look.blockAt(heightOf(args, 'to'))
    const after = fileBefore(args, network)
    const from = after === undefined ? heightOf(args, 'from') : BigInt(after.to) + 1n
    if (from < 1n || from > to.height || to.height > newest.height) {
      throw new UsageError(`--from, --to: expected blocks from 1 to ${newest.height}`)
    }
    const entries = exported.lines.map(parseEntry)
    const { own, tokens, deposits } = paidOn(network, entries, exported.blobs)
    const addresses = [...own].sort()
    const opened = deposits.reduce((sum, { until }) => sum + until, 0)
    const many = `${addresses.length} addresses and ${opened} deposit addresses`
    world.say(`${many} in blocks ${from} to ${to.height}\n`)
    const range = { network, from, to, addresses, deposits, tokens: [...tokens].sort() }
    const file = await look.collect({
      ...range,
      ...(after === undefined ? {} : { after }),
      closes: flag(args, 'to') === undefined,
      pause: (ms) => world.pause(ms),
      progress: (height) => {
        if (height % progressBlocks === 0n) world.say(`read up to block ${height}\n`)
      },
      looked: (what, count) => {
        if (count % progressLooks === 0) world.say(`looked at ${count} of ${what}\n`)
      },
    })
    const out = required(args, 'out')
    writeFileSync(out, writeChainFile(file), { flag: 'wx' })
    const count = accountsIn(file).reduce((sum, { sent }) => sum + sent.length, 0)
    const text = `${count} transactions of ${many} in ${out}\n`
    const again = `custody audit reconcile ${word(args, 0)} --trust FILE --chain ${out}`
    const next = `compare with: ${again}\n`
    const blocks = { from: file.from, to: file.to }
    const counts = { deposits: opened, transactions: count }
    return done(`${text}${next}`, { out, network, ...blocks, addresses, ...counts })
  },
}

const progressBlocks = 1_000n
/** Of deposit addresses, or of their balances on Tron: lots come out even here. */
const progressLooks = 4_000

/** Of a network whose nodes keep no earlier states: it has the balances before the first block. */
function fileBefore(args: Args, network: string): ChainFile | undefined {
  const name = flag(args, 'after')
  if (name === undefined) return undefined
  if (flag(args, 'from') !== undefined) {
    throw new UsageError('--after: the first block is the one after the last of that file')
  }
  if (traitsOf(network).slot === 'nonce') {
    throw new UsageError('--after: endpoints of this network tell the balances before, give --from')
  }
  return parseChainFile(readFileSync(name))
}

export const auditReconcile: Verb = {
  about: 'hold an Export against a chain file: every payment both ways, exit 6 for a difference',
  usage: 'DIR --trust FILE --chain FILE [--max-age 24h]',
  words: { min: 1, max: 1 },
  options: {
    trust: { type: 'string' },
    chain: { type: 'string' },
    'max-age': { type: 'string' },
  },
  afterNo: sameFiles,
  run: async (args, world) => reconciled(args, world),
}

function reconciled(args: Args, world: World): Answer {
  const files = readFiles(word(args, 0))
  const trust = flag(args, 'trust')
  const chain = parseChainFile(readFileSync(required(args, 'chain')))
  const verified = verify({
    files,
    nowMs: world.nowMs(),
    ...(trust === undefined ? {} : { trust: readFileSync(trust, 'utf8') }),
    ageMaxMs: ageMs(flag(args, 'max-age') ?? '24h'),
  })
  const exported = attempt(() => readExport(files))
  const entries = isRefusal(exported) ? exported : attempt(() => exported.lines.map(parseEntry))
  // Lines that cannot be read have been named; there is nothing to compare.
  if (isRefusal(exported) || isRefusal(entries)) return answerOf(verified, undefined, chain)
  const found = reconcile(chain, paidOn(chain.network, entries, exported.blobs))
  return answerOf(withFindings(verified, found), found, chain)
}

function withFindings(report: Report, { findings }: Reconciled): Report {
  const { anchors, checked, notices, proof } = report
  const looked = areas.filter((area) => report.results[area] !== 'NOT_CHECKED')
  return conclude([...report.findings, ...findings], new Set(looked), {
    ...{ anchors, checked, notices },
    ...(proof === undefined ? {} : { proof }),
  })
}

function answerOf(
  report: Report,
  found: Reconciled | undefined,
  { network, from, to }: { readonly network: string; readonly from: number; readonly to: number },
): Answer {
  const [accounts, holdings] = [found?.accounts ?? [], found?.holdings ?? []]
  // Of very many, what has a difference, and the sums.
  const isShown = ({ missing }: Account) => missing !== 0n || accounts.length <= linesMax
  const counts = {
    payments: found?.payments ?? 0,
    outside: found?.outside ?? 0,
    transactions: found?.transactions ?? 0,
    open: [...(found?.open ?? [])],
    untold: found?.untold ?? 0,
  }
  const head = `${network} blocks ${from} to ${to}: ${counts.payments} payments of the log, `
  const text = [
    `${head}${counts.transactions} transactions of own addresses\n`,
    ...(counts.outside > 0 ? [`${counts.outside} payments of other blocks: not compared\n`] : []),
    ...(counts.untold > 0
      ? [`${counts.untold} balances not compared: none before, or after\n`]
      : []),
    ...accounts.filter(isShown).map(accountLines),
    ...holdings.map(holdingLine),
    ...counts.open.map((txid) => `open: ${txid} is in a block, and not settled in this log\n`),
    reportText(report),
  ].join('')
  const written = accounts.map(({ address, contract, ...amounts }) => {
    const units = Object.entries(amounts).map(([name, amount]) => [name, `${amount}`] as const)
    return { address, contract, ...Object.fromEntries(units) }
  })
  const sums = holdings.map((one) => ({ ...one, amount: `${one.amount}` }))
  const about = { network, from, to, ...counts, accounts: written, holdings: sums }
  const json = { ...about, report: reportJson(report) }
  return { exit: report.exit, text, json }
}

const linesMax = 200

function holdingLine({ contract, addresses, amount }: Holding): string {
  return `in all ${amount} of ${contract || 'the coin'} at ${addresses} addresses\n`
}

function accountLines({ address, contract, before, after, ...moved }: Account): string {
  const asset = contract === '' ? 'coin' : contract
  const sums = `in ${moved.in}, out ${moved.out}, fees ${moved.fees}`
  const verdict = moved.missing === 0n ? '' : `, MISSING ${moved.missing}`
  return `  ${address} ${asset}\n    ${before} before, ${sums}, ${after} after${verdict}\n`
}

/** Of the root that the Export carries; it decides only how many endpoints have to agree. */
function envOf({ blobs }: Export): Env {
  const root = blobs.find(({ kind }) => kind === 'root')
  const read = attempt(() => parseRoot(fromUtf8(root?.content ?? new Uint8Array()) ?? ''))
  return isRefusal(read) ? 'prod' : read.env
}

function heightOf(args: Args, name: string): bigint {
  const typed = required(args, name)
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(typed)) throw new UsageError(`--${name}: expected a block`)
  return BigInt(typed)
}
